"""Rebuilding expressions."""

from __future__ import annotations

from collections.abc import Callable
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
