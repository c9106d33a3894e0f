"""The controller: holds the model and keeps the switches of all hosts at it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from controller.model import Model
from controller.p4rt import Device, Program
from controller.plan import vrouter_entries
from controller.reconcile import Difference, reconcile


class Controller:
    """Programs the router of each host. `devices` are by host id."""

    def __init__(self, model: Model, program: Program, devices: Mapping[str, Device]) -> None:
        self.model = model
        self._program = program
        self._devices = dict(devices)

    async def reconcile(self) -> dict[str, Difference]:
        """Brings every switch to the model; returns what was written, by host id."""
        hosts = [self.model.hosts[host_id] for host_id in self._devices]
        found = await asyncio.gather(
            *(reconcile(self._devices[host.id], self._program, vrouter_entries(self.model, host)) for host in hosts)
        )
        return {host.id: difference for host, difference in zip(hosts, found, strict=True)}
