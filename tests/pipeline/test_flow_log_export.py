"""Flow logs for others: AWS's own lines, and IPFIX as Debian's nfcapd and nfdump read it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from plugins.flow_log.command import flow_logs
from plugins.flow_log.ipfix import LONGEST, Exporter, Place
from plugins.flow_log.logs import FlowLog
from plugins.flow_log.query import query
from plugins.flow_log.records import DEFAULT_FORMAT, FormatError, LogRecord, field_names, line_of, parse_line
from plugins.flow_log.store import Store
from tests.pipeline.flow_log_lab import LoggedLab
from topologies.packets import tcp, udp
from topologies.region import RegionError, load_region

ROOT = Path(__file__).parents[2]
EXAMPLES = Path(__file__).parent / "flow_log_examples.txt"
NFCAPD, NFDUMP = shutil.which("nfcapd"), shutil.which("nfdump")


def examples() -> list[tuple[str, str]]:
    """Format and line of each example; a line that begins with `#` gives the format of those below it."""
    found, names = [], ""
    for line in EXAMPLES.read_text().splitlines():
        if line.startswith("# "):
            names = line.removeprefix("# ")
        elif line:
            found.append((names, line))
    return found


@pytest.mark.parametrize(("names", "line"), examples())
def test_awss_example_lines_print_back_unchanged(names: str, line: str) -> None:
    assert line_of(parse_line(line, names.split()), names.split()) == line


@pytest.mark.parametrize("line", ["2 only three", "2 123456789010 eni-1 a b x y 6 20 4249 1 2 ACCEPT OK"])
def test_a_line_that_does_not_fit_its_format_is_refused(line: str) -> None:
    with pytest.raises(FormatError):
        parse_line(line, field_names(DEFAULT_FORMAT))


def test_messages_stay_within_a_datagram_and_count_on() -> None:
    record = LogRecord(log_status="OK", action="ACCEPT", srcaddr="fd00::1", dstaddr="fd00::2", packets=1, bytes=100)
    messages = list(Exporter(7).messages([(record, Place(1, 2))] * 100, now=1_763_856_000))
    sequences = [int.from_bytes(message[8:12]) for message in messages]

    assert max(map(len, messages)) <= LONGEST
    assert all(int.from_bytes(message[2:4]) == len(message) for message in messages)
    assert sequences[0] == 0
    assert sequences == sorted(set(sequences))


class Collector:
    """A running nfcapd."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "nfcapd"
        self.folder.mkdir()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command = [str(NFCAPD), "-b", "127.0.0.1", "-p", str(self.port), "-w", str(self.folder), "-t", "300"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while f":{self.port:04X} " not in Path("/proc/net/udp").read_text():
            assert time.monotonic() < deadline, "nfcapd does not listen"
            time.sleep(0.05)

    def stop(self) -> None:
        """Has it write what it got. What waits in its socket is read first."""
        deadline = time.monotonic() + 20
        while self._waiting() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._process.terminate()
        self._process.wait(20)

    def _waiting(self) -> bool:
        lines = Path("/proc/net/udp").read_text().splitlines()
        return any(f":{self.port:04X} " in line and not line.split()[4].endswith(":00000000") for line in lines)


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    """An nfcapd of the system."""
    if NFCAPD is None:
        pytest.skip("nfcapd is not installed")
    running = Collector(tmp_path)
    yield running
    running.stop()


def read_back(folder: Path) -> list[tuple[str, ...]]:
    """What nfcapd has kept: addresses, ports, protocol, packets, bytes, input interface, direction (1 = egress)."""
    assert NFDUMP is not None
    done = subprocess.run([NFDUMP, "-q", "-R", str(folder), "-o", "csv"], capture_output=True, text=True, check=True)
    rows = [line.split(",") for line in done.stdout.splitlines() if line.strip()]
    return sorted(tuple(row[at] for at in (3, 4, 5, 6, 7, 11, 12, 15, 22)) for row in rows)


def test_nfdump_has_the_same_sums(collector: Collector, tmp_path: Path) -> None:
    logged = LoggedLab(tmp_path / "logs")
    number = {name: logged.interface(name).number for name in ("web", "app")}
    logged.log(logged.interface("web").vpc_id, collector=f"127.0.0.1:{collector.port}")
    for size in range(100):
        logged.send("web", udp(f"10.0.1.5:{4000 + size % 7} > 10.0.1.6:53", bytes(size)))
        logged.send("web", udp("[fd00:10:0:1::5]:4000 > [fd00:10:0:1::7]:53", bytes(size)))
    logged.send("app", tcp("10.0.1.6:4000 > 10.0.1.5:80", "PA", b"stray"))
    logged.minute()
    ours = query(
        "SELECT srcaddr, dstaddr, srcport, dstport, protocol, packets, bytes, interface_id, flow_direction "
        "FROM flow_logs WHERE log_status = 'OK'",
        logged.plugin.folder,
    )
    numbers = {logged.interface(name).id: number[name] for name in number}
    logged.close()
    collector.stop()

    names = {6: "TCP", 17: "UDP"}
    expected = [
        tuple(map(str, (*row[:4], names[row[4]], *row[5:7], numbers[row[7]], int(row[8] == "egress"))))
        for row in ours.rows
    ]
    assert read_back(collector.folder) == sorted(expected)
    assert len(expected) == 7 * 2 + 2 + 1


def test_the_command_line_shows_and_queries_what_was_logged(tmp_path: Path) -> None:
    log = FlowLog(id="fl-1", resource_id="eni-1", log_format="${srcport} ${packets} ${log-status}")
    Store(tmp_path).write(log, 1_763_856_000, [LogRecord(srcport=4000, packets=3, log_status="OK")])
    shown = CliRunner().invoke(flow_logs, ["show", "--folder", str(tmp_path)])
    asked = CliRunner().invoke(
        flow_logs, ["query", "SELECT srcport, dstport, packets FROM flow_logs", "--folder", str(tmp_path)]
    )
    refused = CliRunner().invoke(flow_logs, ["query", "SELECT * FROM '/etc/passwd'", "--folder", str(tmp_path)])

    assert shown.output == "4000 3 OK\n"
    assert asked.output == "srcport dstport packets\n4000 - 3\n"
    assert refused.exit_code == 1


def test_a_description_asks_for_flow_logs(tmp_path: Path) -> None:
    text = (ROOT / "topologies" / "two_hosts.yaml").read_text()
    asked = text.replace("main: 10.0.1.0/24", "main: {cidr: 10.0.1.0/24, flow_log: {traffic_type: REJECT}}")
    wrong = asked.replace("REJECT", "SOME")
    (tmp_path / "asked.yaml").write_text(asked)
    (tmp_path / "wrong.yaml").write_text(wrong)
    region = load_region(str(tmp_path / "asked.yaml"))
    (log,) = region.model.table(FlowLog).values()

    assert (log.resource_id, log.traffic_type, log.max_aggregation_interval) == (*region.model.subnets, "REJECT", 600)
    with pytest.raises(RegionError, match=r"flow_log: traffic_type"):
        load_region(str(tmp_path / "wrong.yaml"))
