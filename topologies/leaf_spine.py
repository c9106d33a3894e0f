"""Leaves and spines in Mininet: namespaces that forward IPv4, and share the load by the outer UDP source port.

Leaves refuse what a host sends from an address that is not its own: the routers rely on that (docs/security.md).
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address

from mininet.net import Mininet
from mininet.node import Host, Node

from controller.model import PhysicalHost
from topologies.region import FABRIC_PORT, SERVICE_MAC, Region, underlay_mac
from topologies.underlay import Fabric, FabricRouter

_MTU = 9216
_SERVICE_PORT = "fabric"  # the interface that the mapping service has
_FORWARDING = (
    "net.ipv4.ip_forward=1",
    "net.ipv4.fib_multipath_hash_policy=1",  # addresses and ports: the ports of tunnels differ by inner flow
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv6.conf.all.disable_ipv6=1",
)


class FabricNode(Host):
    """The namespace of a leaf or a spine."""

    def device(self, number: int) -> str:
        """The interface at a port, which counts from 1."""
        return f"{self.name}-eth{number}"

    def packets_sent(self, neighbour: str, router: FabricRouter) -> int:
        """How many packets have left to a neighbour."""
        device = self.device(router.ports.index(neighbour) + 1)
        return int(str(self.cmd("cat", f"/sys/class/net/{device}/statistics/tx_packets")).split()[-1])


def add(region: Region, fabric: Fabric, net: Mininet, routers: Mapping[str, Node]) -> dict[str, FabricNode]:
    """Adds leaves and spines with their links to the network, by name."""
    nodes: dict[str, FabricNode] = {}
    for router in fabric.routers:
        node = net.addHost(router.name, cls=FabricNode, ip=None)
        assert isinstance(node, FabricNode)
        nodes[router.name] = node
    for leaf in fabric.leaves:
        for number, name in enumerate(leaf.ports, start=1):
            if name in routers:
                net.addLink(routers[name], nodes[leaf.name], port1=FABRIC_PORT, port2=number)
            elif name:
                spine = next(spine for spine in fabric.spines if spine.name == name)
                net.addLink(nodes[leaf.name], nodes[name], port1=number, port2=spine.ports.index(leaf.name) + 1)
    _plug_in_service(region, fabric, nodes)
    return nodes


def configure(region: Region, fabric: Fabric, nodes: Mapping[str, FabricNode]) -> None:
    """Gives every router its addresses, neighbours and routes."""
    hosts = {host.name: host for host in region.model.hosts.values()}
    for router in fabric.routers:
        node = nodes[router.name]
        settings = [*_FORWARDING]
        lines = ["link set dev lo up", f"address add {router.address}/32 dev lo"]
        for number, neighbour in enumerate(router.ports, start=1):
            lines.append(f"link set dev {node.device(number)} address {router.mac(neighbour)} mtu {_MTU} up")
            if neighbour in hosts:
                settings.append(f"net.ipv4.conf.{node.device(number)}.rp_filter=1")
        way = _leaf if router in fabric.leaves else _spine
        routes = way(region, fabric, router, node, hosts)
        _in(node, "sysctl", "-qw", *settings)
        _in(node, "ip", "-batch", "-", text="\n".join([*lines, *routes]))
        for number in range(1, len(router.ports) + 1):
            _in(node, "ethtool", "-K", node.device(number), "tx", "off", "tso", "off", "gso", "off", "gro", "off")


def _leaf(
    region: Region, fabric: Fabric, leaf: FabricRouter, node: FabricNode, hosts: Mapping[str, PhysicalHost]
) -> Iterator[str]:
    index = {name: i for i, name in enumerate(hosts, start=1)}
    spines = {spine.name: spine for spine in fabric.spines}
    ways = []
    for number, name in enumerate(leaf.ports, start=1):
        device = node.device(number)
        if name in spines:
            yield _neighbour(spines[name].address, spines[name].mac(leaf.name), device)
            ways.append(f"nexthop via {spines[name].address} dev {device} onlink")
        else:
            address = hosts[name].address if name else region.mapping.service
            yield f"route add {address}/32 dev {device}"
            yield _neighbour(address, underlay_mac(index[name], FABRIC_PORT) if name else SERVICE_MAC, device)
    yield f"route add default {' '.join(ways)}"


def _spine(
    region: Region, fabric: Fabric, spine: FabricRouter, node: FabricNode, hosts: Mapping[str, PhysicalHost]
) -> Iterator[str]:
    for number, leaf in enumerate(fabric.leaves, start=1):
        device = node.device(number)
        yield _neighbour(leaf.address, leaf.mac(spine.name), device)
        behind = [hosts[name].address for name in leaf.ports if name in hosts]
        if "" in leaf.ports:
            behind.append(region.mapping.service)
        for address in behind:
            yield f"route add {address}/32 via {leaf.address} dev {device} onlink"


def _plug_in_service(region: Region, fabric: Fabric, nodes: Mapping[str, FabricNode]) -> None:
    """A wire from the network namespace of the switches, where the mapping service is, to its leaf."""
    leaf = fabric.leaf_of("")
    device = nodes[leaf.name].device(leaf.ports.index("") + 1)
    lines = [
        f"link add {_SERVICE_PORT} address {SERVICE_MAC} mtu {_MTU} type veth"
        f" peer name {device} netns {nodes[leaf.name].pid}",
        f"address add {region.mapping.service}/32 dev {_SERVICE_PORT}",
        f"link set dev {_SERVICE_PORT} up",
        _neighbour(leaf.address, leaf.mac(""), _SERVICE_PORT),
        *(
            f"route add {host.address}/32 via {leaf.address} dev {_SERVICE_PORT} onlink"
            for host in region.model.hosts.values()
        ),
    ]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines).encode(), check=True)
    # Routers check checksums, so the kernel must not leave them to a network card that is not there.
    subprocess.run(["ethtool", "-K", _SERVICE_PORT, "tx", "off"], check=True, stdout=subprocess.DEVNULL)


def _neighbour(address: IPv4Address, mac: str, device: str) -> str:
    return f"neighbour replace {address} lladdr {mac} dev {device} nud permanent"


def _in(node: FabricNode, *argv: str, text: str = "") -> None:
    command = ["mnexec", "-a", str(node.pid), *argv]
    subprocess.run(command, input=text.encode(), check=True, stdout=subprocess.DEVNULL)
