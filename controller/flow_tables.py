"""Asking routers about their flow tables, through packets to and from the switch (docs/flows.md)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import finsy

from controller.errors import RequestError
from controller.flow_records import ANY, Answer, Filter, FlowRecord, Op, answer_of, asked, imported
from controller.model import Model, NetworkInterface, PhysicalHost
from controller.p4rt import Program, Schema, Session, TableError

_T = TypeVar("_T")

ANSWER_WAIT = 2.0  # seconds
PATIENCE = 3  # questions that may stay without an answer, for packets may be lost


class Asked(Protocol):
    """What a session with a switch offers."""

    def packets(self) -> AsyncIterator[finsy.P4PacketIn]:
        """Packets that the switch sends to its controller."""
        ...

    async def send_packet(self, payload: bytes, **metadata: int) -> None:
        """Sends a packet out through the switch."""
        ...


class FlowTable:
    """The flow table of one router."""

    def __init__(self, session: Asked) -> None:
        self._session = session

    async def flows(self, which: Filter = ANY, most: int | None = None) -> list[FlowRecord]:
        """The records that fit, at most so many."""
        found: list[FlowRecord] = []
        async for answer in self._answers(Op.DUMP, which):
            found += [answer.record] if answer.record is not None else []
            if most is not None and len(found) >= most:
                break
        return found

    async def delete(self, which: Filter) -> int:
        """Removes the records that fit; returns how many."""
        return sum([answer.found async for answer in self._answers(Op.DELETE, which)])

    async def load(self, record: FlowRecord, port: int, secret: int) -> bool:
        """Gives the router a record, for the interface behind `port`; False when there is no room."""
        return (await self._ask(imported(record, port, secret))).found == 1

    async def _answers(self, op: Op, which: Filter) -> AsyncIterator[Answer]:
        answer = await self._ask(asked(op, which))
        yield answer
        while answer.left:
            answer = await self._ask(asked(op, which, answer.next_way, answer.left))
            yield answer

    async def _ask(self, fields: dict[str, int]) -> Answer:
        """TableError when no answer comes. A question that is asked twice does no harm."""
        token = secrets.randbits(32)
        for _ in range(PATIENCE):
            packets = self._session.packets()
            answer = asyncio.ensure_future(_with_token(packets, token))
            try:
                await asyncio.sleep(0)  # from here on packets are kept for us
                await self._session.send_packet(b"", **{**fields, "token": token})
                return await asyncio.wait_for(answer, ANSWER_WAIT)
            except TimeoutError:
                continue
            finally:
                answer.cancel()
        raise TableError("the router does not answer questions about flows")


async def _with_token(packets: AsyncIterator[finsy.P4PacketIn], token: int) -> Answer:
    async for packet in packets:
        if packet.metadata.get("token") == token:
            return answer_of(packet.metadata)
    raise TableError("the switch has gone")


Carried = dict[tuple[object, ...], tuple[int, int]]  # packets out and in of each flow, when it was copied


class FlowTables:
    """The flow tables of the routers that are reached."""

    def __init__(
        self,
        model: Callable[[], Model],
        devices: Callable[[], Mapping[str, Any]],
        program: Callable[[str], Awaitable[Program]],
    ) -> None:
        self._model = model
        self._devices = devices
        self._program = program

    async def of(self, host: PhysicalHost) -> FlowTable | None:
        """The table of a host's router; None when it is not reached, or no router."""
        device = self._devices().get(host.id)
        if device is None or host.program != "vrouter":
            return None
        return FlowTable(Session(device, Schema((await self._program(host.program)).p4info)))

    async def list(
        self, interfaces: Sequence[NetworkInterface], which: Filter, most: int
    ) -> list[tuple[PhysicalHost, NetworkInterface, FlowRecord]]:
        """The flows of interfaces that fit, at most so many."""
        found: list[tuple[PhysicalHost, NetworkInterface, FlowRecord]] = []
        for host, enis in self._by_host(interfaces).items():
            table = await self.of(host)
            if table is None:
                continue
            for filter_ in map(which.of_interface, enis):
                room = most - len(found)
                for record in await _told(table.flows(filter_, room)) if room else ():
                    if record.eni in enis:
                        found.append((host, enis[record.eni], record))
        return found

    async def delete(self, interfaces: Sequence[NetworkInterface], which: Filter) -> int:
        """Removes flows of interfaces that fit; returns how many records went."""
        gone = 0
        for host, enis in self._by_host(interfaces).items():
            table = await self.of(host)
            if table is not None:
                gone += sum([await _told(table.delete(which.of_interface(number))) for number in enis])
        return gone

    async def carry(
        self, eni: NetworkInterface, old_host_id: str, secret: Callable[[PhysicalHost], int], carried: Carried
    ) -> None:
        """Copies an interface's flows from where it was to where it is: those not yet carried as they are now."""
        hosts = self._model().hosts
        if old_host_id not in hosts or eni.host_id not in hosts:
            return
        old, new = await self.of(hosts[old_host_id]), await self.of(hosts[eni.host_id])
        if old is None or new is None:
            return
        key = secret(hosts[eni.host_id])
        for record in await old.flows(Filter(eni=eni.number)):
            counts = (record.leaving.packets, record.coming.packets)
            if record.kind == 0 and carried.get(record.key) != counts and await new.load(record, eni.port, key):
                carried[record.key] = counts

    def _by_host(self, interfaces: Sequence[NetworkInterface]) -> dict[PhysicalHost, dict[int, NetworkInterface]]:
        hosts = self._model().hosts
        grouped: dict[PhysicalHost, dict[int, NetworkInterface]] = {}
        for eni in interfaces:
            if eni.host_id in hosts:
                grouped.setdefault(hosts[eni.host_id], {})[eni.number] = eni
        return grouped


async def _told(answer: Awaitable[_T]) -> _T:
    try:
        return await answer
    except TableError as error:
        raise RequestError("Unavailable", str(error)) from None
