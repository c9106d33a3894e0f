"""Builders of IR expressions that fold constants and drop what has no effect."""

from __future__ import annotations

from collections.abc import Callable

from switch.p4c import ir

MAX_FOLDED_SHIFT = 1 << 16


def reduced(value: int, width: int, signed: bool = False) -> int:
    """The value in two's complement at that width; width 0 (bool) gives 0 or 1."""
    if width == 0:
        return 1 if value else 0
    value &= (1 << width) - 1
    return value - (1 << width) if signed and value >> (width - 1) else value


def const(width: int, value: int, signed: bool = False) -> ir.Const:
    """A constant, reduced to its width."""
    return ir.Const(width, reduced(value, width, signed), signed=signed)


def truth(value: bool) -> ir.Const:
    """A truth value."""
    return ir.Const(0, int(value))


def known_true(expr: ir.Expr) -> bool:
    """Whether it is the constant true."""
    return isinstance(expr, ir.Const) and expr.value == 1 and expr.width == 0


def known_false(expr: ir.Expr) -> bool:
    """Whether it is the constant false."""
    return isinstance(expr, ir.Const) and expr.value == 0 and expr.width == 0


def negate(expr: ir.Expr) -> ir.Expr:
    """Logical not."""
    if isinstance(expr, ir.Const):
        return truth(not expr.value)
    if isinstance(expr, ir.Unary) and expr.op == "!":
        return expr.operand
    return ir.Unary(0, "!", expr)


def both(left: ir.Expr, right: ir.Expr) -> ir.Expr:
    """Logical and."""
    if isinstance(left, ir.Const):
        return right if left.value else left
    if known_true(right):
        return left
    return ir.Binary(0, "&&", left, right)


def either(left: ir.Expr, right: ir.Expr) -> ir.Expr:
    """Logical or."""
    if isinstance(left, ir.Const):
        return left if left.value else right
    if known_false(right):
        return left
    return ir.Binary(0, "||", left, right)


def unary(op: str, operand: ir.Expr) -> ir.Expr:
    """`-`, `+`, `~` or `!`."""
    if op == "!":
        return negate(operand)
    if op == "+":
        return operand
    if isinstance(operand, ir.Const):
        value = -operand.value if op == "-" else ~operand.value
        return const(operand.width, value, operand.signed)
    return ir.Unary(operand.width, op, operand, signed=operand.signed)


def _saturate(value: int, width: int, signed: bool) -> int:
    low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
    return max(low, min(high, value))


_ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": int.__add__,
    "-": int.__sub__,
    "*": int.__mul__,
    "&": int.__and__,
    "|": int.__or__,
    "^": int.__xor__,
}
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": int.__eq__,
    "!=": int.__ne__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
}


def divide(left: int, right: int) -> int:
    """Division that rounds towards zero."""
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def binary(op: str, left: ir.Expr, right: ir.Expr) -> ir.Expr:
    """Any operator of two operands, already of the types P4 gives them."""
    if op == "&&":
        return both(left, right)
    if op == "||":
        return either(left, right)
    if isinstance(left, ir.Const) and isinstance(right, ir.Const):
        folded = _fold(op, left, right)
        if folded is not None:
            return folded
    if op in _COMPARISONS:
        return ir.Binary(0, op, left, right)
    if op == "++":
        return ir.Binary(left.width + right.width, op, left, right, signed=left.signed)
    return ir.Binary(left.width, op, left, right, signed=left.signed)


def _fold(op: str, left: ir.Const, right: ir.Const) -> ir.Expr | None:
    a, b, width, signed = left.value, right.value, left.width, left.signed
    if op in _ARITHMETIC:
        return const(width, _ARITHMETIC[op](a, b), signed)
    if op in _COMPARISONS:
        return truth(_COMPARISONS[op](a, b))
    if op == "++":
        return const(width + right.width, (reduced(a, width) << right.width) | reduced(b, right.width), signed)
    if op in ("|+|", "|-|"):
        return const(width, _saturate(a + b if op == "|+|" else a - b, width, signed), signed)
    if op in ("<<", ">>") and 0 <= b <= MAX_FOLDED_SHIFT:
        return const(width, a << b if op == "<<" else a >> b, signed)
    if op in ("/", "%") and b != 0:
        quotient = divide(a, b)
        return const(width, quotient if op == "/" else a - quotient * b, signed)
    return None


def cast(operand: ir.Expr, width: int, signed: bool = False) -> ir.Expr:
    """Change of width or sign; to and from bool (width 0)."""
    if operand.width == width and operand.signed == signed:
        return operand
    if isinstance(operand, ir.Const):
        return const(width, operand.value, signed)
    return ir.Cast(width, operand, signed=signed)


def piece(operand: ir.Expr, high: int, low: int) -> ir.Expr:
    """operand[high:low]; the result is unsigned."""
    width = high - low + 1
    if isinstance(operand, ir.Const):
        return const(width, reduced(operand.value, operand.width) >> low)
    if isinstance(operand, ir.Slice):
        return piece(operand.operand, operand.low + high, operand.low + low)
    if width == operand.width and not operand.signed:
        return operand
    if isinstance(operand, ir.Lookahead) and low == 0:  # needs as many bits of the packet as the whole
        return ir.Lookahead(width, operand.offset + operand.width - 1 - high)
    return ir.Slice(width, operand, high, low)


def choose(condition: ir.Expr, then: ir.Expr, otherwise: ir.Expr) -> ir.Expr:
    """`condition ? then : otherwise`."""
    if isinstance(condition, ir.Const):
        return then if condition.value else otherwise
    return ir.Conditional(then.width, condition, then, otherwise, signed=then.signed)


def shift_amount(value: int) -> ir.Const:
    """A constant shift amount, as narrow as targets want it."""
    return const(8 if value < 256 else 32, value)
