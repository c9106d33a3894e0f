"""What an IR expression means by the P4 specification, for comparing with what a back end makes of it."""

from __future__ import annotations

from collections.abc import Mapping

from switch.p4c import ir

Fields = Mapping[tuple[str, str], int]


def meaning(expr: ir.Expr, fields: Fields) -> int:
    """The value, within the expression's width and sign; bools are 0 and 1."""
    return _reduced(_value(expr, fields), expr)


def _reduced(value: int, expr: ir.Expr) -> int:
    if expr.width == 0:
        return int(bool(value))
    value &= (1 << expr.width) - 1
    return value - (1 << expr.width) if expr.signed and value >> (expr.width - 1) else value


def _value(expr: ir.Expr, fields: Fields) -> int:
    if isinstance(expr, ir.Const):
        return expr.value
    if isinstance(expr, ir.FieldRef):
        return fields[expr.header, expr.field]
    if isinstance(expr, ir.Conditional):
        return meaning(expr.then if meaning(expr.condition, fields) else expr.otherwise, fields)
    if isinstance(expr, ir.Cast):
        return meaning(expr.operand, fields)
    if isinstance(expr, ir.Slice):
        return meaning(expr.operand, fields) >> expr.low
    if isinstance(expr, ir.Unary):
        operand = meaning(expr.operand, fields)
        return {"-": -operand, "~": ~operand, "!": int(not operand)}[expr.op]
    assert isinstance(expr, ir.Binary)
    return _binary(expr, meaning(expr.left, fields), meaning(expr.right, fields))


def _binary(expr: ir.Binary, left: int, right: int) -> int:
    if expr.op in ("|+|", "|-|"):
        exact = left + right if expr.op == "|+|" else left - right
        low, high = (
            (-(1 << (expr.width - 1)), (1 << (expr.width - 1)) - 1) if expr.signed else (0, (1 << expr.width) - 1)
        )
        return max(low, min(exact, high))
    if expr.op == "++":
        ones = (1 << expr.right.width) - 1
        return left << expr.right.width | right & ones
    if expr.op == "<<":
        return 0 if right >= expr.width else left << right
    if expr.op == ">>":
        return left >> min(right, expr.width)
    if expr.op in ("&&", "||"):
        return int(bool(left and right) if expr.op == "&&" else bool(left or right))
    plain = {
        "+": left + right, "-": left - right, "*": left * right, "&": left & right, "|": left | right,
        "^": left ^ right, "==": left == right, "!=": left != right, "<": left < right, "<=": left <= right,
        ">": left > right, ">=": left >= right,
    }  # fmt: skip
    return int(plain[expr.op])
