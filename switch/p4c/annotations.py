"""Expressions in annotations: evaluated where they are constants, so that later phases read `Expr.value`."""

from __future__ import annotations

from collections.abc import Sequence

from switch.p4c import tree
from switch.p4c.context import Context
from switch.p4c.typesys import BOOL, INT, STRING, UNKNOWN, Bits, ListValue

_STRINGS = ("name", "deprecated", "noWarn")
_LITERALS = (tree.IntLit, tree.BoolLit, tree.StringLit)


def check_annotations(cx: Context, annotations: Sequence[tree.Annotation]) -> None:
    """Evaluates what the annotations of one declaration or statement hold."""
    for annotation in annotations:
        if annotation.structured:
            _structured(cx, annotation)
        else:
            annotation.items = [_evaluate(cx, item) for item in annotation.items]
            if annotation.name == "match":
                _match(cx, annotation)
            if annotation.name in _STRINGS:
                _one_string(cx, annotation)
            annotation.pairs = {key: _evaluate(cx, item) for key, item in annotation.pairs.items()}
    _mixed(cx, annotations)


def warn_deprecated(cx: Context, node: tree.Node, decl: tree.Node | None) -> None:
    """Warns about a use of something marked @deprecated."""
    for annotation in getattr(decl, "annotations", ()):
        if annotation.name == "deprecated":
            text = str(annotation.items[0].value) if annotation.items else "no reason given"
            cx.warn(node, "deprecated", f"'{getattr(decl, 'name', '')}' is deprecated: {text}")


def _match(cx: Context, annotation: tree.Annotation) -> None:
    for item in annotation.items:
        if not isinstance(item, tree.Name) or item.name not in cx.match_kind_members:
            cx.error(item, "@match holds a match kind")


def _one_string(cx: Context, annotation: tree.Annotation) -> None:
    if len(annotation.items) != 1:
        cx.error(annotation, f"@{annotation.name} holds one string")
    elif not isinstance(annotation.items[0].value, str):
        cx.error(annotation.items[0], f"@{annotation.name} holds a string")


def _mixed(cx: Context, annotations: Sequence[tree.Annotation]) -> None:
    seen: dict[str, tree.Annotation] = {}
    for annotation in annotations:
        other = seen.setdefault(annotation.name, annotation)
        if other is not annotation and other.structured != annotation.structured:
            cx.error(annotation, f"@{annotation.name} is used both structured and unstructured", (other.span, "here"))
        elif other is not annotation and annotation.structured:
            cx.error(annotation, f"structured annotation @{annotation.name} is given twice", (other.span, "the first"))


def _structured(cx: Context, annotation: tree.Annotation) -> None:
    annotation.items = [_constant(cx, item) for item in annotation.items]
    annotation.pairs = {key: _constant(cx, item) for key, item in annotation.pairs.items()}


def _constant(cx: Context, expr: tree.Expr) -> tree.Expr:
    expr = cx.expr(expr)
    if expr.type is UNKNOWN:
        return expr
    if isinstance(expr.value, ListValue) or not (isinstance(expr.type, Bits) or expr.type in (INT, STRING, BOOL)):
        cx.error(expr, "structured annotations hold only numbers, strings and bools")
    elif expr.value is None:
        cx.error(expr, "structured annotations hold only compile-time constants")
    return expr


def _evaluate(cx: Context, expr: tree.Expr) -> tree.Expr:
    """Evaluates free-form content if it is a literal or names a constant; leaves it alone otherwise."""
    if _names_constant(cx, expr):
        return cx.expr(expr)
    return expr


def _names_constant(cx: Context, expr: tree.Expr) -> bool:
    if isinstance(expr, _LITERALS):
        return True
    if isinstance(expr, tree.Binary):
        return _names_constant(cx, expr.left) and _names_constant(cx, expr.right)
    if isinstance(expr, tree.Unary | tree.Cast):
        return _names_constant(cx, expr.operand)
    if isinstance(expr, tree.Name):
        found = cx.look(expr.name, expr.absolute)
        return bool(found) and isinstance(found[0], tree.ConstDecl)
    return False
