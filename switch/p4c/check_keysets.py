"""Keysets: what select cases and table entries match."""

from __future__ import annotations

from collections.abc import Sequence

from switch.p4c import tree
from switch.p4c.context import Context
from switch.p4c.convert import convert, same
from switch.p4c.defaults import is_constant
from switch.p4c.typesys import (
    DONT_CARE,
    INT,
    UNKNOWN,
    Bits,
    Set,
    Struct,
    Tuple,
    Type,
    number_type,
)


def check_keyset(cx: Context, expr: tree.Expr, keys: Sequence[Type]) -> tree.Expr:
    """Checks a keyset against the types of the keys; returns what stands in its place."""
    with cx.inside("keyset"):
        return _keyset(cx, expr, keys)


def _keyset(cx: Context, expr: tree.Expr, keys: Sequence[Type]) -> tree.Expr:
    if isinstance(expr, tree.DefaultExpr):
        return _dont_care(expr)
    if len(keys) == 1:
        if isinstance(expr, tree.ListExpr) and len(expr.items) == 1 and not isinstance(keys[0], Tuple):
            expr.items = [_element(cx, expr.items[0], keys[0])]
            expr.type = Tuple((expr.items[0].type or UNKNOWN,))
            return expr
        return _element(cx, expr, keys[0])
    if not isinstance(expr, tree.ListExpr):
        return _whole(cx, expr, keys)
    if len(expr.items) != len(keys):
        expr.type = UNKNOWN
        cx.error(expr, f"the keyset has {len(expr.items)} parts, but there are {len(keys)} keys")
        return expr
    expr.items = [_element(cx, item, key) for item, key in zip(expr.items, keys, strict=True)]
    expr.type = Tuple(tuple(item.type or UNKNOWN for item in expr.items))
    return expr


def _dont_care(expr: tree.Expr) -> tree.Expr:
    expr.type = Set(DONT_CARE)
    return expr


def _whole(cx: Context, expr: tree.Expr, keys: Sequence[Type]) -> tree.Expr:
    """A value set (or a tuple) that stands for all keys at once."""
    expr = cx.expr(expr)
    if expr.type is UNKNOWN or expr.type is None:
        return expr
    element = expr.type.element if isinstance(expr.type, Set) else expr.type
    parts = _leaves(element)
    if len(parts) != len(keys) or not all(map(same, parts, keys)):
        cx.error(expr, f"a keyset of type '{element}' does not fit the {len(keys)} keys")
    return expr


def _leaves(type_: Type) -> list[Type]:
    """The scalars in a struct or tuple, in order."""
    match type_:
        case Struct(fields=fields):
            return [leaf for f in fields for leaf in _leaves(f.type)]
        case Tuple(elements=elements):
            return [leaf for e in elements for leaf in _leaves(e)]
        case _:
            return [type_]


def _element(cx: Context, expr: tree.Expr, key: Type) -> tree.Expr:
    if isinstance(expr, tree.DefaultExpr):
        return _dont_care(expr)
    if isinstance(expr, tree.ListExpr) and isinstance(key, Tuple | Struct):
        return _nested(cx, expr, key)
    expr = cx.expr(expr)
    if UNKNOWN in (expr.type, key):
        return expr
    if not _constant_set(expr):
        cx.error(expr, "a keyset must be a compile-time constant")
        return expr
    if isinstance(expr, tree.Mask | tree.Range):
        return _pair(cx, expr, key)
    if isinstance(expr.type, Set):
        _value_set(cx, expr, expr.type.element, key)
        return expr
    plain = number_type(key)
    loose = plain != key and number_type(expr.type or UNKNOWN) == plain and expr.type != key
    return convert(cx, expr, plain if loose else key)


def _constant_set(expr: tree.Expr) -> bool:
    match expr:
        case tree.Mask(operand=one, mask=other) | tree.Range(low=one, high=other):
            return is_constant(one) and is_constant(other)
        case tree.Name(decl=tree.ValueSetDecl()):
            return True
        case _:
            return is_constant(expr)


def _value_set(cx: Context, expr: tree.Expr, element: Type, key: Type) -> None:
    leaves = _leaves(element)
    if not same(element, key) and not (len(leaves) == 1 and same(leaves[0], key)):
        cx.error(expr, f"a set of '{element}' cannot match a key of type '{key}'")


def _nested(cx: Context, expr: tree.ListExpr, key: Tuple | Struct) -> tree.Expr:
    parts = list(key.elements) if isinstance(key, Tuple) else [f.type for f in key.fields]
    if len(parts) != len(expr.items):
        cx.error(expr, f"the keyset has {len(expr.items)} parts, but '{key}' has {len(parts)}")
        expr.type = UNKNOWN
        return expr
    expr.items = [_element(cx, item, part) for item, part in zip(expr.items, parts, strict=True)]
    expr.type = key
    return expr


def _pair(cx: Context, expr: tree.Mask | tree.Range, key: Type) -> tree.Expr:
    """The two halves of a mask or range take the key's type."""
    plain = number_type(key)
    element = expr.type.element if isinstance(expr.type, Set) else UNKNOWN
    if element == INT and isinstance(plain, Bits):
        if isinstance(expr, tree.Mask):
            expr.operand, expr.mask = convert(cx, expr.operand, plain), convert(cx, expr.mask, plain)
        else:
            expr.low, expr.high = convert(cx, expr.low, plain), convert(cx, expr.high, plain)
        expr.type = Set(plain)
    elif not same(element, plain):
        cx.error(expr, f"a set of '{element}' cannot match a key of type '{key}'")
    return expr
