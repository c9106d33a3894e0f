"""What a packet would do: the tables it meets, the entries it hits, the counters it moves, and where it leaves.

The packet runs in a copy of the process (runtime/explain.h), through code that records what it does; so nothing is
changed: no register, no counter, no meter, no digest. That code is compiled when it is first asked for.
"""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from .build import BuildOptions, build_engine, open_library
from .codegen import generate
from .errors import EngineError

if TYPE_CHECKING:
    from .engine import Engine

ROOM = 4 << 20  # bytes of records that one packet may cause
_RECORD = struct.Struct("<IIQII")


class Kind(Enum):
    """What a step is."""

    INGRESS = 1
    EGRESS = 2
    TABLE = 3
    COUNT = 4
    DROPPED = 5
    OUT = 6
    CLONED = 7
    RECIRCULATED = 8
    RESUBMITTED = 9
    REPLICATED = 10
    DIGEST = 11
    CUT = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened.

    `number` is a port, a session, a multicast group, or the cell of a counter; `name` that of the table or counter.
    A table that was hit has the entry's `handle`; `key` is what was looked up, `data` what the action was given, as
    `Table` and `ActionCall` encode them. `packet` is what left.
    """

    kind: Kind
    number: int = 0
    name: str = ""
    handle: int | None = None
    key: bytes = b""
    action: str | None = None
    data: bytes = b""
    packet: bytes = b""


class Explainer:
    """Explains packets of one engine; may be called from any thread."""

    def __init__(self, engine: Engine, options: BuildOptions | None = None) -> None:
        self.engine = engine
        self._options = replace(options or BuildOptions(), trace=True)
        self._library: ctypes.CDLL | None = None
        self._building = threading.Lock()
        self._tables = list(engine.program.tables.values())
        self._counters = [c.name for c in engine.program.externs.counters.values() if not c.direct]

    def explain(self, port: int, packet: bytes) -> list[Step]:
        """What this packet would do if it came in on `port` now. Raises BuildFailed, EngineError."""
        out = ctypes.create_string_buffer(ROOM)
        used = self._loaded().p4e_explain(self.engine.pointer, port, packet, len(packet), out, ROOM)
        if used < 0:
            raise EngineError("the packet could not be explained: no memory, or it took more than five seconds")
        return list(self._steps(out.raw[:used]))

    def _loaded(self) -> ctypes.CDLL:
        with self._building:
            if self._library is None:
                library = open_library(build_engine(generate(self.engine.program).text, self._options))
                library.p4e_explain.restype = ctypes.c_int64
                library.p4e_explain.argtypes = [
                    *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_uint32),
                    *(ctypes.c_void_p, ctypes.c_uint64),
                ]
                self._library = library
            return self._library

    def _steps(self, raw: bytes) -> Iterator[Step]:
        offset = 0
        while offset < len(raw):
            kind, number, value, detail, size = _RECORD.unpack_from(raw, offset)
            body = raw[offset + _RECORD.size : offset + _RECORD.size + size]
            offset += _RECORD.size + size
            yield self._step(Kind(kind), number, value, detail, body)

    def _step(self, kind: Kind, number: int, value: int, detail: int, body: bytes) -> Step:
        if kind is Kind.TABLE:
            table = self._tables[number]
            actions = table.actions
            if table.action_profile is not None:
                actions = self.engine.program.action_profiles[table.action_profile].actions
            action = actions[detail - 1].name if detail else None
            key, data = body[: table.key_bytes], body[table.key_bytes :]
            return Step(kind, name=table.name, handle=value - 1 if value else None, key=key, action=action, data=data)
        if kind is Kind.COUNT:
            return Step(kind, number=value, name=self._counters[number])
        return Step(kind, number=number, packet=body)
