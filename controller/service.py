"""The controller: holds the model and keeps the switches of all hosts at it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from controller.model import Model
from controller.p4rt import Device, Difference, Program
from controller.plan import MappingPlan, vrouter_entries
from controller.reconcile import reconcile

QUESTIONS_SESSION = 1  # the clone session of questions to the mapping service (p4src/stages/mapping_miss.p4)


class Controller:
    """Programs the router of each host. `devices` are by host id; `mapping` says how they learn who hosts what."""

    def __init__(
        self, model: Model, program: Program, devices: Mapping[str, Device], mapping: MappingPlan | None = None
    ) -> None:
        self.model = model
        self.mapping = mapping or MappingPlan()
        self._program = program
        self._devices = dict(devices)

    async def reconcile(self) -> dict[str, Difference]:
        """Brings every switch to the model; returns what was written, by host id."""
        copies = (QUESTIONS_SESSION,) if self.mapping.policy == "on-demand" else ()
        hosts = [self.model.hosts[host_id] for host_id in self._devices]
        plans = [vrouter_entries(self.model, host, self.mapping) for host in hosts]
        found = await asyncio.gather(
            *(
                reconcile(self._devices[host.id], self._program, plan, copies)
                for host, plan in zip(hosts, plans, strict=True)
            )
        )
        return {host.id: difference for host, difference in zip(hosts, found, strict=True)}
