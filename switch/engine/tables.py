"""A table of the running engine."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from . import native
from .errors import BadValue, EngineError, NoSuchEntry, ReadOnly
from .program import TableSpec
from .values import ActionCall, ColourCounts, Entry, Group, Member, MeterRates, OpKind, TableOp, Target

if TYPE_CHECKING:
    from .engine import Engine

READ_CHUNK = 1 << 16


class Table:
    """A table: entries by handle, found by key.

    A key is the concatenation, over the key fields in JSON order, of ceil(width/8) big-endian bytes; masks alike.
    What they hold for each kind: exact value/ones, lpm value/prefix mask, ternary value/mask, range low/high,
    optional value/ones or 0/zeros, valid 0 or 1 in a byte/ones. A mask of None means all fields exact.
    The larger priority wins; tables without ternary, range or optional fields ignore priorities.
    Raises TableFull, DuplicateEntry, NoSuchEntry, BadValue, ReadOnly.
    """

    def __init__(self, engine: Engine, index: int, spec: TableSpec) -> None:
        self.spec = spec
        self._engine = engine
        self._index = index
        self._locked = spec.entries is not None
        self._default = ActionCall("", b"")
        actions = (
            spec.actions if spec.action_profile is None else engine.program.action_profiles[spec.action_profile].actions
        )
        self._names = tuple(action.name for action in actions)
        self._data_bytes = tuple(action.data_bytes for action in actions)
        self._action_index = {name: index for index, name in reversed(list(enumerate(self._names)))}

    def __len__(self) -> int:
        return int(self._engine.library.p4e_table_count(self._engine.pointer, self._index))

    def insert(self, key: bytes, mask: bytes | None, priority: int, action: Target, idle_timeout_ns: int = 0) -> int:
        """Adds an entry and returns its handle."""
        return self._one(TableOp(OpKind.INSERT, key, mask, priority, action, idle_timeout_ns))

    def find(self, key: bytes, mask: bytes | None, priority: int) -> int | None:
        """The handle of the entry with that key, mask and priority."""
        self._check_key(key, mask)
        handle = ctypes.c_uint64()
        status = self._engine.library.p4e_table_find(
            self._engine.pointer, self._index, key, mask, priority, ctypes.byref(handle)
        )
        if status == 0:
            return handle.value
        error = native.error_of(status, f"table {self.spec.name}")
        if error is not None and not isinstance(error, NoSuchEntry):
            raise error
        return None

    def modify(self, handle: int, action: Target, idle_timeout_ns: int | None = None) -> None:
        """Replaces the entry's action (and idle timeout, where given); counters go on."""
        current = self.entry(handle)
        idle = current.idle_timeout_ns if idle_timeout_ns is None else idle_timeout_ns
        self._one(TableOp(OpKind.MODIFY, current.key, current.mask, current.priority, action, idle))

    def delete(self, handle: int) -> None:
        """Removes the entry."""
        current = self.entry(handle)
        self._one(TableOp(OpKind.DELETE, current.key, current.mask, current.priority))

    def clear(self) -> None:
        """Removes all entries; the default action stays."""
        if self._locked:
            raise ReadOnly(f"the entries of table {self.spec.name} are constant")
        status = self._engine.library.p4e_table_clear(self._engine.pointer, self._index)
        native.check(status, f"table {self.spec.name}")

    def entry(self, handle: int) -> Entry:
        """The entry of that handle."""
        found = next(self._read(handle, limit=1), None)
        if found is None or found.handle != handle:
            raise NoSuchEntry(f"table {self.spec.name} has no entry {handle:#x}")
        return found

    def entries(self) -> Iterator[Entry]:
        """All entries; those that come or go meanwhile may be missed or told."""
        return self._read(0)

    @property
    def default(self) -> ActionCall:
        """The default action; its name is empty where the table has none."""
        return self._default

    def set_default(self, action: ActionCall) -> None:
        """Sets the default action; ReadOnly where the program says const."""
        declared = self.spec.default
        if declared is not None and (declared.const_action or declared.const_entry):
            same = self.spec.actions[declared.action].name == action.action
            if not same or (declared.const_entry and action.data != declared.data):
                raise ReadOnly(f"the default action of table {self.spec.name} is constant")
        self._set_default(action)

    def reset_default(self) -> None:
        """Sets the default action that the program declares."""
        declared = self.spec.default
        if declared is not None:
            self._set_default(ActionCall(self.spec.actions[declared.action].name, declared.data))
            return
        status = self._engine.library.p4e_table_default(self._engine.pointer, self._index, 0xFFFFFFFF, b"", 0)
        native.check(status, f"table {self.spec.name}")
        self._default = ActionCall("", b"")

    def counter(self, handle: int) -> tuple[int, int]:
        """Packets and bytes that hit the entry (its direct counter)."""
        cells = (ctypes.c_uint64 * 2)()
        self._cell("p4e_entry_counter", handle, cells, write=0)
        return cells[0], cells[1]

    def set_counter(self, handle: int, packets: int, octets: int) -> None:
        """Sets the entry's direct counter."""
        self._cell("p4e_entry_counter", handle, (ctypes.c_uint64 * 2)(packets, octets), write=1)

    def meter(self, handle: int) -> MeterRates | None:
        """The rates of the entry's direct meter; None while it has none (all packets are green)."""
        cells = (ctypes.c_uint64 * 12)()
        self._cell("p4e_entry_meter", handle, cells, write=0)
        return MeterRates(*cells[:5]) if cells[5] else None

    def colours(self, handle: int) -> ColourCounts:
        """What the entry's direct meter has counted."""
        cells = (ctypes.c_uint64 * 12)()
        self._cell("p4e_entry_meter", handle, cells, write=0)
        return ColourCounts.of(list(cells))

    def set_colours(self, handle: int, counts: ColourCounts) -> None:
        """Sets what the entry's direct meter has counted."""
        self._cell("p4e_entry_meter", handle, (ctypes.c_uint64 * 12)(*counts.cells()), write=2)

    def set_meter(self, handle: int, rates: MeterRates | None) -> None:
        """Sets or (None) resets the entry's direct meter."""
        values = (0,) * 6 if rates is None else rates.cells()
        self._cell("p4e_entry_meter", handle, (ctypes.c_uint64 * 12)(*values), write=1)

    def lookups(self) -> tuple[int, int]:
        """Hits and misses so far."""
        cells = (ctypes.c_uint64 * 2)()
        self._engine.library.p4e_table_stats(self._engine.pointer, self._index, cells)
        return cells[0], cells[1]

    def write_batch(self, ops: Sequence[TableOp]) -> list[int | EngineError]:
        """Runs the operations in order; a handle or an error for each, none stops the others."""
        packed: list[bytes] = []
        order: list[int] = []
        results: list[int | EngineError] = [0] * len(ops)
        for index, op in enumerate(ops):
            try:
                packed.append(self.pack(op))
                order.append(index)
            except EngineError as error:
                results[index] = error
        for index, result in zip(order, self.write_packed(b"".join(packed), len(packed)), strict=True):
            results[index] = result
        return results

    def write_packed(self, ops: bytes, count: int) -> list[int | EngineError]:
        """The bulk path: `count` operations that `pack` made, concatenated."""
        statuses, handles = (ctypes.c_int32 * count)(), (ctypes.c_uint64 * count)()
        failed = self._engine.library.p4e_table_write(
            self._engine.pointer, self._index, ops, len(ops), count, statuses, handles
        )
        if not failed:
            return list(handles)
        what = f"table {self.spec.name}"
        return [native.error_of(status, what) or handle for status, handle in zip(statuses, handles, strict=True)]

    def pack(self, op: TableOp, flags: int = 0) -> bytes:
        """An operation as the C side reads it."""
        self._check_key(op.key, op.mask)
        kind, index, handle, data = self._target(op.action) if op.action is not None else (0, 0, 0, b"")
        if op.mask is not None:
            flags |= native.HAS_MASK
        head = native.OP.pack(op.kind.value, kind, flags, index, op.priority, len(data), op.idle_timeout_ns, handle)
        return head + op.key + (op.mask or b"") + data

    def load_const(self) -> None:
        """Puts in the entries and the default action that the program declares (the engine calls this once)."""
        self.reset_default()
        self._load(flags=native.IS_CONST)

    def unlock(self) -> None:
        """Makes the entries that the program declares ordinary ones: BMv2 JSON does not tell `entries` from `const`."""
        if self._locked:
            self._locked = False
            self.clear()
            self._load(flags=0)

    def _load(self, flags: int) -> None:
        ops = [
            self.pack(
                TableOp(OpKind.INSERT, e.key, e.mask, e.priority, ActionCall(self._names[e.action], e.data)),
                flags=flags,
            )
            for e in self.spec.entries or ()
        ]
        for result in self.write_packed(b"".join(ops), len(ops)):
            if isinstance(result, EngineError):
                raise result

    def take_over(self, old: Table) -> None:
        """Remembers what the C side adopted from `old`."""
        self._default = old._default

    def _one(self, op: TableOp) -> int:
        if self._locked:
            raise ReadOnly(f"the entries of table {self.spec.name} are constant")
        result = self.write_packed(self.pack(op), 1)[0]
        if isinstance(result, EngineError):
            raise result
        return result

    def _check_key(self, key: bytes, mask: bytes | None) -> None:
        size = self.spec.key_bytes
        if len(key) != size or (mask is not None and len(mask) != size):
            raise BadValue(f"table {self.spec.name}: keys and masks have {size} bytes")

    def _target(self, target: Target) -> tuple[int, int, int, bytes]:
        """Target kind, action index, handle and data."""
        indirect = self.spec.action_profile is not None
        if isinstance(target, ActionCall):
            index = self._action_index.get(target.action, -1)
            if indirect or index < 0:
                raise BadValue(f"table {self.spec.name} has no action {target.action!r}")
            if len(target.data) != self._data_bytes[index]:
                raise BadValue(f"action {target.action} takes {self._data_bytes[index]} bytes of data")
            return native.ACTION, index, 0, target.data
        if not indirect:
            raise BadValue(f"table {self.spec.name} has no action profile")
        return (native.MEMBER if isinstance(target, Member) else native.GROUP), 0, target.handle, b""

    def _set_default(self, action: ActionCall) -> None:
        index = self.spec.action_index(action.action)
        if index < 0:
            raise BadValue(f"table {self.spec.name} has no action {action.action!r}")
        if self.spec.action_profile is not None:
            index = self._action_index[action.action]
        status = self._engine.library.p4e_table_default(
            self._engine.pointer, self._index, index, action.data, len(action.data)
        )
        native.check(status, f"default action {action.action} of table {self.spec.name}")
        self._default = action

    def _cell(self, function: str, handle: int, cells: ctypes.Array, write: int) -> None:
        status = getattr(self._engine.library, function)(self._engine.pointer, self._index, handle, cells, write)
        native.check(status, f"table {self.spec.name}, entry {handle:#x}")

    def _read(self, start: int, limit: int | None = None) -> Iterator[Entry]:
        size = native.ENTRY.size + 2 * self.spec.key_bytes + max(self._data_bytes, default=0)
        buffer = ctypes.create_string_buffer(max(size, READ_CHUNK) if limit is None else size)
        cursor = ctypes.c_uint64(start)
        while True:
            count = self._engine.library.p4e_table_read(
                self._engine.pointer, self._index, ctypes.byref(cursor), buffer, len(buffer)
            )
            if not count:
                return
            yield from self._unpack(buffer.raw, count)
            if limit is not None:
                return

    def _unpack(self, raw: bytes, count: int) -> Iterator[Entry]:
        offset, size = 0, self.spec.key_bytes
        for _ in range(count):
            handle, priority, flags, idle, since, kind, action, target, _, _, data_len, _ = native.ENTRY.unpack_from(
                raw, offset
            )
            offset += native.ENTRY.size
            key, mask = raw[offset : offset + size], raw[offset + size : offset + 2 * size]
            data = raw[offset + 2 * size : offset + 2 * size + data_len]
            offset += 2 * size + data_len
            called: Target
            if kind == native.ACTION:
                called = ActionCall(self._names[action], data)
            else:
                called = Member(target) if kind == native.MEMBER else Group(target)
            yield Entry(handle, key, mask, priority, called, bool(flags & native.IS_CONST), idle, since)
