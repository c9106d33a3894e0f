"""A view of the model that notes what is read from it, so that a plan is made anew exactly when that has changed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any, TypeVar, cast

from controller.model import Change, Model, NetworkInterface, PhysicalHost, Resource, RouteTable, UnderlayRoute, Vpc
from controller.model.model import address_number
from controller.model.resources import Address
from controller.plan.mapping import MappingPlan, Move

_R = TypeVar("_R", bound=Resource)
Read = tuple[Hashable, ...]  # such as ("row", Vpc, "vpc-1") or ("group", NetworkInterface, "host", "host-1")


class Reads:
    """What was read since it was last taken."""

    def __init__(self) -> None:
        self._found: dict[Read, None] = {}

    def note(self, *read: Hashable) -> None:
        """Something was read."""
        self._found[read] = None

    def take(self) -> tuple[Read, ...]:
        """Everything noted, which is then forgotten."""
        found = tuple(self._found)
        self._found.clear()
        return found


class TrackedModel(Model):
    """The same model, noting what is read; it cannot be changed, and answers nothing about what is free."""

    def __init__(self, model: Model, reads: Reads) -> None:
        self._model = model
        self._reads = reads

    def table(self, kind: type[_R]) -> Mapping[str, _R]:
        """All resources of a kind, by id."""
        return cast("Mapping[str, _R]", _Rows(kind, self._model, self._reads))

    def kinds(self) -> tuple[type[Resource], ...]:
        """The kinds that there are."""
        return self._model.kinds()

    def get(self, kind: type[Resource], resource_id: str) -> Resource | None:
        """One resource, or None."""
        self._reads.note("row", kind, resource_id)
        return self._model.get(kind, resource_id)

    def group(self, kind: type[_R], name: str, key: object) -> tuple[_R, ...]:
        """The resources of a kind that share a property."""
        self._reads.note("group", kind, name, cast(Hashable, key))
        return self._model.group(kind, name, key)

    def count(self, kind: type[Resource], name: str, key: object) -> int:
        """How many resources of a kind share a property."""
        self._reads.note("group", kind, name, cast(Hashable, key))
        return self._model.count(kind, name, key)

    def resources(self) -> Iterator[Resource]:
        """Every resource."""
        for kind in self.kinds():
            yield from self.table(kind).values()

    @property
    def interfaces_by_host(self) -> Mapping[str, tuple[NetworkInterface, ...]]:
        """The network interfaces plugged into each host."""
        return _Groups(NetworkInterface, "host", self)

    @property
    def interfaces_by_vpc(self) -> Mapping[str, tuple[NetworkInterface, ...]]:
        """The network interfaces of each VPC that are plugged in."""
        return _Groups(NetworkInterface, "plugged", self)

    @property
    def underlay_routes_by_host(self) -> Mapping[str, tuple[UnderlayRoute, ...]]:
        """The underlay routes of each host."""
        return _Groups(UnderlayRoute, "host", self)

    def interface_at(self, vpc_id: str, address: Address) -> NetworkInterface | None:
        """The network interface that has this address in this VPC."""
        self._reads.note("address", vpc_id, address_number(address))
        return self._model.interface_at(vpc_id, address)

    def interfaces_at(self, vpc_id: str, address: Address) -> int:
        """How many network interfaces have this address in this VPC."""
        self._reads.note("address", vpc_id, address_number(address))
        return self._model.interfaces_at(vpc_id, address)

    def number(self, kind: type[Vpc | RouteTable | NetworkInterface], resource_id: str) -> int:
        """What the data plane carries for a resource: it never changes, so only the resource's end counts."""
        self._reads.note("existence", kind, resource_id)
        return self._model.number(kind, resource_id)

    def underlay_address(self, host_id: str) -> IPv4Address:
        """A host's place on the underlay; its other properties do not count."""
        self._reads.note("underlay address", host_id)
        return self._model.underlay_address(host_id)


class TrackedMapping(MappingPlan):
    """The mapping plan, noting which moves were asked for."""

    def __init__(self, plan: MappingPlan, reads: Reads) -> None:
        super().__init__(plan.policy, plan.service, plan.gateway_host_id, plan.key, plan.moves, plan.lost)
        object.__setattr__(self, "_reads", reads)

    def alive(self, host_ids: Iterable[str]) -> set[str]:
        """Those of the hosts that are not lost."""
        self.__dict__["_reads"].note("lost")
        return super().alive(host_ids)

    def move_of(self, eni_id: str) -> Move | None:
        """How an interface moves."""
        self.__dict__["_reads"].note("move", eni_id)
        return super().move_of(eni_id)

    def moved_from(self, host: PhysicalHost) -> tuple[str, ...]:
        """The interfaces that are moving away from a host."""
        self.__dict__["_reads"].note("moves from", host.id)
        return super().moved_from(host)


def touched(model: Model, change: Change) -> Iterator[Read]:
    """The reads that give something else after a change than before. Names do not count: plans must not read them."""
    before, after = change.before, change.after
    if before is not None and after is not None and _without_name(before) == _without_name(after):
        return
    kind, subject = type(change.subject), change.subject
    yield ("row", kind, subject.id)
    yield ("table", kind)
    if before is None or after is None:
        yield ("ids", kind)
        yield ("existence", kind, subject.id)
    versions = [version for version in (before, after) if version is not None]
    for version in versions:
        for name, key in model.group_keys(version):
            yield ("group", kind, name, key)
        if isinstance(version, NetworkInterface):
            for address in version.addresses:
                yield ("address", version.vpc_id, address_number(address))
    if isinstance(subject, PhysicalHost) and getattr(before, "address", None) != getattr(after, "address", None):
        yield ("underlay address", subject.id)


def touched_by_moves(before: MappingPlan, after: MappingPlan) -> Iterator[Read]:
    """The reads that give something else when other moves are under way."""
    for move in set(before.moves) ^ set(after.moves):
        yield ("move", move.eni_id)
        yield ("moves from", move.old_host_id)
    if before.lost != after.lost:
        yield ("lost",)


def _without_name(resource: Any) -> Any:
    return replace(resource, name="") if hasattr(resource, "name") else resource


class _Rows(Mapping[str, Any]):
    """A table that notes what is read from it."""

    def __init__(self, kind: type[Resource], model: Model, reads: Reads) -> None:
        self._kind = kind
        self._table = model.table(kind)
        self._reads = reads

    def __getitem__(self, key: str) -> Any:
        self._reads.note("row", self._kind, key)
        return self._table[key]

    def __contains__(self, key: object) -> bool:
        self._reads.note("existence", self._kind, cast(Hashable, key))
        return key in self._table

    def __iter__(self) -> Iterator[str]:
        self._reads.note("ids", self._kind)
        return iter(self._table)

    def __len__(self) -> int:
        self._reads.note("ids", self._kind)
        return len(self._table)

    def values(self) -> Any:
        """All resources of the kind."""
        self._reads.note("table", self._kind)
        return self._table.values()

    def items(self) -> Any:
        """All resources of the kind with their ids."""
        self._reads.note("table", self._kind)
        return self._table.items()


class _Groups(Mapping[str, Any]):
    """Groups of resources by one property, noting which were read."""

    def __init__(self, kind: type[Resource], name: str, model: TrackedModel) -> None:
        self._kind = kind
        self._name = name
        self._model = model

    def __getitem__(self, key: str) -> Any:
        found = self._model.group(self._kind, self._name, key)
        if not found:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        raise TypeError("a plan reads groups by their keys")

    def __len__(self) -> int:
        raise TypeError("a plan reads groups by their keys")
