"""Annotations, documentation and @id as P4Info shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from finsy.proto import p4t

from switch.p4c import tree
from switch.p4c.source import Diagnostics

SHOWN_ELSEWHERE = frozenset({"name", "id", "brief", "description"})
INT64 = 1 << 63


def find(annotations: Iterable[tree.Annotation], name: str) -> tree.Annotation | None:
    """The first annotation of that name."""
    return next((a for a in annotations if a.name == name), None)


def has(annotations: Iterable[tree.Annotation], name: str) -> bool:
    """Whether there is an annotation of that name."""
    return find(annotations, name) is not None


def text_of(annotations: Iterable[tree.Annotation], name: str) -> str | None:
    """The string that is the annotation's body, if it has one."""
    value = _body(find(annotations, name))
    return value if isinstance(value, str) else None


def number_of(annotations: Iterable[tree.Annotation], name: str) -> int | None:
    """The number that is the annotation's body, if it has one."""
    value = _body(find(annotations, name))
    return value if isinstance(value, int) else None


def _body(annotation: tree.Annotation | None) -> object:
    if annotation is None:
        return None
    if annotation.items:
        return literal(annotation.items[0])
    if len(annotation.tokens) == 1:
        return _token(annotation.tokens[0])
    return None


def _token(token: str) -> object:
    if token.startswith('"'):
        return token[1:-1]
    try:
        return int(token, 0)
    except ValueError:
        return token


def literal(expr: tree.Expr) -> object:
    """The value of a constant expression, None if it has none."""
    if expr.value is not None:
        return expr.value
    if isinstance(expr, tree.IntLit):
        return expr.number
    if isinstance(expr, tree.BoolLit):
        return expr.truth
    if isinstance(expr, tree.StringLit):
        return expr.text
    return None


def add_annotations(
    message: Any,
    annotations: Sequence[tree.Annotation],
    diagnostics: Diagnostics,
    *,
    skip: Callable[[str], bool] = lambda name: False,
) -> None:
    """Adds all annotations to a message, except those that it shows in other fields and those to skip."""
    for annotation in annotations:
        if annotation.structured:
            message.structured_annotations.append(_structured(annotation, diagnostics))
        elif annotation.name not in SHOWN_ELSEWHERE and not skip(annotation.name):
            body = f"({' '.join(annotation.tokens)})" if annotation.tokens else ""
            message.annotations.append(f"@{annotation.name}{body}")


def add_documentation(message: Any, annotations: Sequence[tree.Annotation]) -> None:
    """Sets doc from @brief and @description."""
    brief, description = text_of(annotations, "brief"), text_of(annotations, "description")
    if brief is not None:
        message.doc.brief = brief
    if description is not None:
        message.doc.description = description


def _structured(annotation: tree.Annotation, diagnostics: Diagnostics) -> p4t.StructuredAnnotation:
    message = p4t.StructuredAnnotation(name=annotation.name)
    for item in annotation.items:
        message.expression_list.expressions.append(_expression(item, diagnostics))
    for key, item in annotation.pairs.items():
        pair = message.kv_pair_list.kv_pairs.add(key=key)
        pair.value.CopyFrom(_expression(item, diagnostics))
    return message


def _expression(expr: tree.Expr, diagnostics: Diagnostics) -> p4t.Expression:
    value = literal(expr)
    if isinstance(value, bool):
        return p4t.Expression(bool_value=value)
    if isinstance(value, str):
        return p4t.Expression(string_value=value)
    if isinstance(value, int):
        if -INT64 <= value < INT64:
            return p4t.Expression(int64_value=value)
        diagnostics.error(expr.span, "a number in a structured annotation must fit in 64 bits; write a string")
    return p4t.Expression()
