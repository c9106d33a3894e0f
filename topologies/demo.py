"""`make demo`: runs a region with real programs, and prints what it proved."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from topologies import sandbox
from topologies.emulation import SWITCHES, Emulation, running
from topologies.region import load_region

PAGE = "hello from the other physical host\n"


@dataclass(frozen=True)
class Proof:
    """One line of the report."""

    claim: str
    proved: bool
    figure: str


def main() -> int:
    """Runs the demo; 0 when every claim was proved."""
    parser = argparse.ArgumentParser(prog="python -m topologies.demo", description=__doc__)
    parser.add_argument("--switch", choices=sorted(SWITCHES), default="p4vpc", help="what the routers run on")
    arguments = parser.parse_args()
    sandbox.enter("topologies.demo", sys.argv[1:])
    console = Console()
    region = load_region("two_hosts")
    with console.status("starting two hosts and two instances"), running(region, arguments.switch) as emulation:
        proofs = list(_proofs(emulation))
    console.print(_report(proofs))
    return 0 if all(proof.proved for proof in proofs) else 1


def _proofs(emulation: Emulation) -> list[Proof]:
    proofs = [Proof("the region is up and its switches hold the plan", True, _start_figure(emulation))]
    with TemporaryDirectory(prefix="p4vpc-demo-") as folder:
        capture = Path(folder) / "underlay.pcap"
        proofs.append(_ping(emulation, capture))
        proofs.append(_encapsulated(capture))
        proofs.append(_page(emulation, Path(folder)))
    proofs.append(_throughput(emulation))
    return proofs


def _start_figure(emulation: Emulation) -> str:
    return f"{emulation.started_in:.1f} s, {emulation.entries} entries"


def _ping(emulation: Emulation, capture: Path) -> Proof:
    link = emulation.routers["alpha"].intfs[1].name
    command = ["tshark", "-q", "-i", link, "-w", str(capture), "-a", "duration:30"]
    tshark = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _wait_for_capture(tshark)
    output = emulation.instances["client"].run("ping", "-c", "20", "-i", "0.05", "-W", "2", "10.0.1.5")
    time.sleep(0.3)
    tshark.terminate()
    tshark.wait()
    received = int((re.search(r"(\d+) received", output) or [0, 0])[1])
    times = re.search(r"= ([\d.]+)/([\d.]+)/", output)
    figure = f"{received} of 20 answered" + (f", {times[2]} ms on average" if times else "")
    return Proof("ping from client (host beta) to web (host alpha)", received == 20, figure)


def _wait_for_capture(tshark: subprocess.Popen[bytes]) -> None:
    assert tshark.stderr is not None
    for line in tshark.stderr:
        if b"Capture started" in line or b"Capturing on" in line:
            break
    time.sleep(0.5)


def _encapsulated(capture: Path) -> Proof:
    fields = ["geneve.vni", "geneve.option.class", "ip.src", "ip.dst", "icmp.type"]
    command = ["tshark", "-r", str(capture), "-Y", "geneve && icmp", "-T", "fields", "-E", "occurrence=a"]
    for field in fields:
        command += ["-e", field]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    good = [line for line in lines if "172.31.0.1" in line and "10.0.1.5" in line]
    figure = f"{len(good)} packets, e.g. {' '.join(good[0].split())}" if good else "none seen"
    return Proof("tshark decodes the underlay as Geneve, VNI 1, inner addresses inside", len(good) >= 40, figure)


def _page(emulation: Emulation, folder: Path) -> Proof:
    (folder / "index.html").write_text(PAGE)
    web, client = emulation.instances["web"], emulation.instances["client"]
    with web.background(sys.executable, "-m", "http.server", "80", "--directory", str(folder)):
        web.wait_for_listener(80)
        output = client.run("curl", "--silent", "--show-error", "--max-time", "20", "http://10.0.1.5/")
    return Proof("curl fetches a page from web", output == PAGE, f"{len(output)} bytes: {output.strip()[:60]!r}")


def _throughput(emulation: Emulation) -> Proof:
    claim = "iperf3 over TCP, MTU 9001, through both routers"
    with emulation.instances["web"].background("iperf3", "-s", "-1"):
        emulation.instances["web"].wait_for_listener(5201)
        output = emulation.instances["client"].run("iperf3", "-c", "10.0.1.5", "-t", "3", "-J")
    try:
        rate = json.loads(output)["end"]["sum_received"]["bits_per_second"] / 1e9
    except (ValueError, KeyError):
        return Proof(claim, False, output.strip()[-80:])
    return Proof(claim, rate > 0, f"{rate:.2f} Gbit/s")


def _report(proofs: list[Proof]) -> Table:
    table = Table(title="p4vpc: what the demo proved")
    table.add_column("claim")
    table.add_column("")
    table.add_column("figure")
    for proof in proofs:
        table.add_row(proof.claim, "[green]yes[/]" if proof.proved else "[red]NO[/]", proof.figure)
    return table


if __name__ == "__main__":
    sys.exit(main())
