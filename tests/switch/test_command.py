"""The p4vpc-switch command as a process: files in, files out, signals, ports taken, and what it says."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from switch.engine.io.pcap import PcapReader, PcapWriter
from tests.switch.world import World, run

ROOT = Path(__file__).resolve().parents[2]
ROUTER = ROOT / "bench" / "router.p4"
PATIENCE_S = 60


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The benchmark's router, compiled to BMv2 JSON."""
    path = tmp_path_factory.mktemp("router") / "router.json"
    run(sys.executable, "-m", "switch.p4c", str(ROUTER), "-o", str(path))
    return path


@dataclass
class Running:
    """A switch that says it serves."""

    process: subprocess.Popen[str]
    ready: str
    address: str

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Sends a signal; returns the exit code and what was printed on stderr."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=10)
        return self.process.returncode, errors


def free_address() -> str:
    """A loopback address that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return f"127.0.0.1:{sock.getsockname()[1]}"


@contextmanager
def switch(*words: str, inside: tuple[str, ...] = (), cwd: Path | None = None) -> Iterator[Running]:
    """Starts the command and waits until it is ready."""
    address = free_address()
    read, write = os.pipe()
    command = [*inside, sys.executable, "-m", "switch", "--grpc-server-addr", address, "--ready-fd", str(write), *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, pass_fds=(write,), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd, env=environment
    )
    os.close(write)
    try:
        with open(read) as pipe:
            ready = pipe.readline()
        assert ready, process.communicate(timeout=5)[1]
        yield Running(process, ready.strip(), address)
    finally:
        process.kill()
        process.communicate()


def refused(*words: str) -> tuple[int, str]:
    """Runs the command to its end; returns the exit code and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "switch", *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=ROOT,
        check=False,
    )
    return done.returncode, done.stderr


def packet(destination: str) -> bytes:
    """An IPv4 packet of the router's hosts, with a right checksum."""
    header = bytes.fromhex("4500001c0001000040110000") + socket.inet_aton("10.77.0.1") + socket.inet_aton(destination)
    total = sum(int.from_bytes(header[i : i + 2]) for i in range(0, 20, 2))
    check = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    ethernet = bytes.fromhex("0200000000fe0200000000010800")
    return ethernet + header[:10] + check.to_bytes(2) + header[12:] + bytes(8)


def interfaces(world: World) -> list[tuple[str, int]]:
    """Names and promiscuity of all interfaces where the switch runs."""
    links = json.loads(run("ip", "-n", world.switch, "-d", "-j", "link", "show"))
    return [(link["ifname"], link["promiscuity"]) for link in links]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_serves_and_ends_with_0(number: int) -> None:
    with switch("--no-p4", "--device-id", "7") as running:
        assert running.ready == f"serving grpc={running.address} device=7 ports=0"

        code, errors = running.end(number)

    assert code == 0
    assert errors == f"p4vpc-switch: {running.ready}\n"


def test_a_second_switch_on_the_same_address_is_refused() -> None:
    with switch("--no-p4") as running:
        code, errors = refused("--no-p4", "--grpc-server-addr", running.address)

    assert code == 1
    assert errors == f"p4vpc-switch: {running.address} is in use; is another switch serving there?\n"


def test_what_is_ignored_is_said_once() -> None:
    with switch("--no-p4", "--thrift-port", "9090", "--debugger") as running:
        _, errors = running.end()

    assert errors.count("ignoring --thrift-port") == 1
    assert errors.count("ignoring --debugger,") == 1


@pytest.mark.parametrize(("text", "words"), [('{"header_types": 3}', "header_types"), ("nonsense", "JSON")])
def test_a_bad_program_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "bad.json").write_text(text)

    code, errors = refused("--grpc-server-addr", free_address(), str(tmp_path / "bad.json"))

    assert code == 1
    assert words in errors
    assert "Traceback" not in errors


def test_a_missing_program_is_a_clear_error() -> None:
    code, errors = refused("--grpc-server-addr", free_address(), "/nowhere/p.json")

    assert (code, errors) == (1, "p4vpc-switch: cannot read /nowhere/p.json: No such file or directory\n")


def test_packets_are_routed_from_file_to_file(tmp_path: Path, program: Path) -> None:
    for number in (0, 1):
        os.mkfifo(tmp_path / f"pcap{number}_in.pcap")
    words = ["--use-files", "0", "-i", "0@pcap0", "-i", "1@pcap1", "--log-file", "log", "--log-flush", str(program)]
    with switch(*words, "--dump-packet-data", "64", cwd=tmp_path) as running:
        writers = [PcapWriter.create(tmp_path / f"pcap{number}_in.pcap") for number in (0, 1)]
        writers[0].write(packet("10.77.0.2"), 1)
        writers[0].write(packet("10.9.9.9"), 2)
        writers[0].write(b"short", 3)
        for writer in writers:
            writer.close()
        out = tmp_path / "pcap1_out.pcap"
        deadline = time.monotonic() + 5
        while out.stat().st_size < 24 + 16 + 42 and time.monotonic() < deadline:
            time.sleep(0.01)
        code, _ = running.end()

    assert code == 0
    with out.open("rb") as file:
        captures = list(iter(PcapReader(file.read, "out").next, None))
    assert [capture.data[:12].hex() for capture in captures] == ["0200000000020200000000fe"]
    assert captures[0].data[22] == 63
    log = (tmp_path / "log.txt").read_text()
    assert "add port=0 interface=pcap0" in log
    assert "count port=0 interface=pcap0 rx_packets=3" in log
    assert "count port=1 interface=pcap1 tx_packets=1" in log
    assert "receive packet port=0 length=5 data=" + b"short".hex() in log


def test_a_broken_capture_file_ends_the_switch_with_an_error(tmp_path: Path, program: Path) -> None:
    (tmp_path / "pcap0_in.pcap").write_bytes(b"garbage" * 10)

    with switch("--use-files", "0", "-i", "0@pcap0", str(program), cwd=tmp_path) as running:
        _, errors = running.process.communicate(timeout=10)

    assert running.process.returncode == 1
    assert "pcap0_in.pcap: not a pcap file" in errors


@pytest.mark.net
def test_the_switch_routes_between_hosts_and_kill_9_leaves_nothing(world: World, program: Path) -> None:
    ports = [word for number, device in enumerate(world.ports) for word in ("-i", f"{number}@{device}")]
    for index, host in enumerate(world.hosts):
        other = world.addresses[1 - index]
        run("ip", "-n", host, "neigh", "replace", other, "lladdr", "02:00:00:00:00:fe", "dev", "eth0")
    before = interfaces(world)
    with switch(*ports, str(program), inside=tuple(world.inside(world.switch))) as running:
        assert world.ping(10) < 10
        assert world.iperf(1)["end"]["sum_received"]["bits_per_second"] > 50e6

        running.process.send_signal(signal.SIGKILL)
        running.process.wait()

    assert interfaces(world) == before
    assert {promiscuity for _, promiscuity in before} == {0}


@pytest.mark.net
def test_pcap_files_of_interfaces_show_what_came_and_went(world: World, program: Path, tmp_path: Path) -> None:
    ports = [word for number, device in enumerate(world.ports) for word in ("-i", f"{number}@{device}")]
    for index, host in enumerate(world.hosts):
        other = world.addresses[1 - index]
        run("ip", "-n", host, "neigh", "replace", other, "lladdr", "02:00:00:00:00:fe", "dev", "eth0")
    words = [*ports, "--pcap", str(tmp_path), str(program)]
    with switch(*words, inside=tuple(world.inside(world.switch))) as running:
        world.ping(3)
        running.end()

    with (tmp_path / f"{world.ports[1]}_out.pcap").open("rb") as file:
        sent = list(iter(PcapReader(file.read, "out").next, None))
    assert sum(capture.data[14:15] == b"\x45" and capture.data[23] == 1 for capture in sent) == 3


def test_an_interface_that_does_not_exist_is_a_clear_error() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root for packet sockets")

    code, errors = refused("--no-p4", "--grpc-server-addr", free_address(), "-i", "0@nosuchif")

    assert (code, errors) == (1, "p4vpc-switch: port 0@nosuchif: no such interface\n")
