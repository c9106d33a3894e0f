"""What a running controller offers to a plugin (`controller.plugin.Runtime`)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from controller.model import Model
from controller.model.transaction import Caller, Transaction
from controller.p4rt import Program, Schema, Session, TableError
from controller.plugin import Node, Plugin
from controller.store import Ledger

if TYPE_CHECKING:
    from controller.loader.manager import Switches


class PluginRuntime:
    """A plugin's hands: the model, transactions in its name, and the switches that are reached."""

    def __init__(
        self, plugin: Plugin, ledger: Ledger, switches: Switches, program: Callable[[str], Awaitable[Program]]
    ) -> None:
        self._caller = Caller(f"plugin {plugin.name}")
        self._ledger = ledger
        self._switches = switches
        self._program = program

    @property
    def model(self) -> Model:
        """The region as it is."""
        return self._ledger.model

    @property
    def nodes(self) -> list[Node]:
        """The switches that are reached."""
        hosts = self._ledger.model.hosts
        return [
            Node(hosts[host_id], hosts[host_id].program) for host_id in self._switches.devices() if host_id in hosts
        ]

    def now(self) -> float:
        """Unix time."""
        return time.time()

    def transaction(self, action: str) -> AbstractContextManager[Transaction]:
        """Changes resources in the plugin's name."""
        return self._ledger.transaction(self._caller, action)

    def replan(self) -> None:
        """Has everything planned anew."""
        self._switches.replan()

    async def send_packet(self, node: Node, payload: bytes, **fields: int) -> None:
        """Sends a packet-out."""
        await (await self._session(node)).send_packet(payload, **fields)

    async def counter(self, node: Node, name: str) -> Mapping[int, tuple[int, int]]:
        """The cells of an indexed counter that have counted something: packets and bytes."""
        found = await (await self._session(node)).counter(name)
        return {cell: (count.packets, count.bytes) for cell, count in found.items()}

    async def register(self, node: Node, name: str, index: int) -> int:
        """One cell of a register."""
        return await (await self._session(node)).register(name, index)

    async def _session(self, node: Node) -> Session:
        device = self._switches.devices().get(node.id)
        if device is None:
            raise TableError(f"{node.name} is not reached")
        return Session(device, Schema((await self._program(node.program)).p4info))
