"""Walking statements and rebuilding expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from switch.p4c import ir


def map_expr(expr: ir.Expr, change: Callable[[ir.Expr], ir.Expr]) -> ir.Expr:
    """The expression with `change` applied to each part, from the leaves up, left to right."""
    new: dict[str, Any] = {}
    for item in fields(expr):
        old = getattr(expr, item.name)
        if isinstance(old, ir.Expr):
            part = map_expr(old, change)
            if part is not old:
                new[item.name] = part
    return change(replace(expr, **new) if new else expr)


def all_statements(body: Sequence[ir.Stmt]) -> Iterator[ir.Stmt]:
    """The statements of a block and those inside them, in the order of the program."""
    for stmt in body:
        yield stmt
        for part in _parts(stmt):
            yield from all_statements(part)


def _parts(stmt: ir.Stmt) -> list[list[ir.Stmt]]:
    if isinstance(stmt, ir.If):
        return [stmt.then, stmt.otherwise]
    if isinstance(stmt, ir.Labelled | ir.Loop):
        return [stmt.body]
    if isinstance(stmt, ir.ApplyTable):
        return [part for part in (stmt.hit, stmt.miss, stmt.default, *(stmt.cases or {}).values()) if part]
    return []
