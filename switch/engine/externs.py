"""Counters, meters, registers and value sets of the running engine."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from typing import TYPE_CHECKING

from . import native
from .errors import BadValue
from .program import CounterSpec, MeterSpec, RegisterSpec, ValueSetSpec
from .values import ColourCounts, MeterRates

if TYPE_CHECKING:
    from .engine import Engine


class Counter:
    """An indirect counter array; each cell counts packets and bytes."""

    def __init__(self, engine: Engine, index: int, spec: CounterSpec) -> None:
        self.spec = spec
        self._engine = engine
        self._index = index

    def read(self, index: int) -> tuple[int, int]:
        """Packets and bytes of one cell."""
        cells = (ctypes.c_uint64 * 2)()
        self._call(index, 1, cells, write=0)
        return cells[0], cells[1]

    def read_all(self) -> list[tuple[int, int]]:
        """Packets and bytes of every cell."""
        cells = (ctypes.c_uint64 * (2 * self.spec.size))()
        self._call(0, self.spec.size, cells, write=0)
        return list(zip(cells[::2], cells[1::2], strict=True))

    def write(self, index: int, packets: int, octets: int) -> None:
        """Sets one cell."""
        self._call(index, 1, (ctypes.c_uint64 * 2)(packets, octets), write=1)

    def _call(self, index: int, count: int, cells: ctypes.Array, write: int) -> None:
        status = self._engine.library.p4e_counter(self._engine.pointer, self._index, index, count, cells, write)
        native.check(status, f"counter {self.spec.name}[{index}]")


class Meter:
    """An indirect meter array (RFC 2698, colour-blind); a cell without rates says green."""

    def __init__(self, engine: Engine, index: int, spec: MeterSpec) -> None:
        self.spec = spec
        self._engine = engine
        self._index = index

    def set(self, index: int, rates: MeterRates) -> None:
        """Sets the rates of one cell and fills its buckets."""
        self._call(index, (ctypes.c_uint64 * 12)(*rates.cells()), write=1)

    def reset(self, index: int) -> None:
        """Takes the rates of one cell away."""
        self._call(index, (ctypes.c_uint64 * 12)(), write=1)

    def get(self, index: int) -> MeterRates | None:
        """The rates of one cell, None while it has none."""
        cells = (ctypes.c_uint64 * 12)()
        self._call(index, cells, write=0)
        return MeterRates(*cells[:5]) if cells[5] else None

    def colours(self, index: int) -> ColourCounts:
        """What one cell has counted."""
        cells = (ctypes.c_uint64 * 12)()
        self._call(index, cells, write=0)
        return ColourCounts.of(list(cells))

    def set_colours(self, index: int, counts: ColourCounts) -> None:
        """Sets what one cell has counted."""
        self._call(index, (ctypes.c_uint64 * 12)(*counts.cells()), write=2)

    def _call(self, index: int, cells: ctypes.Array, write: int) -> None:
        status = self._engine.library.p4e_meter(self._engine.pointer, self._index, index, cells, write)
        native.check(status, f"meter {self.spec.name}[{index}]")


class Register:
    """A register array of `size` cells of `width` bits."""

    def __init__(self, engine: Engine, index: int, spec: RegisterSpec) -> None:
        self.spec = spec
        self.size = spec.size
        self.width = spec.width
        self._engine = engine
        self._index = index
        self._bytes = (spec.width + 7) // 8

    def read(self, index: int) -> int:
        """One cell."""
        return int.from_bytes(self._read(index, 1))

    def read_all(self) -> bytes:
        """All cells, each as ceil(width/8) big-endian bytes."""
        return self._read(0, self.size)

    def read_range(self, start: int, count: int) -> bytes:
        """`count` cells from `start`, encoded as in `read_all`."""
        return self._read(start, count)

    def write(self, index: int, value: int) -> None:
        """Sets one cell."""
        if not 0 <= value < 1 << self.width:
            raise BadValue(f"register {self.spec.name}: {value} does not fit {self.width} bits")
        self._call(index, 1, ctypes.create_string_buffer(value.to_bytes(self._bytes), self._bytes), write=1)

    def write_range(self, start: int, cells: bytes) -> None:
        """Sets consecutive cells, encoded as in `read_all`."""
        count, rest = divmod(len(cells), self._bytes)
        if rest:
            raise BadValue(f"register {self.spec.name}: cells have {self._bytes} bytes")
        self._call(start, count, ctypes.create_string_buffer(cells, max(len(cells), 1)), write=1)

    def clear(self) -> None:
        """Sets all cells to 0."""
        self.write_range(0, bytes(self._bytes * self.size))

    def _read(self, start: int, count: int) -> bytes:
        buffer = ctypes.create_string_buffer(max(self._bytes * count, 1))
        self._call(start, count, buffer, write=0)
        return buffer.raw[: self._bytes * count]

    def _call(self, start: int, count: int, buffer: ctypes.Array, write: int) -> None:
        status = self._engine.library.p4e_register(self._engine.pointer, self._index, start, count, buffer, write)
        native.check(status, f"register {self.spec.name}[{start}]")


class ValueSet:
    """A parser value set: values (with masks) of the select key, each field padded to whole bytes, big-endian."""

    def __init__(self, engine: Engine, index: int, spec: ValueSetSpec, key_bytes: int) -> None:
        self.spec = spec
        self.key_bytes = key_bytes
        self._engine = engine
        self._index = index
        self._values: tuple[tuple[bytes, bytes], ...] = ()

    def set(self, values: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Replaces all values at once; a mask of None compares all bits."""
        full = [(value, mask if mask is not None else b"\xff" * self.key_bytes) for value, mask in values]
        if any(len(value) != self.key_bytes or len(mask) != self.key_bytes for value, mask in full):
            raise BadValue(f"value set {self.spec.name}: values and masks have {self.key_bytes} bytes")
        packed = b"".join(value + mask for value, mask in full)
        status = self._engine.library.p4e_value_set(self._engine.pointer, self._index, packed, len(full))
        native.check(status, f"value set {self.spec.name}")
        self._values = tuple(full)

    def take_over(self, old: ValueSet) -> None:
        """Remembers what the C side adopted from `old`."""
        self._values = old._values

    def values(self) -> tuple[tuple[bytes, bytes], ...]:
        """The values and masks."""
        return self._values
