"""Operators: which types they take, and the values of constant operations."""

from __future__ import annotations

from collections.abc import Callable as Function

from switch.p4c import consteval, tree
from switch.p4c.context import Context
from switch.p4c.convert import balance, plain
from switch.p4c.typesys import (
    BOOL,
    ERROR,
    INT,
    STRING,
    UNKNOWN,
    Bits,
    Enum,
    ListOf,
    Stack,
    Struct,
    Tuple,
    Type,
    Varbit,
    base_of,
)


def unary(cx: Context, expr: tree.Unary, hint: Type | None) -> tree.Expr:
    """`-a`, `+a`, `~a`, `!a`."""
    operand = expr.operand = cx.expr(expr.operand)
    if operand.type is UNKNOWN:
        expr.type = UNKNOWN
        return expr
    if expr.op == "!":
        if operand.type != BOOL:
            return cx.wrong(expr, f"'!' is not defined for type '{operand.type}'")
        expr.type = BOOL
    else:
        operand = expr.operand = plain(cx, operand)
        allowed = isinstance(operand.type, Bits) or (operand.type == INT and expr.op != "~")
        if not allowed:
            return cx.wrong(expr, f"'{expr.op}' is not defined for type '{operand.type}'")
        expr.type = operand.type
    if operand.value is not None and expr.type is not None:
        expr.value = consteval.unary(expr.op, operand.value, expr.type)
    return expr


def binary(cx: Context, expr: tree.Binary, hint: Type | None) -> tree.Expr:
    """All operators with two operands."""
    expr.left, expr.right = cx.expr(expr.left), cx.expr(expr.right)
    rule = _RULES[expr.op]
    if UNKNOWN in (expr.left.type, expr.right.type):
        expr.type = BOOL if rule in (_equality, _order, _logical) else UNKNOWN
        return expr
    found = rule(cx, expr)
    if found is None:
        return cx.wrong(expr, f"'{expr.op}' is not defined for types '{expr.left.type}' and '{expr.right.type}'")
    expr.type = found
    if found is not UNKNOWN:
        _evaluate(cx, expr)
    return expr


def _evaluate(cx: Context, expr: tree.Binary) -> None:
    left, right = expr.left, expr.right
    assert expr.type is not None
    assert left.type is not None
    try:
        if left.value is None or right.value is None:
            _check_right(expr)
        elif expr.op == "++" and isinstance(left.type, Bits) and isinstance(right.type, Bits):
            one, other = consteval.as_int(left.value), consteval.as_int(right.value)
            if one is not None and other is not None:
                expr.value = consteval.concat(one, other, left.type.width, right.type.width, expr.type)
        else:
            expr.value = consteval.binary(expr.op, left.value, right.value, left.type, expr.type)
    except consteval.ConstError as why:
        cx.wrong(expr, str(why))


def _check_right(expr: tree.Binary) -> None:
    """Finds what is wrong whatever the left operand is; and decides `false && x`, `true || x`."""
    if expr.op in ("&&", "||"):
        if expr.left.value is (expr.op == "||"):
            expr.value = expr.left.value
        return
    number = consteval.as_int(expr.right.value)
    if number is None:
        return
    if expr.op in ("/", "%") and number == 0:
        raise consteval.ConstError("division by zero" if expr.op == "/" else "modulo by zero")
    if expr.op in ("<<", ">>") and number < 0:
        raise consteval.ConstError("shift by a negative amount")


def _balanced(cx: Context, expr: tree.Binary) -> Type | None:
    pair = balance(cx, expr.left, expr.right)
    if pair is None:
        return None
    expr.left, expr.right = pair
    return expr.left.type


def _numeric_operands(cx: Context, expr: tree.Binary) -> Type | None:
    expr.left, expr.right = plain(cx, expr.left), plain(cx, expr.right)
    if not all(isinstance(t, Bits) or t == INT for t in (expr.left.type, expr.right.type)):
        return None
    return _balanced(cx, expr)


def _arithmetic(cx: Context, expr: tree.Binary) -> Type | None:
    return _numeric_operands(cx, expr)


def _division(cx: Context, expr: tree.Binary) -> Type | None:
    if any((consteval.as_int(side.value) or 0) < 0 for side in (expr.left, expr.right)):
        cx.error(expr, f"'{expr.op}' is not defined for negative numbers")
        return UNKNOWN
    found = _numeric_operands(cx, expr)
    return None if isinstance(found, Bits) and found.signed else found


def _bitwise(cx: Context, expr: tree.Binary) -> Type | None:
    return _numeric_operands(cx, expr)


def _saturating(cx: Context, expr: tree.Binary) -> Type | None:
    found = _numeric_operands(cx, expr)
    return found if isinstance(found, Bits) else None


def _shift(cx: Context, expr: tree.Binary) -> Type | None:
    expr.left, expr.right = plain(cx, expr.left), plain(cx, expr.right)
    left, right = expr.left.type, expr.right.type
    if not (isinstance(left, Bits) or left == INT) or not (isinstance(right, Bits) or right == INT):
        return None
    if isinstance(right, Bits) and right.signed and expr.right.value is None:
        cx.error(expr, "the amount of a shift must be unsigned")
        return UNKNOWN
    if right == INT and expr.right.value is None:
        cx.error(expr, "the width of the amount of a shift must be known")
        return UNKNOWN
    if left == INT and expr.right.value is None:
        cx.error(expr, "a number of unknown width cannot be shifted by an amount that is not a constant")
        return UNKNOWN
    return left


def _concat(cx: Context, expr: tree.Binary) -> Type | None:
    expr.left, expr.right = plain(cx, expr.left), plain(cx, expr.right)
    left, right = expr.left.type, expr.right.type
    if left == STRING and right == STRING:
        if expr.left.value is None or expr.right.value is None:
            cx.error(expr, "strings can only be joined at compile time")
            return UNKNOWN
        return STRING
    if INT in (left, right):
        cx.error(expr, "the width of both operands of '++' must be known")
        return UNKNOWN
    if isinstance(left, Bits) and isinstance(right, Bits):
        return Bits(left.width + right.width, left.signed)
    return None


def _nameless(expr: tree.Expr) -> bool:
    return isinstance(expr, tree.StructExpr) and expr.target is None


def _equality(cx: Context, expr: tree.Binary) -> Type | None:
    if _nameless(expr.left) and _nameless(expr.right):
        cx.error(expr, "the types of the values to compare are not known: write (T) { ... }")
        return UNKNOWN
    found = _balanced(cx, expr)
    return BOOL if found is not None and comparable(found) else None


def comparable(type_: Type) -> bool:
    """Whether `==` is defined."""
    match base_of(type_):
        case Bits() | Varbit() | Enum():
            return True
        case Struct(fields=fields):
            return all(comparable(f.type) for f in fields)
        case Tuple(elements=elements):
            return all(map(comparable, elements))
        case Stack(element=element) | ListOf(element=element):
            return comparable(element)
        case other:
            return other in (BOOL, INT, ERROR, STRING, UNKNOWN)


def _order(cx: Context, expr: tree.Binary) -> Type | None:
    return BOOL if _numeric_operands(cx, expr) is not None else None


def _logical(cx: Context, expr: tree.Binary) -> Type | None:
    return BOOL if expr.left.type == BOOL and expr.right.type == BOOL else None


_RULES: dict[str, Function[[Context, tree.Binary], Type | None]] = {
    **dict.fromkeys(("+", "-", "*"), _arithmetic),
    **dict.fromkeys(("/", "%"), _division),
    **dict.fromkeys(("&", "|", "^"), _bitwise),
    **dict.fromkeys(("|+|", "|-|"), _saturating),
    **dict.fromkeys(("<<", ">>"), _shift),
    "++": _concat,
    **dict.fromkeys(("==", "!="), _equality),
    **dict.fromkeys(("<", "<=", ">", ">="), _order),
    **dict.fromkeys(("&&", "||"), _logical),
}


def conditional(cx: Context, expr: tree.Conditional, hint: Type | None) -> tree.Expr:
    """`c ? a : b`."""
    expr.condition = condition(cx, expr.condition)
    expr.then, expr.otherwise = cx.expr(expr.then, hint), cx.expr(expr.otherwise, hint)
    mixed = any(isinstance(e.type, Enum) for e in (expr.then, expr.otherwise)) and expr.then.type != expr.otherwise.type
    pair = balance(cx, expr.then, expr.otherwise) if not mixed else None
    if pair is None:
        return cx.wrong(expr, f"the branches have different types '{expr.then.type}' and '{expr.otherwise.type}'")
    expr.then, expr.otherwise = pair
    expr.type = expr.then.type
    if expr.type == INT and expr.condition.value is None and hint is None:
        return cx.wrong(expr, "the width of at least one branch must be given")
    if isinstance(expr.condition.value, bool):
        expr.value = expr.then.value if expr.condition.value else expr.otherwise.value
    return expr


def condition(cx: Context, expr: tree.Expr) -> tree.Expr:
    """An expression that must be bool."""
    expr = cx.expr(expr)
    if expr.type not in (BOOL, UNKNOWN):
        cx.error(expr, f"a condition must be bool, not '{expr.type}'")
    return expr


HANDLERS = {
    tree.Unary: unary,
    tree.Binary: binary,
    tree.Conditional: conditional,
}
