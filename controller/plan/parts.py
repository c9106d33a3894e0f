"""The plan of a node, part by part and subject by subject, so that a change plans anew only what it concerns.

A part says which resources it has something to say about on a node (its scopes), and what. Both read the region only
through the model and the facts that they are given, because what is read is noted (`controller.plan.tracking`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from controller.model import Model, NetworkInterface, PhysicalHost, Resource, RouteTable, Vpc
from controller.p4rt import Entry
from controller.plan import edges, mapping, vpc, vrouter
from controller.plan.flows import FlowPlan, flow_policy_entries
from controller.plan.mapping import MappingPlan


@dataclass(frozen=True)
class Facts:
    """What the controller has observed, beside what the region should be."""

    mapping: MappingPlan
    flows: FlowPlan = field(default_factory=FlowPlan)


@dataclass(frozen=True, slots=True)
class Scope:
    """Subjects: one resource (`group` "id"), or all of a kind that share a property."""

    kind: type[Resource]
    group: str
    key: Any

    def members(self, model: Model) -> tuple[Resource, ...]:
        """The resources in it."""
        if self.group == "id":
            found = model.get(self.kind, self.key)
            return () if found is None else (found,)
        return model.group(self.kind, self.group, self.key)


@runtime_checkable
class Part(Protocol):
    """One part of a node's plan."""

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Scope]:
        """Which resources it has something to say about on this node."""
        ...

    def entries(self, subject: Any, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """What the node should hold because of one of them; pure."""
        ...


class HostPart:
    """The router's own place."""

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Scope]:
        """The node itself."""
        yield Scope(PhysicalHost, "id", node.id)

    def entries(self, subject: PhysicalHost, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """Its address, the ways over the underlay, and whose answers it believes."""
        yield from vrouter.host_entries(model, subject)
        yield from edges.gateway_entries(model, facts.mapping)
        yield from mapping.server_entries(facts.mapping)


class InterfacesPart:
    """The interfaces at the router's ports.

    One that moves away may send from its old port until the move is over, or another is plugged in there, and gets
    packets there until it has switched.
    """

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Scope]:
        """Those that are plugged in here."""
        yield Scope(NetworkInterface, "host", node.id)
        yield from _moving_away(facts, node)

    def entries(self, subject: NetworkInterface, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """What the router holds about the port."""
        if subject.host_id == node.id:
            return vrouter.interface_entries(model, subject)
        move = facts.mapping.move_of(subject.id)
        if move is None or not move.old_port or model.count(NetworkInterface, "port", (node.id, move.old_port)):
            return ()
        found = vrouter.interface_entries(model, replace(subject, host_id=node.id, port=move.old_port))
        return found if move.phase == "prepare" else (entry for entry in found if entry.table != "local_eni")


class FlowsPart:
    """How the router tracks the flows of its interfaces."""

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Scope]:
        """Those that are plugged in here, or were until a moment ago."""
        yield Scope(NetworkInterface, "host", node.id)
        yield from _moving_away(facts, node)

    def entries(self, subject: NetworkInterface, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """The tracking policy of one interface."""
        return flow_policy_entries(subject, node, facts.flows)


class RouteTablesPart:
    """The route tables that interfaces of the node use."""

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Scope]:
        """Each table once."""
        used = list(model.interfaces_on(node))
        used += [model.network_interfaces[eni_id] for eni_id in facts.mapping.moved_from(node)]
        for table_id in {model.route_table_of(eni).id for eni in used}:
            yield Scope(RouteTable, "id", table_id)

    def entries(self, subject: RouteTable, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """Its routes."""
        return vrouter.route_table_entries(model, subject)


class PoliciesPart:
    """What the router does with addresses that it does not know, VPC by VPC."""

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Scope]:
        """The VPCs that the node has to do with."""
        for vpc_id in mapping.mapped_vpcs(model, node, facts.mapping):
            yield Scope(Vpc, "id", vpc_id)

    def entries(self, subject: Vpc, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """The miss policy of the VPC, which gateway is believed, peers and middleboxes."""
        yield from mapping.policy_entries(model, subject, node, facts.mapping)
        yield from vpc.vpc_entries(model, subject, node, facts.mapping)


class MappingsPart:
    """Where interfaces are: all of the node's VPCs, or only its own."""

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Scope]:
        """Interfaces, by VPC where the node holds everything."""
        if facts.mapping.holds_everything(node):
            for vpc_id in mapping.mapped_vpcs(model, node, facts.mapping):
                yield Scope(NetworkInterface, "plugged", vpc_id)
        else:
            yield Scope(NetworkInterface, "host", node.id)
        yield from _moving_away(facts, node)

    def entries(self, subject: NetworkInterface, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """Where the node sends what is for the interface, and from where it believes it."""
        return mapping.mapping_of_interface(model, subject, node, facts.mapping)


PARTS: tuple[Part, ...] = (
    HostPart(),
    InterfacesPart(),
    FlowsPart(),
    RouteTablesPart(),
    PoliciesPart(),
    MappingsPart(),
)


def _moving_away(facts: Facts, node: PhysicalHost) -> Iterator[Scope]:
    for eni_id in facts.mapping.moved_from(node):
        yield Scope(NetworkInterface, "id", eni_id)
