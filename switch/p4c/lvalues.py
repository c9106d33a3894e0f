"""What can be assigned to."""

from __future__ import annotations

from switch.p4c import tree
from switch.p4c.typesys import Stack, Struct, Tuple


def is_lvalue(expr: tree.Expr) -> bool:
    """Whether the expression names storage that may be written here."""
    match expr:
        case tree.Name(decl=tree.VarDecl()):
            return True
        case tree.Name(decl=tree.Param(direction=direction)):
            return direction in ("out", "inout")
        case tree.Member(base=base):
            if isinstance(base.type, Stack):
                return expr.name in ("next", "last") and is_lvalue(base)
            return isinstance(base.type, Struct) and base.type.field_type(expr.name) is not None and is_lvalue(base)
        case tree.Index(base=base):
            return isinstance(base.type, Stack | Tuple) and is_lvalue(base)
        case tree.Slice(base=base):
            return is_lvalue(base)
        case _:
            return False


def root(expr: tree.Expr) -> tree.Expr:
    """The variable or parameter that an lvalue is part of."""
    while isinstance(expr, tree.Member | tree.Index | tree.Slice):
        expr = expr.base
    return expr
