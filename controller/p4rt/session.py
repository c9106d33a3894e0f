"""A conversation with one switch, in plain values.

async with connect("127.0.0.1:9559", program=Program(json, p4info)) as switch:
    await switch.insert(Entry("route", {"destination": "10.0.1.0/24"}, "forward", port=2))
    for entry in await switch.read("route"):
        print(entry)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import finsy
from finsy.proto import p4r

from controller.p4rt.difference import Difference, difference
from controller.p4rt.entry import Entry
from controller.p4rt.errors import TableError
from controller.p4rt.program import Program
from controller.p4rt.schema import Schema, TableInfo
from controller.p4rt.switch import SwitchDevice


@dataclass(frozen=True)
class Count:
    """What a counter cell or a table entry has seen."""

    packets: int
    bytes: int


@asynccontextmanager
async def connect(
    address: str, *, program: Program | None = None, device_id: int = 1, election_id: int = 1, name: str | None = None
) -> AsyncIterator[Session]:
    """A session as primary with the switch at an address such as `127.0.0.1:9559` or `unix:/run/s1.sock`.

    The switch is made to run `program`; without one it is taken as it is. TableError when it does not answer, when
    another controller is primary, or when it runs nothing.
    """
    async with SwitchDevice(name or address, address, device_id=device_id, election_id=election_id) as device:
        if program is not None:
            await device.set_program(program)
        yield Session(device, Schema(program.p4info if program is not None else await device.p4info()))


class Batch:
    """Updates that are sent together, in order, when the block ends without an error."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self.updates: list[p4r.Update] = []

    def insert(self, *entries: Entry) -> None:
        """Adds entries that are not there yet."""
        self._add(p4r.Update.INSERT, entries)

    def modify(self, *entries: Entry) -> None:
        """Gives entries that are there another action."""
        self._add(p4r.Update.MODIFY, entries)

    def delete(self, *entries: Entry) -> None:
        """Removes entries; only their match counts."""
        self._add(p4r.Update.DELETE, entries)

    def _add(self, kind: p4r.Update.Type.ValueType, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.updates.append(p4r.Update(type=kind, entity=p4r.Entity(table_entry=self._schema.encode(entry))))


class Session:
    """Tables, counters, registers and messages of one switch; a TableError names what was refused."""

    def __init__(self, device: SwitchDevice, schema: Schema) -> None:
        self._device = device
        self._schema = schema

    def tables(self) -> list[TableInfo]:
        """What the program's tables look like."""
        return self._schema.describe()

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[Batch]:
        """Collects updates and writes them in one request."""
        batch = self.new_batch()
        yield batch
        await self.write(batch)

    def new_batch(self) -> Batch:
        """A batch for `write`."""
        return Batch(self._schema)

    async def write(self, batch: Batch) -> None:
        """Sends the updates of a batch, in order."""
        if batch.updates:
            await self._device.write(batch.updates)

    async def insert(self, *entries: Entry) -> None:
        """Adds entries that are not there yet."""
        async with self.batch() as batch:
            batch.insert(*entries)

    async def modify(self, *entries: Entry) -> None:
        """Gives entries that are there another action."""
        async with self.batch() as batch:
            batch.modify(*entries)

    async def delete(self, *entries: Entry) -> None:
        """Removes entries; only their match counts."""
        async with self.batch() as batch:
            batch.delete(*entries)

    async def read(self, table: str | None = None) -> list[Entry]:
        """The entries of a table, or of all tables; default entries are left out."""
        return [self._schema.decode(entry) for entry in await self._entries(table)]

    async def difference(self, entries: Iterable[Entry], tables: Iterable[str]) -> Difference:
        """What `apply` would write: a dry run."""
        wanted = [self._schema.encode(entry) for entry in entries]
        names = list(tables)
        ids = {self._schema.table_id(name): name for name in names}
        stray = next((entry for entry in wanted if entry.table_id not in ids), None)
        if stray is not None:
            raise TableError(f"an entry is for a table that is not among {', '.join(names)}")
        actual = [entry for name in names for entry in await self._entries(name)]
        return difference(wanted, actual)

    async def apply(self, entries: Iterable[Entry], tables: Iterable[str]) -> Difference:
        """Makes the tables hold exactly these entries; returns what was written."""
        found = await self.difference(entries, tables)
        if found:
            await self._device.write(found.updates())
        return found

    async def counter(self, name: str) -> Mapping[int, Count]:
        """The cells of an indexed counter that have counted something."""
        query = p4r.Entity(counter_entry=p4r.CounterEntry(counter_id=self._schema.counter_id(name)))
        cells = {}
        for entity in await self._device.read([query]):
            data = entity.counter_entry.data
            if data.packet_count or data.byte_count:
                cells[entity.counter_entry.index.index] = Count(data.packet_count, data.byte_count)
        return cells

    async def table_counts(self, table: str) -> Mapping[Entry, Count]:
        """The entries of a table with a direct counter, and what each has seen."""
        found = {}
        for entry in await self._entries(table, counted=True):
            data = entry.counter_data
            found[self._schema.decode(entry)] = Count(data.packet_count, data.byte_count)
        return found

    async def register(self, name: str, index: int) -> int:
        """The value of one register cell, for registers of bit<N>; BMv2 cannot tell it."""
        entry = p4r.RegisterEntry(register_id=self._schema.register_id(name), index=p4r.Index(index=index))
        for entity in await self._device.read([p4r.Entity(register_entry=entry)]):
            return int.from_bytes(entity.register_entry.data.bitstring, "big")
        raise TableError(f"register {name} has no cell {index}")

    async def set_register(self, name: str, index: int, value: int) -> None:
        """Writes one register cell."""
        if value < 0:
            raise TableError(f"register {name}: {value} is negative")
        entry = p4r.RegisterEntry(register_id=self._schema.register_id(name), index=p4r.Index(index=index))
        entry.data.bitstring = value.to_bytes(max((value.bit_length() + 7) // 8, 1), "big")
        await self._device.write([p4r.Update(type=p4r.Update.MODIFY, entity=p4r.Entity(register_entry=entry))])

    async def packets(self) -> AsyncIterator[finsy.P4PacketIn]:
        """Packets that the switch sends to its controller, as they come."""
        async for message in self._device.messages("packet"):
            yield finsy.P4PacketIn.decode(message, self._schema.finsy)

    async def send_packet(self, payload: bytes, **metadata: int) -> None:
        """Sends a packet out through the switch; `metadata` are the fields of the program's packet_out header."""
        await self._device.send(finsy.P4PacketOut(payload, **metadata).encode_update(self._schema.finsy))

    async def digests(self, name: str) -> AsyncIterator[finsy.P4DigestList]:
        """Lists of a digest as they come; each is acknowledged when the next is asked for."""
        entry = finsy.P4DigestEntry(name, max_list_size=100, max_timeout_ns=0, ack_timeout_ns=10**9)
        entity = entry.encode(self._schema.finsy)
        try:
            await self._device.write([p4r.Update(type=p4r.Update.INSERT, entity=entity)])
        except TableError:  # it has been asked for before
            await self._device.write([p4r.Update(type=p4r.Update.MODIFY, entity=entity)])
        async for message in self._device.messages("digest"):
            found = finsy.P4DigestList.decode(message, self._schema.finsy)
            if found.digest_id == name:
                yield found
                await self._device.send(found.ack().encode_update(self._schema.finsy))

    async def _entries(self, table: str | None, *, counted: bool = False) -> list[p4r.TableEntry]:
        query = p4r.TableEntry(table_id=self._schema.table_id(table) if table else 0)
        if counted:
            query.counter_data.SetInParent()
        found = [entity.table_entry for entity in await self._device.read([p4r.Entity(table_entry=query)])]
        return [entry for entry in found if not entry.is_default_action]
