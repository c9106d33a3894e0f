"""Looking into running switches: the way of a packet, what is dropped and why, who sends most."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from finsy.proto import p4r

from controller.errors import RequestError
from controller.explain import Step, StepReader, Walk, Walker
from controller.model import Model, NetworkInterface, PhysicalHost
from controller.p4rt import Program, Schema, TableError

_T = TypeVar("_T")

_REASON_BITS = 8  # cells of port_drops: port << 8 | reason (p4src/stages/account.p4)


class Observed(Protocol):
    """A switch that can be looked into."""

    async def read(self, entities: Sequence[p4r.Entity]) -> list[p4r.Entity]:
        """Reads entities."""
        ...

    async def explain(self, port: int, packet: bytes, *, live: bool = False) -> list[dict[str, Any]]:
        """What a packet would do, or with `live` does."""
        ...


@dataclass(frozen=True, slots=True)
class DropCount:
    """Packets of an interface, or to it, that its host's router dropped for one reason since it started."""

    host: str
    network_interface_id: str
    reason: str
    packets: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What an interface has sent and got since its host's router started."""

    host: str
    network_interface_id: str
    packets_out: int
    bytes_out: int
    packets_in: int
    bytes_in: int


class Observatory:
    """Asks the switches that are reached; RequestError Unavailable when one that is needed is not."""

    def __init__(
        self,
        model: Callable[[], Model],
        devices: Callable[[], Mapping[str, Any]],
        program: Callable[[str], Awaitable[Program]],
    ) -> None:
        self._model = model
        self._devices = devices
        self._program = program
        self._schemas: dict[int, Schema] = {}

    async def explain(self, eni: NetworkInterface, frame: bytes, *, live: bool) -> Walk:
        """The way of a frame that an interface sends; with `live` it is really sent, behind the explanation."""

        async def ask(host: PhysicalHost, port: int, packet: bytes) -> list[Step]:
            documents = await _told(self._device(host).explain(port, packet))
            return StepReader(await self._schema(host)).read(documents)

        host = self._model().hosts[eni.host_id] if eni.host_id else None
        if host is None:
            raise RequestError("IncorrectState", f"{eni.id} is not plugged in anywhere")
        walk = await Walker(self._model(), ask).walk(host, eni.port, frame)
        if live:
            await _told(self._device(host).explain(eni.port, frame, live=True))
        return walk

    async def drops(self, interfaces: Iterable[NetworkInterface]) -> list[DropCount]:
        """What was dropped of each interface, the most first; interfaces on switches that are away are left out."""
        grouped = self._by_host(interfaces)
        found = await asyncio.gather(*(self._drops_of(host, group) for host, group in grouped.items()))
        return sorted((count for counts in found for count in counts), key=lambda count: -count.packets)

    async def traffic(self, interfaces: Iterable[NetworkInterface]) -> list[Traffic]:
        """What each interface has sent and got; interfaces on switches that are away are left out."""
        grouped = {host: [(eni, eni.port) for eni in group] for host, group in self._by_host(interfaces).items()}
        sent, got = await asyncio.gather(
            asyncio.gather(*(self._cells(host, "received", cells) for host, cells in grouped.items())),
            asyncio.gather(*(self._cells(host, "sent", cells) for host, cells in grouped.items())),
        )
        return [
            Traffic(host.name, out[0].id, *out[2:], *back[2:])
            for host, outs, backs in zip(grouped, sent, got, strict=True)
            for out, back in zip(outs, backs, strict=True)
        ]

    async def _drops_of(self, host: PhysicalHost, interfaces: Sequence[NetworkInterface]) -> list[DropCount]:
        reasons = {number: name for name, number in (await self._schema(host)).enum("drop_reason_t").items() if number}
        wanted = [(eni, eni.port << _REASON_BITS | number) for eni in interfaces for number in reasons]
        return [
            DropCount(host.name, eni.id, reasons[cell & (1 << _REASON_BITS) - 1], packets, size)
            for eni, cell, packets, size in await self._cells(host, "port_drops", wanted)
            if packets
        ]

    def _by_host(self, interfaces: Iterable[NetworkInterface]) -> dict[PhysicalHost, list[NetworkInterface]]:
        model, reached = self._model(), self._devices()
        grouped: dict[PhysicalHost, list[NetworkInterface]] = {}
        for eni in interfaces:
            if eni.host_id in reached:
                grouped.setdefault(model.hosts[eni.host_id], []).append(eni)
        return grouped

    async def _cells(
        self, host: PhysicalHost, counter: str, cells: Sequence[tuple[NetworkInterface, int]]
    ) -> list[tuple[NetworkInterface, int, int, int]]:
        counter_id = (await self._schema(host)).counter_id(counter)
        entities = [
            p4r.Entity(counter_entry=p4r.CounterEntry(counter_id=counter_id, index=p4r.Index(index=cell)))
            for _, cell in cells
        ]
        found = await _told(self._device(host).read(entities))
        data = {entity.counter_entry.index.index: entity.counter_entry.data for entity in found}
        return [(eni, cell, data[cell].packet_count, data[cell].byte_count) for eni, cell in cells if cell in data]

    def _device(self, host: PhysicalHost) -> Observed:
        device = self._devices().get(host.id)
        if device is None:
            raise RequestError("Unavailable", f"The switch of {host.name} is not reached now")
        return device

    async def _schema(self, host: PhysicalHost) -> Schema:
        program = await self._program(host.program)
        found = self._schemas.get(program.cookie)
        if found is None:
            found = self._schemas[program.cookie] = Schema(program.p4info)
        return found


async def _told(answer: Awaitable[_T]) -> _T:
    try:
        return await answer
    except TableError as error:
        raise RequestError("Unavailable", str(error)) from None
