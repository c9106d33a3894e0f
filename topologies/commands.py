"""The verbs that topologies add to the `p4vpc` command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from topologies.description import RegionError
from topologies.region import Region, load_region

Topology = Annotated[str, typer.Argument(help="a name such as two_hosts, or a YAML file")]


def up(
    topology: Topology,
    switch: Annotated[str, typer.Option(help="what the routers run on: p4vpc or bmv2")] = "p4vpc",
) -> None:
    """Start a region in Mininet and open its command line; leaving it stops everything. Needs root."""
    from topologies import sandbox
    from topologies.console import RegionConsole
    from topologies.emulation import running

    region = _load(topology)
    sandbox.enter("controller", sys.argv[1:])
    with running(region, switch) as emulation:
        names = list(emulation.instances)
        hint = f"; try: {names[1]} ping -c 3 {names[0]}" if len(names) > 1 else ""
        Console().print(f"{region.name} is up after {emulation.started_in:.1f} s{hint}")
        RegionConsole(emulation.net)


def plan(topology: Topology) -> None:
    """Print the table entries that each router of a region should hold."""
    from controller.plan import vrouter_entries

    region = _load(topology)
    console = Console()
    for host in region.model.hosts.values():
        console.print(f"[bold]{host.name}[/] {host.address}")
        for entry in vrouter_entries(region.model, host):
            console.print(f"  {entry}", markup=False, highlight=False, soft_wrap=True)


def _load(topology: str) -> Region:
    try:
        return load_region(topology)
    except RegionError as error:
        Console(stderr=True).print(f"p4vpc: {error}", style="red")
        raise typer.Exit(2) from None
