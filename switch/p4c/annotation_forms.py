"""What the annotations that this compiler understands must hold; all others may hold anything."""

from __future__ import annotations

from collections.abc import Callable

from switch.p4c import tree


def problem(note: tree.Annotation) -> str | None:
    """What is wrong with the body of an annotation without square brackets."""
    check = _FORMS.get(note.name)
    return f"@{note.name} {check[1]}" if check is not None and not check[0](note) else None


def _nothing(note: tree.Annotation) -> bool:
    return not note.tokens


def _one(note: tree.Annotation) -> bool:
    return len(note.items) == 1


def _string(note: tree.Annotation) -> bool:
    return _one(note) and isinstance(note.items[0], tree.StringLit)


def _number(note: tree.Annotation) -> bool:
    return _one(note) and isinstance(note.items[0], tree.IntLit)


def _list(note: tree.Annotation) -> bool:
    return bool(note.items) or not note.tokens


def _pairs(note: tree.Annotation) -> bool:
    return bool(note.pairs)


def _translation(note: tree.Annotation) -> bool:
    """STRING "," (STRING_TYPE | BIT "<" INTEGER ">" | INTEGER)"""
    words = note.tokens
    if len(words) < 3 or not words[0].startswith('"') or words[1] != ",":
        return False
    rest = words[2:]
    bits = len(rest) == 4 and rest[:2] == ["bit", "<"] and rest[3] == ">"
    return rest == ["string"] or bits or (len(rest) == 1 and rest[0].isdigit())


_NOTHING = (_nothing, "takes no argument")
_ONE = (_one, "takes one argument")
_MANY = (_list, "takes a list of expressions")

_FORMS: dict[str, tuple[Callable[[tree.Annotation], bool], str]] = {
    "atomic": _NOTHING,
    "defaultonly": _NOTHING,
    "disable_optimization": _NOTHING,
    "hidden": _NOTHING,
    "likely": _NOTHING,
    "metadata": _NOTHING,
    "noSideEffects": _NOTHING,
    "nounroll": _NOTHING,
    "optional": _NOTHING,
    "pure": _NOTHING,
    "tableonly": _NOTHING,
    "unlikely": _NOTHING,
    "unroll": _NOTHING,
    "deprecated": _ONE,
    "length": _ONE,
    "match": _ONE,
    "name": _ONE,
    "noWarn": _ONE,
    "alias": (_string, "takes a string"),
    "priority": (_number, "takes a number"),
    "pkginfo": (_pairs, "takes a list of name = value"),
    "field_list": _MANY,
    "p4runtime_translation_mappings": _MANY,
    "synchronous": _MANY,
    "p4runtime_translation": (_translation, "takes a string and a type, which is 'string' or bit<N>"),
}
