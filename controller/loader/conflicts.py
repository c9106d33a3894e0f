"""Two plugins that write the same thing at the same hook do not load together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from controller.loader.errors import PluginError
from controller.loader.manifest import HOOKS, Hook, Manifest


def check_conflicts(plugins: Sequence[Manifest]) -> None:
    """PluginError with file and line of both sides when two plugins claim one field, header or drop reason."""
    for one, other in combinations(plugins, 2):
        for name in HOOKS:
            a, b = one.hook(name), other.hook(name)
            if a is not None and b is not None and not _apart(a, b):
                _check_fields(one, other, sorted(set(a.exclusive) & set(b.exclusive)), name)
        _check_names(one, other, one.headers.keys() & other.headers.keys(), "header")
        _check_names(one, other, one.drop_reasons.keys() & other.drop_reasons.keys(), "drop reason")


def _apart(a: Hook, b: Hook) -> bool:
    return a.for_kind is not None and b.for_kind is not None and a.for_kind != b.for_kind


def _check_fields(one: Manifest, other: Manifest, fields: Sequence[str], hook: str) -> None:
    if fields:
        raise _conflict(one, other, fields[0], f"write {fields[0]} at {hook}")


def _check_names(one: Manifest, other: Manifest, names: set[str], kind: str) -> None:
    if names:
        raise _conflict(one, other, min(names), f"bring a {kind} called {min(names)}")


def _conflict(one: Manifest, other: Manifest, text: str, what: str) -> PluginError:
    place = f"{other.path}:{other.line_of(text)}"
    return PluginError(one.path, one.line_of(text), f"{one.name} and {other.name} both {what}; the other is at {place}")
