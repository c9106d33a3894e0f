"""The whole region at one moment, indexed for the questions that planning, actions and the API ask.

`Model` is what readers see. `LiveModel` adds `apply`, the only way in which a model changes; every index follows change
by change, so that neither a question about one thing nor a change costs more when the region grows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from ipaddress import IPv4Address
from typing import Any, TypeVar, cast

from controller.errors import RequestError, StaleChange
from controller.model.index import Groups, Loads, Pool, Table
from controller.model.keys import KEYS
from controller.model.resources import (
    KINDS,
    RESERVED_FIRST,
    Address,
    GatewayAttachment,
    Instance,
    Network,
    NetworkInterface,
    PhysicalHost,
    PluginResource,
    RegionSettings,
    Resource,
    RouteTable,
    Subnet,
    UnderlayRoute,
    Vpc,
    VpcPeeringConnection,
)

FIRST_ENI_PORT = 16  # ports 1 to 15 face the underlay (p4src/include/types.p4)
LAST_ENI_PORT = 500  # 9 bits, less what switches keep for themselves (CPU port, drop port)

_NUMBER_BITS: Mapping[type[Resource], int] = {Vpc: 24, RouteTable: 32, NetworkInterface: 31, GatewayAttachment: 31}
_IPV4_MAPPED = 0xFFFF << 32

_R = TypeVar("_R", bound=Resource)


@dataclass(frozen=True, slots=True)
class Change:
    """One resource before and after; None where it does not exist."""

    before: Resource | None
    after: Resource | None

    @property
    def subject(self) -> Resource:
        """The resource as it is afterwards, or as it was when it goes away."""
        subject = self.after if self.after is not None else self.before
        assert subject is not None
        return subject

    def undone(self) -> Change:
        """The change that takes this one back."""
        return Change(self.after, self.before)


class Model:
    """Resources by id. Equal models plan equal entries. Of two resources with one id, the later one counts."""

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._tables: dict[type[Resource], Table[Any]] = {kind: _table(kind) for kind in KINDS}
        self._addresses: Groups[tuple[str, int], NetworkInterface] = Groups()
        self._pools: dict[tuple[object, str], Pool] = {}
        self._loads = Loads()
        for resource in resources:
            if resource.id in self._table(type(resource)):
                self._remove(resource)
            self._add(resource)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model):
            return NotImplemented
        kinds = {*self._tables, *other._tables}
        return all(dict(self.table(kind)) == dict(other.table(kind)) for kind in kinds)

    __hash__ = None  # type: ignore[assignment]

    # -- resources by kind ----------------------------------------------------------------------------------------

    def table(self, kind: type[_R]) -> Mapping[str, _R]:
        """All resources of a kind, by id."""
        return self._table(kind)

    def kinds(self) -> tuple[type[Resource], ...]:
        """The project's kinds, and those of plugins that the model has met."""
        return tuple(self._tables)

    def get(self, kind: type[Resource], resource_id: str) -> Resource | None:
        """One resource, or None."""
        return self._table(kind).get(resource_id)

    def group(self, kind: type[_R], name: str, key: object) -> tuple[_R, ...]:
        """The resources of a kind that share a property, such as ("vpc", its id).

        The groups are those of `keys.KEYS`; a plugin's kind has "account", "name", "number" and what its INDEXED names.
        """
        return cast("tuple[_R, ...]", self._table(kind).groups[name].get(key, ()))

    def count(self, kind: type[Resource], name: str, key: object) -> int:
        """How many resources of a kind share a property."""
        return self._table(kind).groups[name].count(key)

    def group_keys(self, resource: Resource) -> Iterator[tuple[str, Hashable]]:
        """The groups that a resource belongs to, each with the key."""
        yield from self._table(type(resource)).keys_of(resource)

    def resources(self) -> Iterator[Resource]:
        """Every resource, kind by kind."""
        for table in self._tables.values():
            yield from table.values()

    @property
    def hosts(self) -> Mapping[str, PhysicalHost]:
        """The physical hosts, by id."""
        return self.table(PhysicalHost)

    @property
    def underlay_routes(self) -> tuple[UnderlayRoute, ...]:
        """All underlay routes."""
        return tuple(self.table(UnderlayRoute).values())

    @property
    def vpcs(self) -> Mapping[str, Vpc]:
        """The VPCs, by id."""
        return self.table(Vpc)

    @property
    def subnets(self) -> Mapping[str, Subnet]:
        """The subnets, by id."""
        return self.table(Subnet)

    @property
    def route_tables(self) -> Mapping[str, RouteTable]:
        """The route tables, by id."""
        return self.table(RouteTable)

    @property
    def network_interfaces(self) -> Mapping[str, NetworkInterface]:
        """The network interfaces, by id."""
        return self.table(NetworkInterface)

    @property
    def instances(self) -> Mapping[str, Instance]:
        """The instances, by id."""
        return self.table(Instance)

    # -- what planning asks ---------------------------------------------------------------------------------------

    @property
    def interfaces_by_host(self) -> Mapping[str, tuple[NetworkInterface, ...]]:
        """The network interfaces plugged into each host, by host id."""
        return cast("Mapping[str, tuple[NetworkInterface, ...]]", self._tables[NetworkInterface].groups["host"])

    @property
    def interfaces_by_vpc(self) -> Mapping[str, tuple[NetworkInterface, ...]]:
        """The network interfaces of each VPC that are plugged into some host, by VPC id."""
        return cast("Mapping[str, tuple[NetworkInterface, ...]]", self._tables[NetworkInterface].groups["plugged"])

    @property
    def underlay_routes_by_host(self) -> Mapping[str, tuple[UnderlayRoute, ...]]:
        """The underlay routes of each host, by host id."""
        return cast("Mapping[str, tuple[UnderlayRoute, ...]]", self._tables[UnderlayRoute].groups["host"])

    def interfaces_on(self, host: PhysicalHost) -> tuple[NetworkInterface, ...]:
        """The network interfaces whose ports are on this host."""
        return self.interfaces_by_host.get(host.id, ())

    def vpcs_on(self, host: PhysicalHost) -> list[Vpc]:
        """The VPCs that have a network interface on this host, in order of their numbers."""
        ids = {eni.vpc_id for eni in self.interfaces_on(host)}
        return sorted((self.vpcs[i] for i in ids), key=lambda vpc: vpc.number)

    def route_table_of(self, eni: NetworkInterface) -> RouteTable:
        """The route table of the interface's subnet."""
        return self.route_table_of_subnet(self.subnets[eni.subnet_id])

    def route_table_of_subnet(self, subnet: Subnet) -> RouteTable:
        """The route table that the subnet is associated with, or else the main one of its VPC."""
        return self.route_tables[subnet.route_table_id or self.vpcs[subnet.vpc_id].main_route_table_id]

    def interface_at(self, vpc_id: str, address: Address) -> NetworkInterface | None:
        """The network interface that has this address in this VPC, plugged in or not."""
        return self._addresses.one((vpc_id, address_number(address)))

    def interfaces_at(self, vpc_id: str, address: Address) -> int:
        """How many network interfaces have this address in this VPC; more than one is against the rules."""
        return self._addresses.count((vpc_id, address_number(address)))

    def target(self, resource_id: str) -> NetworkInterface | VpcPeeringConnection | PluginResource | None:
        """What a route's target is the id of; None when there is no such thing, or no longer."""
        prefix = resource_id.partition("-")[0]
        for kind in self.kinds():
            if issubclass(kind, PluginResource) and prefix == kind.PREFIX:
                return self.table(kind).get(resource_id)
        found = self.get(NetworkInterface, resource_id) or self.get(VpcPeeringConnection, resource_id)
        return cast("NetworkInterface | VpcPeeringConnection | None", found)

    def peers(self, vpc: Vpc) -> list[Vpc]:
        """The VPCs that are peered with this one, in order of their numbers."""
        found = self.group(VpcPeeringConnection, "vpc", vpc.id)
        peers = (self.vpcs.get(peering.other_vpc_id(vpc.id)) for peering in found if peering.is_active)
        return sorted((peer for peer in peers if peer is not None), key=lambda peer: peer.number)

    def peerings(self) -> Iterator[tuple[int, int]]:
        """The numbers of VPCs that are peered."""
        for peering in self.table(VpcPeeringConnection).values():
            if peering.is_active:
                yield self.vpcs[peering.requester_vpc_id].number, self.vpcs[peering.accepter_vpc_id].number

    def instance(self, name: str) -> Instance:
        """The first instance of that name; RequestError InvalidInstanceID.NotFound when there is none."""
        found = self.group(Instance, "name", name)
        if not found:
            raise RequestError("InvalidInstanceID.NotFound", f"no instance is called {name!r}")
        return found[0]

    def interface_of(self, instance: Instance) -> NetworkInterface:
        """The first network interface of an instance."""
        return self.network_interfaces[instance.network_interface_id]

    def number(self, kind: type[Vpc | RouteTable | NetworkInterface], resource_id: str) -> int:
        """What the data plane carries for a resource; it never changes."""
        return self.table(kind)[resource_id].number

    def place_of(self, eni: NetworkInterface) -> IPv4Address | None:
        """Where packets for an interface are sent now; None while it is not plugged in."""
        return self.underlay_address(eni.host_id) if eni.host_id else None

    def underlay_address(self, host_id: str) -> IPv4Address:
        """A host's place on the underlay."""
        return self.hosts[host_id].address

    @property
    def settings(self) -> RegionSettings:
        """How routers learn who hosts what; the defaults where nobody has said."""
        return next(iter(self.table(RegionSettings).values()), RegionSettings())

    # -- what is free ---------------------------------------------------------------------------------------------

    def free_number(self, kind: type[Resource]) -> int | None:
        """A number that no VPC (route table, network interface) has."""
        groups = self._table(kind).groups["number"]
        bits = kind.NUMBER_BITS if issubclass(kind, PluginResource) else _NUMBER_BITS[kind]
        pool = self._pool(kind, "number", 1, (1 << bits) - 1)
        return pool.free(groups.__contains__)

    def free_port(self, host_id: str) -> int | None:
        """A port of the host that no network interface is plugged into."""
        groups = self._tables[NetworkInterface].groups["port"]
        pool = self._pool(host_id, "port", FIRST_ENI_PORT, LAST_ENI_PORT)
        return pool.free(lambda port: (host_id, port) in groups)

    def free_address(self, subnet: Subnet, block: Network) -> Address | None:
        """An address of the subnet's block that no network interface has and that is not reserved."""
        first = int(block.network_address)
        pool = self._pool(subnet.id, str(block), first + RESERVED_FIRST, first + block.num_addresses - 2)
        mapped = _IPV4_MAPPED if block.version == 4 else 0
        number = pool.free(lambda number: (subnet.vpc_id, mapped | number) in self._addresses)
        return None if number is None else type(block.network_address)(number)

    def least_loaded_host(self) -> PhysicalHost | None:
        """A host with the fewest network interfaces, or None when there is no host."""
        host_id = self._loads.least()
        return None if host_id is None else self.hosts[host_id]

    def _pool(self, owner: object, name: str, first: int, last: int) -> Pool:
        pool = self._pools.get((owner, name))
        if pool is None:
            pool = self._pools[(owner, name)] = Pool(first, last)
        return pool

    def _table(self, kind: type[Resource]) -> Table[Any]:
        table = self._tables.get(kind)
        if table is None:
            table = self._tables[kind] = _table(kind)
        return table

    # -- keeping the indices --------------------------------------------------------------------------------------

    def _add(self, resource: Resource) -> None:
        self._table(type(resource)).add(resource.id, resource)
        if isinstance(resource, NetworkInterface):
            for address in set(resource.addresses):
                self._addresses.add((resource.vpc_id, address_number(address)), resource.id, resource)
            if resource.host_id:
                self._loads.shift(resource.host_id, 1)
        elif isinstance(resource, PhysicalHost) and resource.program == "vrouter":
            self._loads.join(resource.id)

    def _remove(self, resource: Resource) -> None:
        kind = type(resource)
        table = self._table(kind)
        known = table[resource.id]
        table.remove(resource.id)
        if isinstance(known, NetworkInterface):
            self._forget_places(known)
        elif isinstance(known, PhysicalHost) and known.program == "vrouter":
            self._loads.leave(known.id)
        elif isinstance(known, Vpc | RouteTable | GatewayAttachment):
            self._give_back(kind, "number", known.number)
        elif isinstance(known, PluginResource) and "number" in table.groups:
            self._give_back(kind, "number", getattr(known, "number"))  # noqa: B009

    def _forget_places(self, eni: NetworkInterface) -> None:
        self._give_back(NetworkInterface, "number", eni.number)
        for address in set(eni.addresses):
            self._addresses.remove((eni.vpc_id, address_number(address)), eni.id)
        subnet = self.subnets.get(eni.subnet_id)
        for block in subnet.blocks() if subnet is not None else ():
            for address in eni.addresses:
                if address.version == block.version:
                    self._give_back(eni.subnet_id, str(block), int(address))
        if eni.host_id:
            self._loads.shift(eni.host_id, -1)
            self._give_back(eni.host_id, "port", eni.port)

    def _give_back(self, owner: object, name: str, number: int) -> None:
        pool = self._pools.get((owner, name))
        if pool is not None:
            pool.give_back(number)


class LiveModel(Model):
    """A model that changes."""

    def forget(self, kind: type[PluginResource]) -> None:
        """Takes a kind of which there is nothing from those that the model has met."""
        if not self.table(kind):
            self._tables.pop(kind, None)

    def apply(self, changes: Sequence[Change]) -> None:
        """Makes all changes, or none: StaleChange when a resource is not what a change says it was."""
        for change in changes:
            subject = change.subject
            if self.get(type(subject), subject.id) != change.before:
                raise StaleChange(f"{subject.id} is not what it was")
        for change in changes:
            if change.before is not None:
                self._remove(change.before)
            if change.after is not None:
                self._add(change.after)


def address_number(address: Address) -> int:
    """An address as the data plane has it, IPv4 as ::ffff:a.b.c.d."""
    return int(address) | _IPV4_MAPPED if isinstance(address, IPv4Address) else int(address)


def _table(kind: type[Resource]) -> Table[Any]:
    if issubclass(kind, PluginResource):
        numbered = any(field.name == "number" for field in fields(kind))
        names = ("account_id", "name", *(("number",) if numbered else ()), *kind.INDEXED)
        return Table(**{"account" if name == "account_id" else name: _field_key(name) for name in names})
    return Table(**KEYS.get(kind, {}))


def _field_key(name: str) -> Callable[[Any], Hashable]:
    def key(resource: Any) -> Hashable:
        value = getattr(resource, name)
        return frozenset(value) if isinstance(value, tuple) else value

    return key
