"""Which register arrays lie together: those of one size that the program uses with one index.

Such arrays are the columns of one table to the program's author (a flow's key, its expiry, its state). Laid out row by
row, a packet touches the one or two cache lines of its row instead of a line in every array.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..program.actions import ActionSpec, PrimitiveCall, Vector
from ..program.expressions import (
    Binary,
    Choice,
    Const,
    Expr,
    FieldRef,
    HeaderRef,
    Local,
    RegisterCell,
    RegisterSpec,
    Unary,
)
from ..program.program import Program
from .numbers import storage_bytes

LINE = 64  # bytes of a cache line


@dataclass(frozen=True, slots=True)
class Place:
    """Where an array's cells lie: in which group's memory, how far into a row."""

    group: int
    offset: int


@dataclass(frozen=True, slots=True)
class Group:
    """Arrays with one row each in `size` rows of `stride` bytes; `uses` are the indexes they are used with."""

    arrays: tuple[RegisterSpec, ...]
    size: int
    stride: int
    uses: frozenset[str]


def group_registers(program: Program) -> tuple[list[Group], dict[str, Place]]:
    """The groups, and the place of each array in them."""
    uses = _uses(program)
    groups: list[Group] = []
    places: dict[str, Place] = {}
    arrays = program.externs.registers
    for members in _classes(arrays, uses):
        ordered = sorted(members, key=list(uses).index) if len(members) > 1 else members
        offsets, stride = _rows([arrays[name] for name in ordered])
        for name, offset in zip(ordered, offsets, strict=True):
            places[name] = Place(len(groups), offset)
        used = frozenset().union(*(uses.get(name, set()) for name in ordered))
        specs = tuple(arrays[name] for name in ordered)
        groups.append(Group(specs, specs[0].size, stride, used))
    return groups, places


def index_key(index: Expr, action: ActionSpec | None = None) -> str | None:
    """A text that is equal for equal indexes; None for a constant, which says nothing about other cells."""
    if isinstance(index, Const):
        return None
    scope = f"{action.id}:" if action is not None and any(isinstance(part, Local) for part in _parts(index)) else ""
    return scope + _text(index)


def _text(expr: object) -> str:
    """The expression; a field of a header by its name alone, for the whole type would be long."""
    match expr:
        case FieldRef(HeaderRef(header), field):
            return f"{header.name}.{field.name}"
        case Unary(op, operand):
            return f"{op}({_text(operand)})"
        case Binary(op, left, right):
            return f"({_text(left)} {op} {_text(right)})"
    return repr(expr)


def indexes_of(primitives: tuple[PrimitiveCall, ...]) -> frozenset[str]:
    """The indexes that these primitives use."""
    keys = {index_key(index) for call in primitives for _, index in _accesses(call)}
    return frozenset(key for key in keys if key is not None)


def _classes(arrays: dict[str, RegisterSpec], uses: dict[str, set[str]]) -> list[list[str]]:
    """Names of arrays by group, in the order of the program."""
    classes: list[list[str]] = []
    known: list[set[str]] = []
    for name, array in arrays.items():
        own = uses.get(name, set())
        merged, keys = [name], set(own)
        for i in reversed(range(len(classes))):
            if arrays[classes[i][0]].size == array.size and known[i] & own:
                merged, keys = [*classes.pop(i), *merged], keys | known.pop(i)
        classes.append(merged)
        known.append(keys)
    return classes


def _rows(arrays: list[RegisterSpec]) -> tuple[list[int], int]:
    """Offsets of the cells in a row, and the row's size: a power of two or 48 bytes up to a line, then whole lines.

    An array by itself is packed, so that neighbours share a line.
    """
    offsets: list[int] = []
    at = 0
    for array in arrays:
        size = storage_bytes(array.width)
        align = min(size, 8)
        at = (at + align - 1) // align * align
        offsets.append(at)
        at += size
    if len(arrays) == 1:
        return offsets, at
    if at > LINE:
        return offsets, (at + LINE - 1) // LINE * LINE
    stride = 8
    while stride < at:
        stride *= 2
    return offsets, at if at % 16 == 0 else stride


def _uses(program: Program) -> dict[str, set[str]]:
    """The indexes of each array, in the order of their first use."""
    uses: dict[str, set[str]] = {}
    for action in program.actions.values():
        for call in action.primitives:
            for array, index in _accesses(call):
                key = index_key(index, action)
                uses.setdefault(array.name, set()).update([] if key is None else [key])
    for pipeline in program.pipelines.values():
        for conditional in pipeline.conditionals.values():
            for cell in _cells(conditional.condition):
                key = index_key(cell.index)
                uses.setdefault(cell.array.name, set()).update([] if key is None else [key])
    return uses


def _accesses(call: PrimitiveCall) -> Iterator[tuple[RegisterSpec, Expr]]:
    if call.op in ("register_read", "register_write"):
        array, index = (call.args[1], call.args[2]) if call.op == "register_read" else (call.args[0], call.args[1])
        assert isinstance(array, RegisterSpec)
        yield array, index  # type: ignore[misc]
    for argument in call.args:
        for item in argument.items if isinstance(argument, Vector) else (argument,):
            for cell in _cells(item):
                yield cell.array, cell.index


def _parts(expr: object) -> Iterator[object]:
    """The expression and what it is made of, without the insides of headers."""
    yield expr
    match expr:
        case Unary(_, operand):
            yield from _parts(operand)
        case Binary(_, left, right):
            yield from _parts(left)
            yield from _parts(right)
        case Choice(condition, left, right):
            for part in (condition, left, right):
                yield from _parts(part)
        case RegisterCell(_, index):
            yield from _parts(index)


def _cells(expr: object) -> Iterator[RegisterCell]:
    return (part for part in _parts(expr) if isinstance(part, RegisterCell))
