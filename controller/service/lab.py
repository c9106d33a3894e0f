"""The controller: holds the model and keeps the switches of all hosts at it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from controller.model import Model, PhysicalHost
from controller.p4rt import Device, Difference, Entry, Program
from controller.plan import FlowPlan, MappingPlan
from controller.plan.nodes import node_entries
from controller.plan.plugin_part import seen_from
from controller.plugin import Node, Plugin
from controller.reconcile import reconcile

QUESTIONS_SESSION = 1  # the clone session of questions to the mapping service (p4src/stages/mapping_miss.p4)


class Controller:
    """Programs the switch of each host. `devices` are by host id; `mapping` says how they learn who hosts what.

    `program` is the routers', or the programs of all kinds of hosts by name.
    """

    def __init__(
        self,
        model: Model,
        program: Program | Mapping[str, Program],
        devices: Mapping[str, Device],
        mapping: MappingPlan | None = None,
        flows: FlowPlan | None = None,
        plugins: Sequence[Plugin] = (),
    ) -> None:
        self.model = model
        self.mapping = mapping or MappingPlan()
        self.flows = flows or FlowPlan()
        self.programs = dict(program) if isinstance(program, Mapping) else {"vrouter": program}
        self.plugins = plugins
        self._devices = dict(devices)

    async def reconcile(self) -> dict[str, Difference]:
        """Brings every switch to the model; returns what was written, by host id."""
        copies = (QUESTIONS_SESSION,) if self.mapping.policy == "on-demand" else ()
        hosts = [self.model.hosts[host_id] for host_id in self._devices]
        plans = [self._plan(host) for host in hosts]
        found = await asyncio.gather(
            *(
                reconcile(self._devices[host.id], self.programs[host.program], plan, _copies(host, copies))
                for host, plan in zip(hosts, plans, strict=True)
            )
        )
        return {host.id: difference for host, difference in zip(hosts, found, strict=True)}

    def _plan(self, host: PhysicalHost) -> Iterator[Entry]:
        yield from node_entries(self.model, host, self.mapping, self.flows)
        for plugin in self.plugins:
            yield from plugin.entries(seen_from(self.model, self.mapping, host), Node(host, host.program))


def _copies(host: PhysicalHost, sessions: Sequence[int]) -> Sequence[int]:
    return sessions if host.program == "vrouter" else ()
