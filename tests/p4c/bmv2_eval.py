"""What BMv2 computes for an expression of its JSON: integers without limits, bools apart from data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]
Fields = Mapping[tuple[str, str], int]


def evaluate(value: Json, fields: Fields) -> int | bool:
    """The value; AssertionError where the kinds of operands do not fit."""
    kind, inner = value["type"], value["value"]
    if kind == "hexstr":
        return int(inner, 16)
    if kind == "bool":
        return bool(inner)
    if kind == "field":
        return fields[tuple(inner)]
    assert kind == "expression", kind
    if "op" not in inner:
        return evaluate(inner, fields)
    return _operation(inner, fields)


def _operation(inner: Json, fields: Fields) -> int | bool:
    op = inner["op"]
    if op == "?":
        cond = evaluate(inner["cond"], fields)
        assert isinstance(cond, bool)
        return evaluate(inner["left"] if cond else inner["right"], fields)
    right = evaluate(inner["right"], fields)
    if op in UNARY and inner["left"] is None:
        wants_bool, run = UNARY[op]
        assert isinstance(right, bool) == wants_bool
        return run(right)
    left = evaluate(inner["left"], fields)
    if op in ("==", "!="):
        assert isinstance(left, bool) == isinstance(right, bool)
        return (left == right) == (op == "==")
    assert isinstance(left, bool) == isinstance(right, bool) == (op in ("and", "or"))
    return BINARY[op](left, right)


def _two_comp(value: int, width: int) -> int:
    value &= (1 << width) - 1
    return value - (1 << width) if value >> (width - 1) else value


UNARY: dict[str, tuple[bool, Callable[[Any], int | bool]]] = {
    "-": (False, lambda x: -x),
    "~": (False, lambda x: ~x),
    "not": (True, lambda x: not x),
    "d2b": (False, lambda x: x != 0),
    "b2d": (True, int),
}
BINARY: dict[str, Callable[[Any, Any], int | bool]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x // y,
    "%": lambda x, y: x % y,
    "<<": lambda x, y: x << y,
    ">>": lambda x, y: x >> y,
    "&": lambda x, y: x & y,
    "|": lambda x, y: x | y,
    "^": lambda x, y: x ^ y,
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
    "and": lambda x, y: x and y,
    "or": lambda x, y: x or y,
    "two_comp_mod": _two_comp,
    "sat_cast": lambda x, w: max(-(1 << (w - 1)), min(x, (1 << (w - 1)) - 1)),
    "usat_cast": lambda x, w: max(0, min(x, (1 << w) - 1)),
}
