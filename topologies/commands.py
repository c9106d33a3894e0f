"""The verbs that topologies add to the `p4vpc` command."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Annotated

import typer
from rich.console import Console

from topologies.description import RegionError
from topologies.region import Region, load_region

API_PORT = 8473  # where `p4vpc` looks for a controller

Topology = Annotated[str, typer.Argument(help="a name such as two_hosts, or a YAML file")]


def up(
    topology: Topology,
    switch: Annotated[str, typer.Option(help="what the routers run on: p4vpc or bmv2")] = "p4vpc",
    plugin: Annotated[
        list[str] | None, typer.Option(help="load this plugin, besides those that the region has something of")
    ] = None,
) -> None:
    """Start a region in Mininet and open its command line; leaving it stops everything. Needs root."""
    from controller.loader.installed import Plugins
    from topologies import sandbox
    from topologies.border import plainly
    from topologies.console import RegionConsole
    from topologies.emulation import SWITCHES, running
    from topologies.relay import reachable

    if switch not in SWITCHES:
        raise typer.BadParameter(f"{switch} (there are {', '.join(sorted(SWITCHES))})", param_hint="--switch")
    installed = [one.name for one in Plugins.installed()]
    for name in plugin or ():
        if name not in installed:
            raise typer.BadParameter(f"{name} (there are {', '.join(installed)})", param_hint="--plugin")
    region = _load(topology)
    listener = sandbox.enter("controller", sys.argv[1:], port=API_PORT)
    with ExitStack() as ends:
        ends.enter_context(plainly())
        emulation = ends.enter_context(running(region, switch, plugin or ()))
        endpoint = ends.enter_context(reachable(emulation.controller, listener))
        print(f"{region.name} is up after {emulation.started_in:.1f} s{_hint(region)}")
        if endpoint:
            print("The controller answers in another terminal too, after")
            print(f"  export P4VPC_ENDPOINT={endpoint} P4VPC_TOKEN={emulation.controller.token}", flush=True)
        RegionConsole(emulation)


def plan(topology: Topology) -> None:
    """Print the table entries that each router and edge of a region should hold, without those of plugins."""
    from controller.plan.nodes import node_entries

    region = _load(topology)
    console = Console()
    for host in region.model.hosts.values():
        console.print(f"[bold]{host.name}[/] {host.address}")
        for entry in node_entries(region.model, host):
            console.print(f"  {entry}", markup=False, highlight=False, soft_wrap=True)


def _hint(region: Region) -> str:
    """A ping to try, between two instances of one VPC."""
    vpcs: dict[str, str] = {}
    for instance in region.model.instances.values():
        vpc = region.model.interface_of(instance).vpc_id
        if vpc in vpcs:
            return f"; try: {instance.name} ping -c 3 {vpcs[vpc]}"
        vpcs[vpc] = instance.name
    return ""


def _load(topology: str) -> Region:
    try:
        return load_region(topology)
    except RegionError as error:
        console = Console(stderr=True)
        console.print(f"p4vpc: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None
