"""A region in Mininet: routers are switch processes, instances are namespaces that run real programs.

Runs inside a sandbox (`topologies.sandbox`), so that nothing needs to be cleaned up after a kill.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mininet.link import Link
from mininet.net import Mininet
from mininet.node import Node

from controller.programs import FLOW_TABLE_BITS
from topologies import fabric, internet, leaf_spine, programs, sandbox
from topologies.controller_process import ControllerProcess
from topologies.hypervisor import Hypervisor, Plugged
from topologies.internet import Internet
from topologies.leaf_spine import FabricNode
from topologies.nodes import (
    INSTANCE_MTU,
    OFFLOADS,
    SWITCHES,
    UNDERLAY_MTU,
    EmulationError,
    InstanceHost,
    Router,
)
from topologies.region import Region
from topologies.sockets import Sockets
from topologies.ticks import Ticks

__all__ = ["SWITCHES", "Emulation", "EmulationError", "InstanceHost", "Router", "running"]

BMV2_FLOW_TABLE_BITS = "10"  # its registers take more memory, and it clears them one by one

_Node = TypeVar("_Node", bound=Node)


@dataclass(frozen=True)
class Emulation:
    """A running region; routers, instances, and leaves and spines by name."""

    region: Region
    net: Mininet
    routers: Mapping[str, Router]
    instances: Mapping[str, InstanceHost]
    started_in: float  # seconds until every switch held its entries
    entries: int  # table entries that the switches hold
    fabric: Mapping[str, FabricNode]
    controller: ControllerProcess
    hypervisor: Hypervisor
    internet: Internet | None = None


@contextmanager
def running(region: Region, switch: str = "p4vpc", plugins: Sequence[str] = ()) -> Iterator[Emulation]:
    """Starts the region on one kind of `SWITCHES` with its controller and plugins; stops everything at the end."""
    if not sandbox.inside():
        raise EmulationError("a region runs inside topologies.sandbox")
    plugins = sorted({*plugins, *programs.needed(region.model)})
    if switch == "bmv2":
        os.environ.setdefault(FLOW_TABLE_BITS, BMV2_FLOW_TABLE_BITS)  # the controller is told the same
    programs.compile_all(region.model, plugins)  # before the clock runs
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="p4vpc-") as folder, ExitStack() as ends:
        Mininet.inited = True  # its initialisation raises system-wide limits, which a sandbox may not
        net = Mininet(controller=None, link=Link, autoSetMacs=False, build=False)
        ends.callback(net.stop)
        routers = _routers(region, net, Path(folder), SWITCHES[switch])
        nodes = _fabric(region, net, routers)
        outside = internet.add(region, net, routers)
        service = region.mapping.service if region.mapping.policy == "on-demand" else None
        controller = ControllerProcess(Path(folder), service, plugins)
        ends.callback(controller.stop)
        controller.start()
        sockets = Sockets()
        instances, plugged = _instances(region, net, routers)
        places = {host.name for host in region.model.hosts.values() if host.program == "vrouter"}
        sockets.add({name: routers[name] for name in places}, [one.port for one in plugged.values()])
        ticks = None if switch == "p4vpc" else Ticks(routers)
        net.build()
        _configure_ports(region, routers)
        net.start()
        if ticks is not None:
            ticks.start()
            ends.callback(ticks.stop)
        _configure_instances(region, instances)
        if outside is not None:
            internet.configure(region, outside)
        for router in routers.values():
            router.wait_until_ready()
        controller.wait_until_ready()
        controller.apply(region, {name: (router.address, router.device_id) for name, router in routers.items()})
        status = controller.wait_until_applied()
        entries = sum(one["entries"] for one in status["switches"])
        hypervisor = Hypervisor(net, controller.client(), sockets, instances, plugged)
        hypervisor.start()
        ends.callback(hypervisor.stop)
        started_in = time.monotonic() - begin
        yield Emulation(region, net, routers, instances, started_in, entries, nodes, controller, hypervisor, outside)


def _routers(region: Region, net: Mininet, folder: Path, executable: Sequence[str]) -> dict[str, Router]:
    hosts = region.model.hosts
    routers: dict[str, Router] = {}
    for index, host in enumerate(hosts.values(), start=1):
        node = net.addSwitch(host.name, cls=Router, folder=folder, device_id=index, executable=executable)
        routers[host.name] = _added(node, Router)
    for link in region.links:
        ends = (routers[hosts[link.host_a].name], routers[hosts[link.host_b].name])
        net.addLink(*ends, port1=link.port_a, port2=link.port_b)
    return routers


def _fabric(region: Region, net: Mininet, routers: Mapping[str, Router]) -> dict[str, FabricNode]:
    if region.fabric is None:
        return {}
    if not region.fabric.leaves:
        fabric.plug_in(region, routers)
        return {}
    nodes = leaf_spine.add(region, region.fabric, net, routers)
    leaf_spine.configure(region, region.fabric, nodes)
    return nodes


def _instances(
    region: Region, net: Mininet, routers: Mapping[str, Router]
) -> tuple[dict[str, InstanceHost], dict[str, Plugged]]:
    instances: dict[str, InstanceHost] = {}
    plugged: dict[str, Plugged] = {}
    for instance in region.model.instances.values():
        eni = region.model.interface_of(instance)
        host = region.model.hosts[eni.host_id].name
        node = _added(net.addHost(instance.name, cls=InstanceHost, ip=None), InstanceHost)
        net.addLink(node, routers[host], port1=0, port2=eni.port)
        instances[instance.name] = node
        plugged[instance.name] = Plugged(eni.id, (host, eni.port), f"{instance.name}-eth0")
    return instances, plugged


def _added(node: object, kind: type[_Node]) -> _Node:
    assert isinstance(node, kind)
    return node


def _configure_ports(region: Region, routers: Mapping[str, Router]) -> None:
    macs = {(route.host_id, route.port): route.mac for route in region.model.underlay_routes}
    lines: list[str] = []
    for host in region.model.hosts.values():
        for number, interface in routers[host.name].intfs.items():
            if number == 0:
                continue
            mac = macs.get((host.id, number))
            settings = f"mtu {INSTANCE_MTU}" if mac is None else f"mtu {UNDERLAY_MTU} address {mac}"
            lines.append(f"link set dev {interface.name} {settings} up")
            quiet = f"net.ipv6.conf.{interface.name}.disable_ipv6=1"
            subprocess.run(["sysctl", "-qw", quiet], check=True)
            subprocess.run(["ethtool", "-K", interface.name, *OFFLOADS], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines).encode(), check=True)


def _configure_instances(region: Region, instances: Mapping[str, InstanceHost]) -> None:
    for instance in region.model.instances.values():
        eni = region.model.interface_of(instance)
        instances[instance.name].configure(eni, region.model.subnets[eni.subnet_id])
