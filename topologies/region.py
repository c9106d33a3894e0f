"""A region made from its description: the controller's model, and the wires between the switches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path

from controller.model import (
    Instance,
    Model,
    NetworkInterface,
    PhysicalHost,
    Resource,
    Route,
    RouteTable,
    Subnet,
    UnderlayRoute,
    Vpc,
)
from controller.model.ids import stable_id
from controller.model.model import FIRST_ENI_PORT
from controller.model.resources import Address
from controller.plan import MappingPlan
from topologies.description import InstanceDescription, RegionDescription, RegionError, load_description

FABRIC_PORT = FIRST_ENI_PORT - 1  # of every host, towards the fabric that all hosts share with the mapping service
SERVICE_MAC = "02:75:ff:ff:00:01"


@dataclass(frozen=True)
class UnderlayLink:
    """A wire between underlay ports of two hosts."""

    host_a: str
    port_a: int
    host_b: str
    port_b: int


@dataclass(frozen=True)
class Region:
    """What runs in Mininet or in the lab."""

    name: str
    model: Model
    links: tuple[UnderlayLink, ...]
    mapping: MappingPlan = field(default_factory=MappingPlan)

    def host(self, name: str) -> PhysicalHost:
        """The host of that name."""
        return next(host for host in self.model.hosts.values() if host.name == name)

    def prefix_length(self, eni: NetworkInterface) -> int:
        """That of the interface's subnet."""
        return self.model.subnets[eni.subnet_id].cidr_block.prefixlen


def load_region(name_or_path: str) -> Region:
    """The region described by a YAML file, or by the name of one in this folder; RegionError when there is none."""
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        folder = Path(__file__).parent
        path = folder / f"{name_or_path}.yaml"
        if not path.exists():
            known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml")))
            raise RegionError(f"no topology is called {name_or_path!r} (there are {known}), and it is not a YAML file")
    return build_region(load_description(path))


def build_region(description: RegionDescription) -> Region:
    """Gives ids, numbers, ports and MACs to everything described; the same description always gives the same ones."""
    hosts = {
        stable_id("host", name): PhysicalHost(stable_id("host", name), name, host.underlay)
        for name, host in description.hosts.items()
    }
    links, routes = _underlay(description, {host.name: host for host in hosts.values()})
    builder = _VpcBuilder(description)
    return Region(
        name=description.name,
        model=Model([*hosts.values(), *routes, *builder.resources()]),
        links=links,
        mapping=_mapping(description),
    )


def _mapping(description: RegionDescription) -> MappingPlan:
    described = description.mapping
    gateway = stable_id("host", described.gateway) if described.gateway else ""
    return MappingPlan(described.policy, described.service, gateway, key=f"lab of {description.name}".encode())


def underlay_mac(host_index: int, port: int) -> str:
    """The MAC of a host's underlay port."""
    return f"02:75:{host_index >> 8:02x}:{host_index & 255:02x}:00:{port:02x}"


def _underlay(
    description: RegionDescription, hosts: Mapping[str, PhysicalHost]
) -> tuple[tuple[UnderlayLink, ...], tuple[UnderlayRoute, ...]]:
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
    if description.mapping.policy != "preload":
        routes += _fabric(description, hosts, index)
        next_port = {name: port + 1 for name, port in next_port.items()}
    crowded = next((name for name, port in next_port.items() if port > FIRST_ENI_PORT), None)
    if crowded is not None:
        raise RegionError(f"host {crowded} has more than {FIRST_ENI_PORT - 1} underlay links")
    return tuple(links), tuple(routes)


def _fabric(
    description: RegionDescription, hosts: Mapping[str, PhysicalHost], index: Mapping[str, int]
) -> Iterator[UnderlayRoute]:
    """Ways over the fabric that all hosts share: to the mapping service, and to hosts without a link of their own."""
    linked = {frozenset(link) for link in description.links}
    for name, host in hosts.items():
        mac = underlay_mac(index[name], FABRIC_PORT)
        service = IPv4Network(description.mapping.service)
        yield UnderlayRoute(host.id, service, FABRIC_PORT, mac, SERVICE_MAC)
        for other in hosts:
            if other != name and frozenset((name, other)) not in linked:
                way = IPv4Network(hosts[other].address)
                yield UnderlayRoute(host.id, way, FABRIC_PORT, mac, underlay_mac(index[other], FABRIC_PORT))


def _addresses(instance: InstanceDescription) -> tuple[Address, ...]:
    return (instance.address,) if instance.ipv6_address is None else (instance.address, instance.ipv6_address)


class _VpcBuilder:
    """Numbers VPCs, route tables and network interfaces from 1 in the order of the description."""

    def __init__(self, description: RegionDescription) -> None:
        self.vpcs: dict[str, Vpc] = {}
        self.subnets: dict[str, Subnet] = {}
        self.route_tables: dict[str, RouteTable] = {}
        self.interfaces: dict[str, NetworkInterface] = {}
        self.instances: dict[str, Instance] = {}
        self._ports: defaultdict[str, int] = defaultdict(lambda: FIRST_ENI_PORT)
        for name in description.vpcs:
            self._add_vpc(description, name)

    def resources(self) -> Iterator[Resource]:
        """Everything that was built, what others refer to first."""
        for part in (self.vpcs, self.route_tables, self.subnets, self.interfaces, self.instances):
            yield from part.values()

    def _add_vpc(self, description: RegionDescription, name: str) -> None:
        described = description.vpcs[name]
        blocks = (described.cidr,) if described.ipv6_cidr is None else (described.cidr, described.ipv6_cidr)
        vpc = Vpc(stable_id("vpc", name), name, len(self.vpcs) + 1, blocks, stable_id("rtb", name))
        self.vpcs[vpc.id] = vpc
        routes = tuple(Route(block, "local") for block in blocks)
        table = RouteTable(stable_id("rtb", name), len(self.route_tables) + 1, vpc.id, routes)
        self.route_tables[table.id] = table
        for subnet_name, block in described.subnets.items():
            subnet_id = stable_id("subnet", name, subnet_name)
            self.subnets[subnet_id] = Subnet(subnet_id, subnet_name, vpc.id, block.cidr, table.id, block.ipv6_cidr)
        for instance_name, instance in described.instances.items():
            number = len(self.interfaces) + 1
            host_id = stable_id("host", instance.host)
            eni = NetworkInterface(
                id=stable_id("eni", name, instance_name),
                number=number,
                vpc_id=vpc.id,
                subnet_id=stable_id("subnet", name, instance.subnet),
                mac=f"06:00:{number >> 24:02x}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
                addresses=_addresses(instance),
                host_id=host_id,
                port=self._ports[host_id],
                name=instance_name,
                instance_id=stable_id("i", name, instance_name),
            )
            self._ports[host_id] += 1
            self.interfaces[eni.id] = eni
            self.instances[eni.instance_id] = Instance(eni.instance_id, instance_name, eni.id, host_id)
