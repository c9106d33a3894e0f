"""The parts of a region description that belong to plugins: taken out of the YAML before the rest is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.errors import ControllerError
from controller.loader.installed import Plugins
from controller.model import Model, NetworkInterface, PhysicalHost, PluginResource, Resource, Subnet, Vpc
from controller.plugin import Plugin, Section

_PLACES = ("", "hosts", "vpcs", "vpcs.subnets", "vpcs.instances")  # where plugins may add keys


@dataclass(frozen=True)
class Part:
    """A plugin's key somewhere in a description; `path` is the names that lead to what it stands in."""

    key: str
    path: tuple[str, ...]
    content: Any

    @property
    def place(self) -> str:
        """As messages name it."""
        return ".".join((*self.path, self.key))


def take_parts(content: Mapping[str, Any], known: Mapping[str, frozenset[str]]) -> tuple[dict[str, Any], list[Part]]:
    """The description without the keys that it does not know itself, and these keys if a plugin has them."""
    found = list(_foreign(content, known))
    if not found:
        return dict(content), []
    keys = {key for plugin in Plugins.installed() for key in plugin.sections}
    parts = [part for part in found if part.key in keys]
    rest = _copy(content)
    for part in parts:
        holder = rest
        for name in part.path:
            holder = holder[name]
        del holder[part.key]
    return rest, parts


def described(model: Model, parts: Sequence[Part]) -> list[PluginResource]:
    """What plugins make of their parts; ValueError with the place when one is wrong."""
    resources: list[PluginResource] = []
    plugins: list[Plugin] = [plugin for plugin in Plugins.installed() if plugin.sections] if parts else []
    for plugin in plugins:
        own = [
            Section(part.key, part.place, part.content, _subject(model, part))
            for part in parts
            if part.key in plugin.sections
        ]
        try:
            resources += plugin.described(model, own) if own else ()
        except ControllerError as error:
            raise ValueError(f"{own[0].place}: {error}") from None
    return resources


def _foreign(content: Mapping[str, Any], known: Mapping[str, frozenset[str]]) -> Iterator[Part]:
    for place in _PLACES:
        for path, holder in _holders(content, tuple(place.split(".")) if place else ()):
            for key, value in holder.items():
                if isinstance(key, str) and key not in known[place]:
                    yield Part(key, path, value)


def _holders(
    content: Mapping[str, Any], kinds: tuple[str, ...], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Everything of a sort, such as all instances of all VPCs, and where it stands."""
    if not kinds:
        yield path, content
        return
    named = content.get(kinds[0])
    if isinstance(named, dict):
        for name, value in named.items():
            if isinstance(name, str) and isinstance(value, dict):
                yield from _holders(value, kinds[1:], (*path, kinds[0], name))


def _copy(content: Any) -> Any:
    return {key: _copy(value) for key, value in content.items()} if isinstance(content, dict) else content


def _subject(model: Model, part: Part) -> Resource | None:
    names = part.path[1::2]
    match part.path[::2]:
        case ("hosts",):
            return _named(model, PhysicalHost, names[0])
        case ("vpcs",):
            return _named(model, Vpc, names[0])
        case ("vpcs", "subnets"):
            vpc = _named(model, Vpc, names[0])
            return next(one for one in model.group(Subnet, "vpc", vpc.id) if one.name == names[1])
        case ("vpcs", "instances"):
            vpc = _named(model, Vpc, names[0])
            return next(one for one in model.group(NetworkInterface, "vpc", vpc.id) if one.name == names[1])
        case _:
            return None


def _named(model: Model, kind: type[Any], name: str) -> Any:
    return next(one for one in model.table(kind).values() if one.name == name)
