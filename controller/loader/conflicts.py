"""Two plugins that want the same thing for themselves do not load together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from controller.loader.errors import PluginError
from controller.loader.manifest import HOOKS, Hook, Manifest
from controller.loader.writes import covers


def check_conflicts(plugins: Sequence[Manifest]) -> None:
    """PluginError with file and line of both sides when two plugins claim one field, header, drop reason, kind ..."""
    loaded = {plugin.name for plugin in plugins}
    for plugin in plugins:
        for needed in plugin.needs:
            if needed not in loaded:
                text = f"{plugin.name} needs the plugin {needed}, which is not loaded"
                raise PluginError(plugin.path, plugin.line_of("needs"), text)
    for one, other in combinations(plugins, 2):
        for name in HOOKS:
            a, b = one.hook(name), other.hook(name)
            if a is not None and b is not None and not _apart(a, b):
                _check_fields((one, a), (other, b))
        _check_names(one, other, one.headers.keys() & other.headers.keys(), "header", "[headers]")
        _check_names(one, other, one.drop_reasons.keys() & other.drop_reasons.keys(), "drop reason", "[drop_reasons]")
        _check_names(one, other, one.kinds.keys() & other.kinds.keys(), "kind", "[kinds]")
        _check_branches(one, other)


def _apart(a: Hook, b: Hook) -> bool:
    return a.for_kind is not None and b.for_kind is not None and a.for_kind != b.for_kind


def _check_fields(one: tuple[Manifest, Hook], other: tuple[Manifest, Hook]) -> None:
    for field, theirs in _overlaps(one[1], other[1]):
        both = f"write {field}" if field == theirs else f"write {max(field, theirs, key=len)}"
        raise _conflict((one[0], field), (other[0], theirs), one[1].name, f"{both} at {one[1].name}")


def _overlaps(one: Hook, other: Hook) -> Iterator[tuple[str, str]]:
    """Fields that both write where at least one wants to be the only one, in the words of each."""
    for mine in sorted((*one.exclusive, *one.shared)):
        for theirs in sorted((*other.exclusive, *other.shared)):
            both_share = mine in one.shared and theirs in other.shared
            if (covers(mine, theirs) or covers(theirs, mine)) and not both_share:
                yield mine, theirs


def _check_names(one: Manifest, other: Manifest, names: set[str], kind: str, section: str) -> None:
    if names:
        name = min(names)
        raise _conflict((one, name), (other, name), section, f"bring a {kind} called {name}")


def _check_branches(one: Manifest, other: Manifest) -> None:
    taken = {(branch.after, branch.value) for branch in one.branches}
    for branch in other.branches:
        if (branch.after, branch.value) in taken:
            value = str(branch.value)
            words = f"read what follows {branch.after} {value}"
            raise _conflict((one, value), (other, value), "[[parser]]", words)


def _conflict(one: tuple[Manifest, str], other: tuple[Manifest, str], section: str, what: str) -> PluginError:
    (mine, text), (theirs, their_text) = one, other
    place = f"{theirs.path}:{theirs.line_of(their_text, section)}"
    message = f"{mine.name} and {theirs.name} both {what}; the other is at {place}"
    return PluginError(mine.path, mine.line_of(text, section), message)
