"""The same sessions for programs without an event loop.

with blocking.connect("127.0.0.1:9559") as switch:
    switch.insert(Entry("route", {"destination": "10.0.1.0/24"}, "forward", port=2))
    for entry in switch.read("route"):
        print(entry)
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import finsy

from controller.p4rt import session as asynchronous
from controller.p4rt.difference import Difference
from controller.p4rt.entry import Entry
from controller.p4rt.program import Program
from controller.p4rt.schema import TableInfo
from controller.p4rt.session import Batch, Count

_T = TypeVar("_T")


@contextmanager
def connect(
    address: str, *, program: Program | None = None, device_id: int = 1, election_id: int = 1, name: str | None = None
) -> Iterator[Session]:
    """A session as `controller.p4rt.connect` makes it, whose methods return when they are done."""
    loop = _Loop()
    try:
        opening = asynchronous.connect(
            address, program=program, device_id=device_id, election_id=election_id, name=name
        )
        inner = loop.run(opening.__aenter__())
        try:
            yield Session(inner, loop)
        finally:
            loop.run(opening.__aexit__(None, None, None))
    finally:
        loop.close()


class Session:
    """Tables, counters, registers and messages of one switch; a TableError names what was refused."""

    def __init__(self, inner: asynchronous.Session, loop: _Loop) -> None:
        self._inner = inner
        self._loop = loop

    def tables(self) -> list[TableInfo]:
        """What the program's tables look like."""
        return self._inner.tables()

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Collects updates and writes them in one request, unless the block ends with an error."""
        batch = self._inner.new_batch()
        yield batch
        self._loop.run(self._inner.write(batch))

    def insert(self, *entries: Entry) -> None:
        """Adds entries that are not there yet."""
        self._loop.run(self._inner.insert(*entries))

    def modify(self, *entries: Entry) -> None:
        """Gives entries that are there another action."""
        self._loop.run(self._inner.modify(*entries))

    def delete(self, *entries: Entry) -> None:
        """Removes entries; only their match counts."""
        self._loop.run(self._inner.delete(*entries))

    def read(self, table: str | None = None) -> list[Entry]:
        """The entries of a table, or of all tables; default entries are left out."""
        return self._loop.run(self._inner.read(table))

    def difference(self, entries: Iterable[Entry], tables: Iterable[str]) -> Difference:
        """What `apply` would write: a dry run."""
        return self._loop.run(self._inner.difference(entries, tables))

    def apply(self, entries: Iterable[Entry], tables: Iterable[str]) -> Difference:
        """Makes the tables hold exactly these entries; returns what was written."""
        return self._loop.run(self._inner.apply(entries, tables))

    def counter(self, name: str) -> Mapping[int, Count]:
        """The cells of an indexed counter that have counted something."""
        return self._loop.run(self._inner.counter(name))

    def table_counts(self, table: str) -> Mapping[Entry, Count]:
        """The entries of a table with a direct counter, and what each has seen."""
        return self._loop.run(self._inner.table_counts(table))

    def register(self, name: str, index: int) -> int:
        """The value of one register cell, for registers of bit<N>; BMv2 cannot tell it."""
        return self._loop.run(self._inner.register(name, index))

    def set_register(self, name: str, index: int, value: int) -> None:
        """Writes one register cell."""
        self._loop.run(self._inner.set_register(name, index, value))

    def packets(self) -> Generator[finsy.P4PacketIn, None, None]:
        """Packets that the switch sends to its controller, as they come; from the first `next` on."""
        return self._each(self._inner.packets())

    def send_packet(self, payload: bytes, **metadata: int) -> None:
        """Sends a packet out through the switch; `metadata` are the fields of the program's packet_out header."""
        self._loop.run(self._inner.send_packet(payload, **metadata))

    def digests(self, name: str) -> Generator[finsy.P4DigestList, None, None]:
        """Lists of a digest as they come; each is acknowledged when the next is asked for."""
        return self._each(self._inner.digests(name))

    def _each(self, source: AsyncIterator[_T]) -> Generator[_T, None, None]:
        try:
            while True:
                try:
                    yield self._loop.run(_next(source))
                except StopAsyncIteration:
                    return
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                self._loop.run(close())


async def _next(source: AsyncIterator[_T]) -> _T:
    return await anext(source)


class _Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="p4runtime", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """What the work gives; raises what it raises."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Ends the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
