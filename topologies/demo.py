"""`make demo`: two tenants with the same addresses on three hosts, real programs, and what that proved."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from topologies import sandbox
from topologies.border import plainly
from topologies.emulation import SWITCHES, Emulation, running
from topologies.probes import Capture, Proof, fetch, moved, ping, throughput
from topologies.region import load_region

WEB, WEB6 = "10.0.1.5", "fd00:10:0:1::5"
ONLY_BLUE, ONLY_BLUE6 = "10.0.1.7", "fd00:10:0:1::7"


def main() -> int:
    """Runs the demo; 0 when every claim was proved."""
    parser = argparse.ArgumentParser(prog="python -m topologies.demo", description=__doc__)
    parser.add_argument("--switch", choices=sorted(SWITCHES), default="p4vpc", help="what the routers run on")
    arguments = parser.parse_args()
    sandbox.enter("topologies.demo", sys.argv[1:])
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print("two tenants, red and blue, both with 10.0.0.0/16 and fd00:10::/56, on three physical hosts;")
    console.print("routers ask the mapping service for what they do not know, gateway alpha carries first packets")
    proofs = []
    with plainly(), running(load_region("two_tenants"), arguments.switch) as emulation:
        for proof in _proofs(emulation):
            console.print(f"  {'proved' if proof.proved else 'NOT PROVED'}: {proof.claim}", highlight=False)
            proofs.append(proof)
    console.print(_report(proofs))
    return 0 if all(proof.proved for proof in proofs) else 1


def _proofs(emulation: Emulation) -> Iterator[Proof]:
    yield Proof(
        f"{len(emulation.routers)} switches, {len(emulation.instances)} instances and their controller are up",
        True,
        f"{emulation.started_in:.1f} s, {emulation.entries} table entries",
    )
    with TemporaryDirectory(prefix="p4vpc-demo-") as folder:
        with Capture(emulation, "beta", Path(folder)) as capture:
            yield ping(emulation, "red-app", WEB, "red-app on beta pings red-web on alpha, IPv4")
        yield _encapsulated(capture)
        yield ping(emulation, "red-app", WEB6, "the same over IPv6")
        yield ping(emulation, "blue-app", WEB, "blue-app on gamma pings the same address: blue-web on beta")
        yield from _pages(emulation, Path(folder))
    yield _separate(emulation, ONLY_BLUE)
    yield _separate(emulation, ONLY_BLUE6)
    yield throughput(emulation, "red-app", "red-web", WEB)
    yield moved(emulation, "red-app", "red-web", "gamma", WEB)
    yield ping(emulation, "red-app", WEB6, "after the move red-app pings red-web on gamma, IPv6")
    yield _separate(emulation, ONLY_BLUE)


def _encapsulated(capture: Capture) -> Proof:
    lines = capture.decoded("geneve.vni", "geneve.option.class", "ip.src", "ip.dst")
    good = [line for line in lines if f"172.31.0.2,10.0.1.6\t172.31.0.1,{WEB}" in line]
    figure = f"{len(lines)} packets; {', '.join(good[0].split())}" if good else f"{len(lines)} packets"
    return Proof(
        "tshark decodes the underlay: Geneve, VNI = VPC, hosts outside, instances inside", len(good) >= 15, figure
    )


def _pages(emulation: Emulation, folder: Path) -> Iterator[Proof]:
    for tenant in ("red", "blue"):
        page = f"this is the web server of {tenant}\n"
        (folder / tenant).mkdir()
        (folder / tenant / "index.html").write_text(page)
        found = fetch(emulation, f"{tenant}-app", f"{tenant}-web", WEB, folder / tenant)
        yield Proof(f"curl from {tenant}-app to http://{WEB}/", found == page, repr(found.strip()))


def _separate(emulation: Emulation, address: str) -> Proof:
    allowed = ping(emulation, "blue-app", address, "", count=5)
    output = emulation.instances["red-app"].run("ping", "-c", "5", "-i", "0.05", "-W", "1", address)
    silent = " 0 received" in output
    figure = f"red 0 of 5 answered, blue {allowed.figure}" if silent else output.strip()[-60:]
    return Proof(f"red-app cannot reach {address}, which only blue has", silent and allowed.proved, figure)


def _report(proofs: list[Proof]) -> Table:
    table = Table(title="what was proved")
    table.add_column("claim")
    table.add_column("")
    table.add_column("figure")
    for proof in proofs:
        table.add_row(proof.claim, "[green]yes[/]" if proof.proved else "[red]NO[/]", proof.figure)
    return table


if __name__ == "__main__":
    sys.exit(main())
