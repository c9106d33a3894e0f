"""Types and values of literals and names."""

from __future__ import annotations

from switch.p4c import consteval, tree
from switch.p4c.check_types import resolve_type
from switch.p4c.context import Context
from switch.p4c.convert import convert, list_value, warn_overflow
from switch.p4c.names import is_type
from switch.p4c.typesys import (
    BOOL,
    DONT_CARE,
    INT,
    MATCH_KIND,
    STATE,
    STRING,
    UNKNOWN,
    Bits,
    Set,
    Struct,
    StructField,
    Tuple,
    Type,
)
from switch.p4c.typesys import Table as TableType


def int_literal(cx: Context, expr: tree.IntLit, hint: Type | None) -> tree.Expr:
    """`5`, `8w5`, `8s5`."""
    if expr.width is None:
        expr.type, expr.value = INT, expr.number
        return expr
    if expr.width == 0 and expr.signed:
        return cx.wrong(expr, "the width of a signed type cannot be zero")
    expr.type = Bits(expr.width, expr.signed)
    warn_overflow(cx, expr, expr.number, expr.type)
    expr.value = consteval.wrap(expr.number, expr.type)
    return expr


def bool_literal(cx: Context, expr: tree.BoolLit, hint: Type | None) -> tree.Expr:
    """`true`, `false`."""
    expr.type, expr.value = BOOL, expr.truth
    return expr


def string_literal(cx: Context, expr: tree.StringLit, hint: Type | None) -> tree.Expr:
    """`"text"`."""
    expr.type, expr.value = STRING, expr.text
    return expr


def name(cx: Context, expr: tree.Name, hint: Type | None) -> tree.Expr:
    """A declaration used as an expression."""
    found = cx.look(expr.name, expr.absolute)
    if not found and expr.name in cx.match_kind_members:
        expr.decl = kind = cx.match_kind_members[expr.name]
        expr.type, expr.value = MATCH_KIND, kind.value
        return expr
    if not found:
        return cx.wrong(expr, f"'{expr.name}' is not declared")
    entry = found[0]
    if is_type(entry):
        return cx.wrong(expr, f"'{expr.name}' is a type, not a value")
    assert isinstance(entry, tree.Decl)
    expr.decl = entry
    expr.type = value_type(entry)
    if isinstance(entry, tree.ConstDecl):
        expr.value = entry.value
    return expr


def value_type(decl: tree.Decl) -> Type:
    """The type of what a declaration names."""
    if isinstance(decl, tree.TableDecl):
        return TableType(decl.name)
    if isinstance(decl, tree.StateDecl):
        return STATE
    if isinstance(decl, tree.ValueSetDecl):
        return Set(decl.type or UNKNOWN)
    return getattr(decl, "type", None) or UNKNOWN


def type_expr(cx: Context, expr: tree.TypeExpr, hint: Type | None) -> tree.Expr:
    """A type where a value should stand."""
    resolve_type(cx, expr.node)
    return cx.wrong(expr, "a type cannot be used as a value")


def this(cx: Context, expr: tree.ThisExpr, hint: Type | None) -> tree.Expr:
    """`this`."""
    if cx.this is None:
        return cx.wrong(expr, "'this' can only be used in the abstract methods of an instance")
    expr.type = cx.this
    return expr


def list_expr(cx: Context, expr: tree.ListExpr, hint: Type | None) -> tree.Expr:
    """`{a, b}`: a tuple, until its place makes something else of it."""
    expr.items = [cx.expr(item) for item in expr.items]
    expr.type = Tuple(tuple(item.type or UNKNOWN for item in expr.items))
    expr.value = None if expr.dots else list_value([item.value for item in expr.items])
    return expr


def struct_expr(cx: Context, expr: tree.StructExpr, hint: Type | None) -> tree.Expr:
    """`{a = 1, b = 2}`: a struct without a name, until its place gives it one."""
    seen: set[str] = set()
    for named in expr.fields:
        if named.name in seen:
            cx.error(named, f"field '{named.name}' is given twice")
        seen.add(named.name)
        named.expr = cx.expr(named.expr)
    fields = tuple(StructField(f.name, f.expr.type or UNKNOWN) for f in expr.fields)
    expr.type = Struct("struct", "", tuple(f.type for f in fields), fields)
    expr.value = list_value([f.expr.value for f in expr.fields], tuple(f.name for f in fields))
    if expr.target is None:
        return expr
    node, expr.target = expr.target, None
    target = resolve_type(cx, node)
    converted = convert(cx, expr, target)
    expr.target = node
    return converted


def invalid(cx: Context, expr: tree.InvalidExpr, hint: Type | None) -> tree.Expr:
    """`{#}`."""
    expr.type = hint if isinstance(hint, Struct) else Struct("header", "")
    return expr


def default(cx: Context, expr: tree.DefaultExpr, hint: Type | None) -> tree.Expr:
    """`default`, `_` and `...`."""
    expr.type = DONT_CARE
    return expr


HANDLERS = {
    tree.IntLit: int_literal,
    tree.BoolLit: bool_literal,
    tree.StringLit: string_literal,
    tree.Name: name,
    tree.TypeExpr: type_expr,
    tree.ThisExpr: this,
    tree.ListExpr: list_expr,
    tree.StructExpr: struct_expr,
    tree.InvalidExpr: invalid,
    tree.DefaultExpr: default,
}
