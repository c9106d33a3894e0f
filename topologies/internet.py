"""The internet of an emulated region: a router that all edges are linked to, and what is behind it.

    edges --- border --- lan 192.0.2.0/24, 2001:db8:cafe::/64: www, ns, isp --- 198.51.100.0/24, an MTU of 1400: far

These are namespaces of Linux, with real programs. The border sends what is for the region's public addresses to its
edges, shared out by flow, and to no edge whose link is down.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from mininet.net import Mininet
from mininet.node import Node

from controller.model import EdgePort, Model, Network
from plugins.internet_gateway.gateways import AddressPool, EgressOnlyInternetGateway, InternetGateway
from plugins.internet_gateway.routers import is_global
from topologies.edges import BORDER_MAC
from topologies.nodes import OFFLOADS, InstanceHost, Router
from topologies.region import Region

BORDER, BORDER6 = "198.18.0.1", "2001:db8:ffff::1"
WWW, WWW6, NS, FAR = "192.0.2.80", "2001:db8:cafe::80", "192.0.2.53", "198.51.100.20"
NARROW_MTU = 1400  # of the way from isp to far
_LAN = {"www": (WWW, WWW6), "ns": (NS, "2001:db8:cafe::53"), "isp": ("192.0.2.2", "2001:db8:cafe::2")}
_FORWARDING = (
    "net.ipv4.ip_forward=1",
    "net.ipv6.conf.all.forwarding=1",
    "net.ipv4.fib_multipath_hash_policy=1",
    "net.ipv6.fib_multipath_hash_policy=1",
    "net.ipv4.conf.all.ignore_routes_with_linkdown=1",
    "net.ipv6.conf.all.ignore_routes_with_linkdown=1",
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.icmp_ratelimit=0",
)


@dataclass(frozen=True)
class Internet:
    """Its namespaces by name: border, www, ns, isp, far."""

    nodes: Mapping[str, InstanceHost]
    edges: Mapping[str, Router]

    def __getitem__(self, name: str) -> InstanceHost:
        return self.nodes[name]

    def power_off(self, edge: str) -> None:
        """What happens when an edge loses power: its process is gone at once, and so is the link."""
        router = self.edges[edge]
        device = next(router.intfs[number].name for number in router.intfs if number >= 16)
        router.kill()
        subprocess.run(["ip", "link", "set", device, "down"], check=True)


def add(region: Region, net: Mininet, routers: Mapping[str, Router]) -> Internet | None:
    """Adds the internet's namespaces and links to the network; None when the region has no edge."""
    ports = list(region.model.table(EdgePort).values())
    if not ports:
        return None
    names = ("border", *_LAN, "far")
    nodes: dict[str, InstanceHost] = {}
    for name in names:
        node = net.addHost(name, cls=InstanceHost, ip=None)
        assert isinstance(node, InstanceHost)
        nodes[name] = node
    edges = {region.model.hosts[port.host_id].name: routers[region.model.hosts[port.host_id].name] for port in ports}
    for number, port in enumerate(ports, start=1):
        net.addLink(edges[region.model.hosts[port.host_id].name], nodes["border"], port1=port.port, port2=number)
    for number, name in enumerate(_LAN, start=len(ports) + 1):
        net.addLink(nodes["border"], nodes[name], port1=number, port2=0)
    net.addLink(nodes["isp"], nodes["far"], port1=1, port2=0)
    return Internet(nodes, edges)


def configure(region: Region, internet: Internet) -> None:
    """Gives everybody addresses and routes."""
    ports = list(region.model.table(EdgePort).values())
    for port in ports:
        device = internet.edges[region.model.hosts[port.host_id].name].intfs[port.port].name
        subprocess.run(["ip", "link", "set", device, "address", port.mac], check=True)
    _border(region.model, internet["border"], ports)
    for name, (address, ipv6) in _LAN.items():
        _ip(
            internet[name],
            "link set dev lo up",
            f"link set dev {name}-eth0 up",
            f"address add {address}/24 dev {name}-eth0",
            f"address add {ipv6}/64 dev {name}-eth0 nodad",
            "route add default via 192.0.2.1",
            "route add default via 2001:db8:cafe::1",
        )
    internet["isp"].must("sysctl", "-qw", *_FORWARDING)
    _ip(internet["isp"], f"link set dev isp-eth1 mtu {NARROW_MTU} up", "address add 198.51.100.1/24 dev isp-eth1")
    _ip(
        internet["far"],
        "link set dev lo up",
        "link set dev far-eth0 up",
        f"address add {FAR}/24 dev far-eth0",
        "route add default via 198.51.100.1",
    )
    for node in internet.nodes.values():
        for interface in node.intfs.values():
            node.must("ethtool", "-K", interface.name, *OFFLOADS)


def _border(model: Model, border: InstanceHost, ports: list[EdgePort]) -> None:
    border.must("sysctl", "-qw", *_FORWARDING)
    lines = ["link set dev lo up", "link add lan type bridge", "link set dev lan up"]
    for number, port in enumerate(ports, start=1):
        device = f"border-eth{number}"
        lines.append(f"link set dev {device} address {BORDER_MAC} up")
        lines.append(f"address add {BORDER} peer {port.address}/32 dev {device}")
        if port.ipv6_address is not None:
            lines.append(f"address add {BORDER6} peer {port.ipv6_address}/128 dev {device} nodad")
    for number in range(len(ports) + 1, len(ports) + len(_LAN) + 1):
        lines.append(f"link set dev border-eth{number} master lan up")
    lines += ["address add 192.0.2.1/24 dev lan", "address add 2001:db8:cafe::1/64 dev lan nodad"]
    lines.append("route add 198.51.100.0/24 via 192.0.2.2")
    ways = [(f"border-eth{number}", port) for number, port in enumerate(ports, start=1)]
    for block in public_ranges(model):
        hops = (
            f"nexthop via {port.address if block.version == 4 else port.ipv6_address} dev {device} onlink"
            for device, port in ways
        )
        lines.append(f"route add {block} {' '.join(hops)}")
    _ip(border, *lines)


def public_ranges(model: Model) -> list[Network]:
    """What the internet sends to the region: its pools, and the IPv6 ranges of VPCs with a gateway."""
    found: list[Network] = [pool.cidr_block for pool in model.table(AddressPool).values()]
    gateways = (*model.table(InternetGateway).values(), *model.table(EgressOnlyInternetGateway).values())
    for vpc_id in sorted({gateway.vpc_id for gateway in gateways} - {""}):
        found += [block for block in model.vpcs[vpc_id].cidr_blocks if is_global(block)]
    return found


def _ip(node: Node, *lines: str) -> None:
    assert isinstance(node, InstanceHost)
    node.must("ip", "-batch", "-", text="\n".join(lines))
