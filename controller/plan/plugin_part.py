"""A plugin's share of a node's plan."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, cast

from controller.model import Model, NetworkInterface, PhysicalHost
from controller.p4rt import Entry
from controller.plan.mapping import MappingPlan
from controller.plan.parts import Facts, Scope
from controller.plugin import Node, Plugin

if TYPE_CHECKING:
    from controller.model import Resource


class _Seen:
    """A model that has further interfaces on a host, and where others still are while they move."""

    def __init__(
        self, model: Model, host: PhysicalHost, further: tuple[NetworkInterface, ...], mapping: MappingPlan
    ) -> None:
        self._model = model
        self._host = host
        self._mapping = mapping
        self._further = further

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def interfaces_on(self, host: PhysicalHost) -> tuple[NetworkInterface, ...]:
        found = self._model.interfaces_on(host)
        return (*found, *self._further) if host.id == self._host.id else found

    def place_of(self, eni: NetworkInterface) -> IPv4Address | None:
        move = self._mapping.move_of(eni.id)
        if not eni.host_id or move is None or move.phase == "announced":
            return self._model.place_of(eni)
        return self._model.underlay_address(move.old_host_id)


def seen_from(model: Model, mapping: MappingPlan, node: PhysicalHost) -> Model:
    """The model as plugins see it from a node: what moves away from it is on it until the move is over.

    Its packets still come and go there, and must find the same rules. Edges send there until the move is announced.
    """
    leaving = tuple(model.network_interfaces[eni_id] for eni_id in mapping.moved_from(node))
    return cast(Model, _Seen(model, node, leaving, mapping)) if leaving or node.program == "blackfoot" else model


class PluginPart:
    """Plans what a plugin wants: subject by subject if it has subjects, and otherwise as a whole."""

    def __init__(self, plugin: Plugin) -> None:
        self.plugin = plugin
        self._by_subject = type(plugin).entries is Plugin.entries

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Scope]:
        """Its subjects, or the node itself."""
        if not self._by_subject:
            yield Scope(PhysicalHost, "id", node.id)
            return
        model = seen_from(model, facts.mapping, node)
        for subject in self.plugin.subjects(model, Node(node, node.program)):
            yield Scope(type(subject), "id", subject.id)

    def entries(self, subject: Any, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """What the plugin wants because of one of them."""
        found: Resource = subject
        model = seen_from(model, facts.mapping, node)
        if self._by_subject:
            return self.plugin.entries_of(model, Node(node, node.program), found)
        return self.plugin.entries(model, Node(node, node.program))
