"""Elements and bits of values, casts, and the sets of keysets."""

from __future__ import annotations

from switch.p4c import consteval, tree
from switch.p4c.check_types import constant_int, resolve_type
from switch.p4c.context import Context
from switch.p4c.convert import balance, castable, convert, implicit, plain, same, warn_overflow
from switch.p4c.typesys import (
    BOOL,
    INT,
    UNKNOWN,
    Bits,
    ListOf,
    ListValue,
    NewType,
    Set,
    Stack,
    Tuple,
    Type,
    TypeVar,
    base_of,
)


def index(cx: Context, expr: tree.Index, hint: Type | None) -> tree.Expr:
    """`stack[i]`, and `tuple[constant]`."""
    base = expr.base = cx.expr(expr.base)
    expr.index = plain(cx, cx.expr(expr.index))
    if UNKNOWN in (base.type, expr.index.type):
        expr.type = UNKNOWN
        return expr
    number = consteval.as_int(expr.index.value)
    match base.type:
        case Stack():
            if not isinstance(expr.index.type, Bits) and expr.index.type != INT:
                return cx.wrong(expr, f"an index must be a number, not '{expr.index.type}'")
            count: int = base.type.size
            expr.type = base.type.element
        case Tuple():
            if number is None:
                return cx.wrong(expr.index, "the index into a tuple must be a compile-time constant")
            count = len(base.type.elements)
            expr.type = base.type.elements[number] if 0 <= number < count else UNKNOWN
        case ListOf():
            expr.type, count = base.type.element, 1 << 62
        case _:
            return cx.wrong(expr, f"a value of type '{base.type}' cannot be indexed")
    if number is not None and not 0 <= number < count:
        return cx.wrong(expr.index, f"index {number} is out of range: there are {count} elements")
    expr.value = consteval.item(base.value, expr.index.value)
    return expr


def slice_(cx: Context, expr: tree.Slice, hint: Type | None) -> tree.Expr:
    """`a[7:0]`, `a[start +: width]`."""
    expr.base = plain(cx, cx.expr(expr.base))
    base = expr.base.type or UNKNOWN
    if base is UNKNOWN:
        expr.type = UNKNOWN
        return expr
    if not isinstance(base, Bits) and base != INT:
        return cx.wrong(expr, f"bits can only be taken from 'bit<>' and 'int<>', not from '{base}'")
    if expr.plus:
        return _plus_slice(cx, expr, base)
    expr.high, high = constant_int(cx, expr.high, "a bit index")
    expr.low, low = constant_int(cx, expr.low, "a bit index")
    if high is None or low is None:
        expr.type = UNKNOWN
        return expr
    return _sliced(cx, expr, base, high, low)


def _plus_slice(cx: Context, expr: tree.Slice, base: Type) -> tree.Expr:
    expr.high = plain(cx, cx.expr(expr.high))
    expr.low, width = constant_int(cx, expr.low, "the width of a slice")
    if width is None or expr.high.type is UNKNOWN:
        expr.type = UNKNOWN
        return expr
    if not isinstance(expr.high.type, Bits) and expr.high.type != INT:
        return cx.wrong(expr.high, f"a bit index must be a number, not '{expr.high.type}'")
    if width < 1:
        return cx.wrong(expr.low, f"a slice cannot be {width} bits wide")
    start = consteval.as_int(expr.high.value)
    if start is not None:
        return _sliced(cx, expr, base, start + width - 1, start)
    if base == INT:
        return cx.wrong(expr, "bits can only be taken from a number of known width")
    expr.type = Bits(width)
    return expr


def _sliced(cx: Context, expr: tree.Slice, base: Type, high: int, low: int) -> tree.Expr:
    if low < 0 or high < 0:
        return cx.wrong(expr.low if low < 0 else expr.high, "a bit index cannot be negative")
    if high < low:
        return cx.wrong(expr, f"the slice [{high}:{low}] has its bounds the wrong way round")
    if isinstance(base, Bits) and high >= base.width:
        return cx.wrong(expr.high, f"bit {high} is out of range: '{base}' has {base.width} bits")
    expr.type = Bits(high - low + 1)
    number = consteval.as_int(expr.base.value)
    if number is not None:
        expr.value = consteval.slice_bits(number, high, low)
    elif base == INT:
        return cx.wrong(expr, "bits can only be taken from a number of known width")
    return expr


def cast(cx: Context, expr: tree.Cast, hint: Type | None) -> tree.Expr:
    """`(T) a`."""
    target = resolve_type(cx, expr.target)
    operand = expr.operand = cx.expr(expr.operand, target)
    expr.type = target
    source = operand.type or UNKNOWN
    if UNKNOWN in (source, target):
        return expr
    if isinstance(operand, tree.ListExpr | tree.StructExpr | tree.InvalidExpr | tree.DefaultExpr):
        if isinstance(operand, tree.StructExpr) and operand.target is not None and same(source, target):
            return expr
        operand = expr.operand = convert(cx, operand, target, at=expr)
    elif not (castable(source, target) or _is_cast_of_var(source, target) or _is_known(operand, target)):
        return cx.wrong(expr, f"a value of type '{source}' cannot be cast to '{target}'")
    elif isinstance(operand, tree.Conditional) and source == INT and implicit(source, target):
        operand = expr.operand = convert(cx, operand, target)
    if operand.value is not None:
        _cast_value(cx, expr, operand, target)
    return expr


def _is_known(operand: tree.Expr, target: Type) -> bool:
    """Constants may change width and sign at once."""
    return isinstance(operand.type, Bits) and isinstance(target, Bits) and operand.value is not None


def _is_cast_of_var(source: Type, target: Type) -> bool:
    return isinstance(base_of(target), TypeVar) and source == INT


def _cast_value(cx: Context, expr: tree.Cast, operand: tree.Expr, target: Type) -> None:
    if target == BOOL and operand.type == INT and operand.value not in (0, 1):
        cx.wrong(expr, "only 0 and 1 can be cast to bool")
        return
    if isinstance(operand.value, ListValue) or isinstance(base_of(target), TypeVar):
        expr.value = operand.value if isinstance(operand.value, ListValue) else None
        return
    if operand.type == INT and isinstance(operand.value, int):
        warn_overflow(cx, operand, operand.value, base_of(target))
    assert operand.value is not None
    expr.value = consteval.cast(operand.value, target)


# --- keysets ----------------------------------------------------------------------------------------------------------


def mask(cx: Context, expr: tree.Mask, hint: Type | None) -> tree.Expr:
    """`value &&& mask`."""
    expr.operand, expr.mask = plain(cx, cx.expr(expr.operand)), plain(cx, cx.expr(expr.mask))
    return _set_of(cx, expr, expr.operand, expr.mask, "&&&")


def range_(cx: Context, expr: tree.Range, hint: Type | None) -> tree.Expr:
    """`low .. high`."""
    expr.low, expr.high = plain(cx, cx.expr(expr.low)), plain(cx, cx.expr(expr.high))
    return _set_of(cx, expr, expr.low, expr.high, "..")


def _set_of(cx: Context, expr: tree.Mask | tree.Range, one: tree.Expr, other: tree.Expr, op: str) -> tree.Expr:
    if UNKNOWN in (one.type, other.type):
        expr.type = UNKNOWN
        return expr
    pair = balance(cx, one, other)
    if pair is None or not (isinstance(pair[0].type, Bits | NewType) or pair[0].type == INT):
        return cx.wrong(expr, f"'{op}' is not defined for types '{one.type}' and '{other.type}'")
    if isinstance(expr, tree.Mask):
        expr.operand, expr.mask = pair
    else:
        expr.low, expr.high = pair
    expr.type = Set(pair[0].type or UNKNOWN)
    return expr


HANDLERS = {
    tree.Index: index,
    tree.Slice: slice_,
    tree.Cast: cast,
    tree.Mask: mask,
    tree.Range: range_,
}
