"""What any switch should hold, whatever program it runs."""

from __future__ import annotations

from collections.abc import Iterable

from controller.model import Model, PhysicalHost
from controller.p4rt import Entry
from controller.plan.blackfoot import blackfoot_entries
from controller.plan.flows import FlowPlan
from controller.plan.mapping import MappingPlan
from controller.plan.vrouter import vrouter_entries


def node_entries(
    model: Model, host: PhysicalHost, mapping: MappingPlan | None = None, flows: FlowPlan | None = None
) -> Iterable[Entry]:
    """Everything that the switch of a host should hold, without what plugins add."""
    if host.program == "blackfoot":
        return blackfoot_entries(model, host, mapping or MappingPlan())
    return vrouter_entries(model, host, mapping, flows)
