"""The plan of an edge, part by part (controller.plan.parts)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controller.model import EdgePort, Model, NetworkInterface, PhysicalHost
from controller.p4rt import Entry
from controller.plan import blackfoot
from controller.plan.parts import PARTS, Facts, Part, Scope


class EdgePart:
    """The edge's own place."""

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Scope]:
        """The node itself."""
        yield Scope(PhysicalHost, "id", node.id)

    def entries(self, subject: PhysicalHost, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """Its address, and the ways over the underlay."""
        return blackfoot.edge_entries(model, subject)


class EdgePortsPart:
    """The edge's ports outside."""

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Scope]:
        """Those of this edge."""
        yield Scope(EdgePort, "host", node.id)

    def entries(self, subject: EdgePort, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """Its addresses, and the ways through it."""
        return blackfoot.edge_port_entries(subject)


class EdgeInterfacesPart:
    """The interfaces of VPCs that have a gateway."""

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Scope]:
        """VPC by VPC."""
        for vpc_id in blackfoot.vpcs_at_edges(model):
            yield Scope(NetworkInterface, "plugged", vpc_id)

    def entries(self, subject: NetworkInterface, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """Where the interface is."""
        return blackfoot.edge_interface_entries(model, subject, facts.mapping)


class Only:
    """A part for the nodes that run one program."""

    def __init__(self, program: str, part: Part) -> None:
        self._program = program
        self._part = part

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Scope]:
        """The part's own, or none."""
        return self._part.scopes(model, facts, node) if node.program == self._program else ()

    def entries(self, subject: Any, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """What the part says."""
        return self._part.entries(subject, model, facts, node)


EDGE_PARTS: tuple[Part, ...] = (EdgePart(), EdgePortsPart(), EdgeInterfacesPart())
ALL_PARTS: tuple[Part, ...] = (
    *(Only("vrouter", part) for part in PARTS),
    *(Only("blackfoot", part) for part in EDGE_PARTS),
)
