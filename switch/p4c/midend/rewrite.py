"""Rewrites IR expressions from the leaves up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from switch.p4c import ir

Change = Callable[[ir.Expr], ir.Expr]


def rewrite(expr: ir.Expr, change: Change) -> ir.Expr:
    """The expression with `change` applied to each part, operands first."""
    match expr:
        case ir.Unary() | ir.Cast() | ir.Slice():
            operand = rewrite(expr.operand, change)
            expr = expr if operand is expr.operand else replace(expr, operand=operand)
        case ir.Binary():
            left, right = rewrite(expr.left, change), rewrite(expr.right, change)
            expr = expr if left is expr.left and right is expr.right else replace(expr, left=left, right=right)
        case ir.Conditional():
            parts = [rewrite(e, change) for e in (expr.condition, expr.then, expr.otherwise)]
            expr = replace(expr, condition=parts[0], then=parts[1], otherwise=parts[2])
        case ir.StackFieldRef() | ir.UnionStackFieldRef() | ir.IsValid() if isinstance(expr.index, ir.Expr):
            expr = replace(expr, index=rewrite(expr.index, change))
    return change(expr)


def rewrite_stmt(stmt: ir.Stmt, change: Change) -> ir.Stmt:
    """A statement without inner statements, its expressions rewritten (not what it assigns to)."""
    match stmt:
        case ir.Assign():
            return replace(stmt, value=rewrite(stmt.value, change))
        case ir.Advance():
            return replace(stmt, bits=rewrite(stmt.bits, change))
        case ir.Verify():
            return replace(stmt, condition=rewrite(stmt.condition, change), error=rewrite(stmt.error, change))
        case ir.Extract() if stmt.length is not None:
            return replace(stmt, length=rewrite(stmt.length, change))
        case ir.Primitive():
            return replace(stmt, args=[_argument(arg, change) for arg in stmt.args])
    return stmt


def _argument(arg: object, change: Change) -> object:
    if isinstance(arg, ir.Expr):
        return rewrite(arg, change)
    if isinstance(arg, list):
        return [_argument(item, change) for item in arg]
    return arg
