"""Keysets of select expressions and table entries: values, masks, ranges and don't cares over flat keys."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.body import Body
from switch.p4c.midend.convert import coerce
from switch.p4c.midend.shapes import field_types, is_scalar, scalar_shape

ANY = ir.KeyMatch(None)
Row = tuple[ir.KeyMatch, ...]


def flat_types(kind: ts.Type) -> list[ts.Type]:
    """The types of the scalars that a key of that type has."""
    if is_scalar(kind):
        return [kind]
    return [flat for _, part in field_types(kind) for flat in flat_types(part)]


def bare(expr: tree.Expr) -> tree.Expr:
    """The expression without implicit casts around set syntax."""
    while isinstance(expr, tree.Cast) and expr.implicit and isinstance(expr.operand, SETS):
        expr = expr.operand
    return expr


SETS = (tree.Mask, tree.Range, tree.DefaultExpr, tree.ListExpr, tree.Cast)


def rows(body: Body, expr: tree.Expr, kinds: list[ts.Type]) -> list[Row]:
    """The alternatives that a keyset for keys of these types stands for, each with one match per scalar."""
    expr = bare(expr)
    if isinstance(expr, tree.DefaultExpr):
        return [tuple(ANY for kind in kinds for _ in flat_types(kind))]
    if len(kinds) == 1:
        return _one(body, expr, kinds[0])
    if not isinstance(expr, tree.ListExpr):
        return _spread(body, expr, kinds)
    parts = [rows(body, item, [kind]) for item, kind in zip(expr.items, kinds, strict=False)]
    return [tuple(match for row in combination for match in row) for combination in product(*parts)]


def _spread(body: Body, expr: tree.Expr, kinds: list[ts.Type]) -> list[Row]:
    value = body.expr(expr)
    flats = [flat for kind in kinds for flat in flat_types(kind)]
    return [tuple(exact(body, part, flat, expr) for part, flat in zip(v.parts(value), flats, strict=False))]


def _one(body: Body, expr: tree.Expr, kind: ts.Type) -> list[Row]:
    flats = flat_types(kind)
    if isinstance(expr, tree.ListExpr):
        if len(expr.items) == 1 and is_scalar(kind):
            return rows(body, expr.items[0], [kind])
        return rows(body, expr, [part for _, part in field_types(kind)])
    if isinstance(expr, tree.Mask) and is_scalar(kind):
        value, mask = (number(body, e, kind) for e in (expr.operand, expr.mask))
        return [(ir.KeyMatch(value & mask, mask),)]
    if isinstance(expr, tree.Range) and is_scalar(kind):
        low, high = bounds(body, expr, kind)
        width = scalar_shape(kind)[0] or 1
        return [(ir.KeyMatch(value, mask),) for value, mask in prefixes(low, high, width)]
    if isinstance(expr, tree.Name) and isinstance(expr.decl, tree.ValueSetDecl):
        body.refuse(expr.span, f"value set '{expr.name}' as one part of a keyset: BMv2 matches a whole key with it")
    value = coerce(body, body.expr(expr), kind)
    return [tuple(exact(body, part, flat, expr) for part, flat in zip(v.parts(value), flats, strict=True))]


def exact(body: Body, part: v.Val, kind: ts.Type, expr: tree.Expr) -> ir.KeyMatch:
    """A match of one constant."""
    value = coerce(body, part, kind)
    if not isinstance(value, v.Scalar) or not isinstance(value.expr, ir.Const):
        body.refuse(expr.span, "a keyset must be a compile-time constant on BMv2")
    return ir.KeyMatch(unsigned(value.expr))


def unsigned(value: ir.Const) -> int:
    """The bits of a constant as a number."""
    return fold.reduced(value.value, value.width or 1)


def number(body: Body, expr: tree.Expr, kind: ts.Type) -> int:
    """A constant of a scalar type, as unsigned bits."""
    match = exact(body, body.expr(expr), kind, expr)
    assert match.value is not None
    return match.value


def bounds(body: Body, expr: tree.Range, kind: ts.Type) -> tuple[int, int]:
    """Both ends of a range, signed for a signed key."""
    found: list[int] = []
    for end in (expr.low, expr.high):
        value = coerce(body, body.expr(end), kind)
        if not isinstance(value, v.Scalar) or not isinstance(value.expr, ir.Const):
            body.refuse(end.span, "a range must have compile-time constant ends")
        found.append(value.expr.value)
    return found[0], found[1]


def prefixes(low: int, high: int, width: int) -> Iterator[tuple[int, int]]:
    """Value and mask pairs that together match low..high (negative numbers in two's complement)."""
    if low < 0 <= high:
        yield from prefixes(low, -1, width)
        yield from prefixes(0, high, width)
        return
    full = (1 << width) - 1
    low, high = low & full, high & full
    while low <= high:
        size = low & -low if low else 1 << width
        while size > high - low + 1:
            size >>= 1
        yield low, full & ~(size - 1)
        low += size
