"""The network between physical hosts: wires from host to host, and a fabric that all of them hang on.

A fabric is a bridge, or leaves and spines that route IPv4. Every host has one port to it, `FABRIC_PORT`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from controller.model import PhysicalHost, UnderlayRoute
from controller.model.model import FIRST_ENI_PORT
from topologies.description import FabricDescription, RegionDescription, RegionError

FABRIC_PORT = FIRST_ENI_PORT - 1
SERVICE_MAC = "02:75:ff:ff:00:01"
_ANYWHERE = IPv4Network("0.0.0.0/0")


@dataclass(frozen=True)
class UnderlayLink:
    """A wire between underlay ports of two hosts."""

    host_a: str
    port_a: int
    host_b: str
    port_b: int


@dataclass(frozen=True)
class FabricRouter:
    """A leaf or a spine. `ports` says what is behind each port: a host, another router, or the mapping service ("")."""

    name: str
    number: int  # unique in the fabric, from 1
    ports: tuple[str, ...]

    @property
    def address(self) -> IPv4Address:
        """An address of its own, outside of what hosts have (RFC 6598)."""
        return IPv4Address("100.64.0.0") + self.number

    def mac(self, neighbour: str) -> str:
        """The MAC of the port to a neighbour."""
        return f"02:74:00:{self.number:02x}:00:{self.ports.index(neighbour) + 1:02x}"


@dataclass(frozen=True)
class Fabric:
    """What the hosts hang on: a bridge, or leaves (a tuple of them) and spines. The service hangs on the first leaf."""

    leaves: tuple[FabricRouter, ...] = ()
    spines: tuple[FabricRouter, ...] = ()

    @property
    def routers(self) -> tuple[FabricRouter, ...]:
        """Leaves, then spines."""
        return (*self.leaves, *self.spines)

    def leaf_of(self, host: str) -> FabricRouter:
        """The leaf that a host (or the service, "") hangs on."""
        return next(leaf for leaf in self.leaves if host in leaf.ports)


@dataclass(frozen=True)
class Underlay:
    """Wires, fabric, and how each host reaches the others by them."""

    links: tuple[UnderlayLink, ...]
    routes: tuple[UnderlayRoute, ...]
    fabric: Fabric | None


def underlay_mac(host_index: int, port: int) -> str:
    """The MAC of a host's underlay port; hosts count from 1."""
    return f"02:75:{host_index >> 8:02x}:{host_index & 255:02x}:00:{port:02x}"


def build_underlay(description: RegionDescription, hosts: Mapping[str, PhysicalHost]) -> Underlay:
    """The underlay of a description; `hosts` are by name. RegionError when a host has more links than ports."""
    index = {name: i for i, name in enumerate(hosts, start=1)}
    next_port = dict.fromkeys(hosts, 1)
    links: list[UnderlayLink] = []
    routes: list[UnderlayRoute] = []
    for a, b in description.links:
        ports = (next_port[a], next_port[b])
        next_port[a] += 1
        next_port[b] += 1
        links.append(UnderlayLink(hosts[a].id, ports[0], hosts[b].id, ports[1]))
        macs = (underlay_mac(index[a], ports[0]), underlay_mac(index[b], ports[1]))
        routes.append(UnderlayRoute(hosts[a].id, IPv4Network(hosts[b].address), ports[0], macs[0], macs[1]))
        routes.append(UnderlayRoute(hosts[b].id, IPv4Network(hosts[a].address), ports[1], macs[1], macs[0]))
    fabric = _fabric(description)
    if fabric is not None:
        next_port = {name: port + 1 for name, port in next_port.items()}
        routes += _by_routers(fabric, hosts, index) if fabric.leaves else _by_bridge(description, hosts, index)
    crowded = next((name for name, port in next_port.items() if port > FIRST_ENI_PORT), None)
    if crowded is not None:
        raise RegionError(f"host {crowded} has more than {FIRST_ENI_PORT - 1} underlay links")
    return Underlay(tuple(links), tuple(routes), fabric)


def _fabric(description: RegionDescription) -> Fabric | None:
    if description.fabric is not None:
        return _leaves_and_spines(description.fabric)
    return None if description.mapping.policy == "preload" else Fabric()


def _leaves_and_spines(described: FabricDescription) -> Fabric:
    leaves = []
    for number, (name, hosts) in enumerate(described.leaves.items(), start=1):
        service = ("",) if number == 1 else ()
        leaves.append(FabricRouter(name, number, (*hosts, *described.spines, *service)))
    names = tuple(leaf.name for leaf in leaves)
    spines = [FabricRouter(name, number, names) for number, name in enumerate(described.spines, start=len(leaves) + 1)]
    return Fabric(tuple(leaves), tuple(spines))


def _by_routers(fabric: Fabric, hosts: Mapping[str, PhysicalHost], index: Mapping[str, int]) -> Iterator[UnderlayRoute]:
    """Everything by the host's leaf."""
    for name, host in hosts.items():
        next_hop = fabric.leaf_of(name).mac(name)
        yield UnderlayRoute(host.id, _ANYWHERE, FABRIC_PORT, underlay_mac(index[name], FABRIC_PORT), next_hop)


def _by_bridge(
    description: RegionDescription, hosts: Mapping[str, PhysicalHost], index: Mapping[str, int]
) -> Iterator[UnderlayRoute]:
    """To the mapping service, and to hosts without a link of their own."""
    linked = {frozenset(link) for link in description.links}
    for name, host in hosts.items():
        mac = underlay_mac(index[name], FABRIC_PORT)
        service = IPv4Network(description.mapping.service)
        yield UnderlayRoute(host.id, service, FABRIC_PORT, mac, SERVICE_MAC)
        for other in hosts:
            if other != name and frozenset((name, other)) not in linked:
                way = IPv4Network(hosts[other].address)
                yield UnderlayRoute(host.id, way, FABRIC_PORT, mac, underlay_mac(index[other], FABRIC_PORT))
