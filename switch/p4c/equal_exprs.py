"""Whether two expressions are written alike."""

from __future__ import annotations

from switch.p4c import tree


def equal(one: tree.Expr | None, other: tree.Expr | None) -> bool:
    """The same names, operators and values; implicit casts do not count."""
    one, other = _plain(one), _plain(other)
    if one is None or other is None:
        return one is other
    if one.value is not None and one.value == other.value:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, tree.StructExpr) and isinstance(other, tree.StructExpr):
        fields = {f.name: f.expr for f in other.fields}
        return one.dots == other.dots and all(equal(f.expr, fields.get(f.name)) for f in one.fields)
    return all(_same(getattr(one, f), getattr(other, f)) for f in one.__dataclass_fields__ if f not in _IGNORED)


_IGNORED = frozenset({"span", "type", "value", "decl", "bound", "target", "inferred", "constructor", "node"})


def _plain(expr: tree.Expr | None) -> tree.Expr | None:
    while isinstance(expr, tree.Cast) and expr.implicit:
        expr = expr.operand
    return expr


def _same(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, tree.Expr) and isinstance(other, tree.Expr):
        return equal(one, other)
    if isinstance(one, tree.Argument) and isinstance(other, tree.Argument):
        return equal(one.expr, other.expr)
    if isinstance(one, tree.NamedExpr) and isinstance(other, tree.NamedExpr):
        return one.name == other.name and equal(one.expr, other.expr)
    if isinstance(one, tree.TypeNode) and isinstance(other, tree.TypeNode):
        return one.type == other.type
    return one == other
