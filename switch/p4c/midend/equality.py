"""Comparison of values of any type, expanded into comparisons of scalars."""

from __future__ import annotations

from collections.abc import Iterator

from switch.p4c import ir
from switch.p4c import typesys as ts
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.body import Body
from switch.p4c.midend.convert import coerce, field_of, pure
from switch.p4c.midend.shapes import field_types, strip


def equal(body: Body, left: v.Val, right: v.Val) -> ir.Expr:
    """`left == right` for values of any type."""
    match left, right:
        case (v.HeaderVal() | v.HeaderLit(), _) | (_, v.HeaderVal() | v.HeaderLit()):
            return _equal_headers(body, left, right)
        case (v.Invalid(), v.UnionVal()) | (v.UnionVal(), v.Invalid()):
            union = left if isinstance(left, v.UnionVal) else right
            assert isinstance(union, v.UnionVal)
            return fold.negate(union_valid(union))
        case v.UnionVal(), v.UnionVal():
            return _all(equal(body, a, b) for a, b in zip(left.members(), right.members(), strict=True))
        case (v.StackVal() | v.ListVal(), v.StackVal() | v.ListVal()):
            return _all(equal(body, a, b) for a, b in zip(_items(left), _items(right), strict=False))
        case (v.StructVal(), _) | (_, v.StructVal()):
            return _equal_structs(body, left, right)
    if isinstance(left, v.Chosen) and isinstance(left.items[0], v.StructVal):
        return _equal_structs(body, left, right)
    a, b = pure(body, left, body.span), pure(body, right, body.span)
    return fold.binary("==", a, b)


def _equal_structs(body: Body, left: v.Val, right: v.Val) -> ir.Expr:
    kind = left.type if isinstance(strip(left.type), ts.Struct) else right.type
    one, other = coerce(body, left, kind), coerce(body, right, kind)
    names = [name for name, _ in field_types(kind)]
    span = body.span
    return _all(equal(body, field_of(body, one, n, span), field_of(body, other, n, span)) for n in names)


def union_valid(union: v.UnionVal) -> ir.Expr:
    """Whether any member of the union is valid."""
    result: ir.Expr = fold.truth(False)
    for member in union.members():
        result = fold.either(result, member.valid)
    return result


def _items(value: v.StackVal | v.ListVal) -> list[v.Val]:
    return list(value.elements()) if isinstance(value, v.StackVal) else value.items


def _all(terms: Iterator[ir.Expr]) -> ir.Expr:
    result: ir.Expr = fold.truth(True)
    for term in terms:
        result = fold.both(result, term)
    return result


def _validity(value: v.Val) -> ir.Expr:
    if isinstance(value, v.HeaderVal | v.HeaderLit):
        return value.valid
    return fold.truth(False)


def _equal_headers(body: Body, left: v.Val, right: v.Val) -> ir.Expr:
    kind = left.type if isinstance(left, v.HeaderVal | v.HeaderLit) else right.type
    one, other = coerce(body, left, kind), coerce(body, right, kind)
    valid = fold.both(_validity(one), _validity(other))
    neither = fold.both(fold.negate(_validity(one)), fold.negate(_validity(other)))
    if fold.known_false(valid):
        return neither
    names = [name for name, _ in field_types(kind)]
    span = body.span
    same = _all(equal(body, field_of(body, one, n, span), field_of(body, other, n, span)) for n in names)
    return fold.either(neither, fold.both(valid, same))
