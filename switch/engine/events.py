"""Decoding what the C side queues: digests and log lines."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import native
from .codegen.logs import LogFormat
from .program import DigestSpec
from .program.externs import Bits
from .values import Digest, Event, IdleTimeout, LogLine

if TYPE_CHECKING:
    from .engine import Engine

DIGEST, LOG = 1, 2
IDLE_CHUNK = 1024
_HOLE = re.compile(r"(?<!\\)\{[^{}]*\}")


class EventReader:
    """Drains the event queue of an engine."""

    def __init__(self, engine: Engine, logs: tuple[LogFormat, ...]) -> None:
        self._engine = engine
        self._logs = logs
        self._buffer = ctypes.create_string_buffer(1 << 16)
        self._timed = [
            (index, name) for index, (name, spec) in enumerate(engine.program.tables.items()) if spec.support_timeout
        ]

    def poll(self) -> list[Event]:
        """Everything queued so far, and the entries whose idle timeout has passed."""
        events: list[Event] = []
        while True:
            used = self._engine.library.p4e_events(self._engine.pointer, self._buffer, len(self._buffer))
            if not used:
                break
            events.extend(self._decode(self._buffer.raw[:used]))
        for index, name in self._timed:
            events.extend(self._idle(index, name))
        return events

    def _decode(self, raw: bytes) -> Iterator[Event]:
        offset = 0
        while offset < len(raw):
            kind, size, number = native.EVENT.unpack_from(raw, offset)
            body = raw[offset + native.EVENT.size : offset + native.EVENT.size + size]
            offset += native.EVENT.size + (size + 7) // 8 * 8
            if kind == DIGEST:
                yield self._digest(self._engine.program.externs.digests[number], body)
            elif kind == LOG:
                yield self._log(self._logs[number], body)

    def _digest(self, spec: DigestSpec, body: bytes) -> Digest:
        values: list[bytes] = []
        offset = 0
        for element in spec.elements:
            width = element.width if isinstance(element, Bits) else element.field.width
            size = (width + 7) // 8
            values.append(body[offset : offset + size])
            offset += size
        return Digest(spec.name, spec.id, tuple(values))

    def _log(self, spec: LogFormat, body: bytes) -> LogLine:
        numbers = iter(
            [int.from_bytes(body[i : i + 16], "little", signed=True) for i in range(0, 16 * spec.values, 16)]
        )
        text = _HOLE.sub(lambda hole: str(next(numbers, hole[0])), spec.text)
        return LogLine(text.replace("\\{", "{").replace("\\}", "}"))

    def _idle(self, index: int, name: str) -> Iterator[IdleTimeout]:
        handles = (ctypes.c_uint64 * IDLE_CHUNK)()
        while True:
            count = self._engine.library.p4e_idle(self._engine.pointer, index, handles, IDLE_CHUNK)
            yield from (IdleTimeout(name, handle) for handle in handles[:count])
            if count < IDLE_CHUNK:
                return
