"""Interval analysis: which values an expression can have, on BMv2's unbounded integers."""

from __future__ import annotations

from ..program.expressions import (
    Binary,
    BoolConst,
    Choice,
    Const,
    Expr,
    FieldRef,
    Local,
    Lookahead,
    RegisterCell,
    Sort,
    StackRef,
    Unary,
    sort_of,
)
from .numbers import Bounds

# A shift by more than this is cut: no program means it, and no machine holds the result.
MAX_SHIFT = 4096


def field_bounds(width: int, signed: bool) -> Bounds:
    """What a field of that width holds."""
    return Bounds(-(1 << width - 1), (1 << width - 1) - 1) if signed else Bounds(0, (1 << width) - 1)


def bounds(expr: Expr, local_widths: tuple[int, ...]) -> Bounds:
    """The bounds of a data expression; booleans count as 0 and 1."""
    match expr:
        case Const(value):
            return Bounds(value, value)
        case FieldRef(_, field):
            return field_bounds(max(field.width, 1), field.signed)
        case Local(index):
            return field_bounds(local_widths[index], signed=False)
        case RegisterCell(array):
            return field_bounds(array.width, signed=False)
        case Lookahead(_, width):
            return field_bounds(width, signed=False)
        case Unary(op, operand):
            return _unary(op, operand, local_widths)
        case Binary(op, left, right) if sort_of(expr) is Sort.DATA:
            return _binary(op, bounds(left, local_widths), bounds(right, local_widths), right)
        case Choice(_, left, right):
            one, other = bounds(left, local_widths), bounds(right, local_widths)
            return Bounds(min(one.low, other.low), max(one.high, other.high))
        case BoolConst() | Binary():
            return Bounds(0, 1)
        case _:
            return Bounds(0, 1)


def _unary(op: str, operand: Expr, local_widths: tuple[int, ...]) -> Bounds:
    if op == "~":
        inner = bounds(operand, local_widths)
        return Bounds(~inner.high, ~inner.low)
    if op == "last_stack_index":
        return Bounds(0, (1 << 64) - 1)
    if op == "size_stack":
        assert isinstance(operand, StackRef)
        return Bounds(0, len(operand.stack.headers))
    return Bounds(0, 1)


def _corners(values: list[int]) -> Bounds:
    return Bounds(min(values), max(values))


def _binary(op: str, a: Bounds, b: Bounds, right: Expr) -> Bounds:
    if op == "+":
        return Bounds(a.low + b.low, a.high + b.high)
    if op == "-":
        return Bounds(a.low - b.high, a.high - b.low)
    if op == "*":
        return _corners([x * y for x in (a.low, a.high) for y in (b.low, b.high)])
    if op in ("/", "%"):
        return _divide(op, a, b)
    if op in ("<<", ">>"):
        return _shift(op, a, b)
    if op in ("&", "|", "^"):
        return _bitwise(op, a, b)
    assert isinstance(right, Const)
    width = right.value
    if op == "usat_cast":
        return Bounds(max(0, min(a.low, (1 << width) - 1)), max(0, min(a.high, (1 << width) - 1)))
    signed = field_bounds(width, signed=True)
    if op == "two_comp_mod" and not (a.low >= signed.low and a.high <= signed.high):
        return signed
    return Bounds(max(signed.low, min(a.low, signed.high)), max(signed.low, min(a.high, signed.high)))


def _divide(op: str, a: Bounds, b: Bounds) -> Bounds:
    largest = max(abs(a.low), abs(a.high))
    if op == "%":
        largest = min(largest, max(abs(b.low), abs(b.high), 1) - 1)
    return Bounds(-largest if a.signed or b.signed else 0, largest)


def _shift(op: str, a: Bounds, b: Bounds) -> Bounds:
    low, high = min(max(b.low, 0), MAX_SHIFT), min(max(b.high, 0), MAX_SHIFT)
    if op == "<<":
        return _corners([x << y for x in (a.low, a.high) for y in (low, high)])
    return _corners([x >> y for x in (a.low, a.high) for y in (low, high)])


def _bitwise(op: str, a: Bounds, b: Bounds) -> Bounds:
    if op == "&" and (not a.signed or not b.signed):
        return Bounds(0, min(x.high for x in (a, b) if not x.signed))
    bits = max(x.bit_length() for x in (a.low, a.high, b.low, b.high))
    return Bounds(-(1 << bits) if a.signed or b.signed else 0, (1 << bits) - 1)
