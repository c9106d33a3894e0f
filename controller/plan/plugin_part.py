"""A plugin's share of a node's plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from controller.model import Model, PhysicalHost
from controller.p4rt import Entry
from controller.plan.parts import Facts, Scope
from controller.plugin import Node, Plugin

if TYPE_CHECKING:
    from controller.model import Resource


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
        for subject in self.plugin.subjects(model, Node(node, node.program)):
            yield Scope(type(subject), "id", subject.id)

    def entries(self, subject: Any, model: Model, facts: Facts, node: PhysicalHost) -> Iterable[Entry]:
        """What the plugin wants because of one of them."""
        found: Resource = subject
        if self._by_subject:
            return self.plugin.entries_of(model, Node(node, node.program), found)
        return self.plugin.entries(model, Node(node, node.program))
