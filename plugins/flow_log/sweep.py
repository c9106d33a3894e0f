"""Takes the rows out of the routers' log tables, by control packets: some in flight at a time, each going on where the
last one stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from controller.plugin import Node, Packet, Runtime

from .rows import READ, ROWS, RowKey, Totals, clock_of, row_of

_log = logging.getLogger(__name__)

RANGES = 32
PATIENCE = 5.0  # seconds without an answer
_ALL = 0xFFFFFFFF
_BACKWARDS = 5.0  # seconds by which a switch may seem to have begun later than it did, without having begun anew

# The fields of a packet-out that a question leaves empty.
_UNUSED = "protocol port eni local_port remote_port local remote secret local_side remote_side last state log"
_EMPTY = dict.fromkeys(_UNUSED.split(), 0)

Found = Callable[[RowKey, Totals], None]


@dataclass
class _Talk:
    """The questions to one router that are on their way."""

    number: int
    open: set[int] = field(default_factory=lambda: set(range(RANGES)))
    heard: asyncio.Event = field(default_factory=asyncio.Event)


class Sweeper:
    """Empties log tables. `found` gets every row, also one whose answer comes too late for its sweep."""

    def __init__(self, runtime: Runtime, found: Found) -> None:
        self._runtime = runtime
        self._found = found
        self._talks: dict[str, _Talk] = {}
        self._booted: dict[str, float] = {}  # by the switch's clock: when it began, in Unix time
        self._restarted: set[str] = set()
        self._missed: dict[str, Mapping[int, tuple[int, int]]] = {}
        self._number = 0

    async def sweep(self, node: Node) -> bool:
        """Empties the router's table; False when something of it may be lost."""
        self._number = self._number + 1 & 0xFFFFFF
        talk = self._talks[node.id] = _Talk(self._number)
        try:
            for part in range(RANGES):
                first = part * (ROWS // RANGES)
                await self._ask(node, talk.number << 8 | part, first, _ALL if part == RANGES - 1 else ROWS // RANGES)
            while talk.open:
                talk.heard.clear()
                await asyncio.wait_for(talk.heard.wait(), PATIENCE)
        except Exception as error:  # whatever became of the switch, what it counted is not complete
            _log.warning("flow_log_unread host=%s open=%d error=%r", node.name, len(talk.open), str(error))
            return False
        finally:
            self._talks.pop(node.id, None)
        restarted = node.id in self._restarted
        self._restarted.discard(node.id)
        return not restarted

    async def missed(self, node: Node) -> dict[int, int]:
        """Packets that found no room since the last time, by port."""
        before = self._missed.get(node.id, {})
        now = self._missed[node.id] = await self._runtime.counter(node, "flow_log.missed")
        counts = {port: packets - before.get(port, (0, 0))[0] for port, (packets, _) in now.items()}
        return {port: count for port, count in counts.items() if count > 0}

    async def take(self, node: Node, packet: Packet) -> None:
        """Takes an answer, and asks on."""
        fields = packet.fields
        if fields.get("op") != READ:
            return
        now = self._runtime.now()
        self._look_at_clock(node, now - clock_of(fields))
        if fields["found"]:
            self._found(*row_of(fields, now))
        talk = self._talks.get(node.id)
        if talk is None or fields["token"] >> 8 != talk.number:
            return
        talk.heard.set()
        if fields["count"]:
            await self._ask(node, fields["token"], fields["first"], fields["count"])
        else:
            talk.open.discard(fields["token"] & 0xFF)

    def _look_at_clock(self, node: Node, booted: float) -> None:
        """A switch that has begun anew has lost its rows and counters."""
        before = self._booted.setdefault(node.id, booted)
        self._booted[node.id] = booted
        if booted > before + _BACKWARDS:
            self._restarted.add(node.id)
            self._missed.pop(node.id, None)

    async def _ask(self, node: Node, token: int, first: int, count: int) -> None:
        fields = {**_EMPTY, "op": READ, "token": token, "first": first, "count": count}
        await self._runtime.send_packet(node, b"", **fields)
