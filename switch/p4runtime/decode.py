"""The fast decoder of WriteRequests: what decode.c needs to know about a pipeline, and the call to it."""

import ctypes
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from switch.engine.build import BuildOptions, build_library
from switch.engine.values import ActionCall, OpKind, TableOp
from switch.p4runtime.actions import SCOPE, ActionCodec
from switch.p4runtime.bytestring import byte_count
from switch.p4runtime.tables import TableState
from switch.p4runtime.values import Number, Value

INSERT, MODIFY, DELETE = 1, 2, 3
_SLOW = 0xFFFFFFFF
_KINDS = {"exact": 0, "lpm": 1, "ternary": 2, "range": 3, "optional": 4}
_RUN = struct.Struct("=IIIIQQ")
_TABLE_WORDS = 11
# As in decode.c.
_MAX_FIELDS = 64
# Memory for the operations of one batch; larger ones go the ordinary way.
_MAX_BYTES = 256 << 20


@dataclass(frozen=True)
class Run:
    """Consecutive updates: for one table, packed in `ops`, or (`state` None) to be decoded the ordinary way."""

    state: TableState | None
    first: int
    count: int
    ops: bytes


def prepare() -> None:
    """Compiles the decoder, unless that was done before; raises `switch.engine.errors.BuildFailed`."""
    _library()


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    path = build_library("p4runtime-decode", [Path(__file__).with_name("decode.c")], BuildOptions())
    library = ctypes.CDLL(str(path))
    pointer, number = ctypes.c_char_p, ctypes.c_uint32
    library.p4d_decode.restype = number
    library.p4d_decode.argtypes = [
        pointer, number, pointer, pointer, pointer, ctypes.c_uint64, ctypes.c_void_p, number, ctypes.c_void_p
    ]  # fmt: skip
    return library


class Decoder:
    """Decodes the plain updates of one pipeline's tables."""

    def __init__(self, states: list[TableState]):
        self._states = [state for state in states if _eligible(state)]
        self._heads = b""
        self._op_size = 0
        self._library = _library()
        self._words = self._plan()

    def decode(self, raw: bytes, count: int) -> list[Run]:
        """The runs of a serialized WriteRequest with `count` updates."""
        ordinary = [Run(None, 0, count, b"")]
        if self._op_size * (count + 1) > _MAX_BYTES:
            return ordinary
        runs = ctypes.create_string_buffer(_RUN.size * max(count, 1))
        # One operation more than needed: what turns out to be slow was written behind the last good one.
        out = ctypes.create_string_buffer(self._op_size * (count + 1))
        allowed = bytes(_allowed(state) for state in self._states)
        found = self._library.p4d_decode(
            self._words, len(self._states), self._heads, allowed, raw, len(raw), runs, count, out
        )
        decoded = list(self._runs(runs.raw, memoryview(out), found))
        return decoded if sum(run.count for run in decoded) == count else ordinary

    def _runs(self, packed: bytes, out: memoryview, found: int) -> Iterator[Run]:
        for index in range(found):
            table, first, count, _, offset, length = _RUN.unpack_from(packed, index * _RUN.size)
            state = None if table == _SLOW else self._states[table]
            yield Run(state, first, count, bytes(out[offset : offset + length]))

    def _plan(self) -> bytes:
        """The plan's words: first the tables' records, then what they point at."""
        tables: list[int] = []
        rest: list[int] = []
        base = _TABLE_WORDS * len(self._states)
        for state in self._states:
            tables += self._table(state, rest, base)
        return struct.pack(f"={base + len(rest)}I", *tables, *rest)

    def _table(self, state: TableState, rest: list[int], base: int) -> list[int]:
        key = state.binding.key
        fields = base + len(rest)
        for field in key.fields:
            rest += [field.id, _KINDS[field.kind], field.width, field.size, field.offset]
        usable = [c for c in state.binding.actions.by_id.values() if _usable(state, c)]
        records: list[int] = []
        for codec in usable:
            records += self._action(state, codec, rest, base)
        actions = base + len(rest)
        rest += records
        head, at = _head(state, OpKind.DELETE, None)
        most = max((codec.size for codec in state.binding.actions.by_id.values()), default=0)
        self._op_size = max(self._op_size, len(head) + 2 * key.size + most)
        prioritised, masked = int(key.needs_priority), int(not key.all_exact)
        where = self._add(head)
        return [
            state.binding.id, prioritised, key.size, masked, fields, len(key.fields), actions, len(usable), where,
            len(head), at,
        ]  # fmt: skip

    def _action(self, state: TableState, codec: ActionCodec, rest: list[int], base: int) -> list[int]:
        params, offset = base + len(rest), 0
        for param in codec.params:
            size = byte_count(param.value.width)
            rest += [param.id, 0, param.value.width, size, offset]
            offset += size
        call = ActionCall(codec.name, bytes(codec.size))
        heads = [self._add(_head(state, kind, call)[0]) for kind in (OpKind.INSERT, OpKind.MODIFY)]
        return [codec.id, params, len(codec.params), codec.size, *heads]

    def _add(self, head: bytes) -> int:
        self._heads += head
        return len(self._heads) - len(head)


def _plain(value: Value) -> bool:
    return isinstance(value, Number) and value.width == value.sdn_width


def _eligible(state: TableState) -> bool:
    info, fields = state.binding.info, state.binding.key.fields
    const = info.is_const_table or info.has_initial_entries
    plain = all(_plain(field.value) for field in fields)
    return state.profile is None and not const and plain and 0 < len(fields) <= _MAX_FIELDS


def _usable(state: TableState, codec: ActionCodec) -> bool:
    scope = state.binding.actions.scope(codec.id)
    plain = all(_plain(param.value) for param in codec.params)
    return scope != SCOPE.DEFAULT_ONLY and plain and len(codec.params) <= _MAX_FIELDS


def _allowed(state: TableState) -> int:
    """The operations that need nothing but the engine: what is remembered of entries must be kept up by hand."""
    if state.extras:
        return 1 << INSERT
    return 1 << INSERT | 1 << DELETE | (0 if state.binding.meter is not None else 1 << MODIFY)


def _head(state: TableState, kind: OpKind, call: ActionCall | None) -> tuple[bytes, int]:
    """What stands before key, mask and data in a packed operation, and where the priority stands in it."""
    key = bytes(state.binding.key.size)
    mask = None if state.binding.key.all_exact else key
    data = len(call.data) if call is not None else 0
    zero, full = (state.table.pack(TableOp(kind, key, mask, priority, call)) for priority in (0, 0x7F7F7F7F))
    at = next(i for i, (a, b) in enumerate(zip(zero, full, strict=True)) if a != b)
    return zero[: len(zero) - len(key) - len(mask or b"") - data], at
