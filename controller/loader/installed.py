"""The plugins that are installed, as objects; which of them are loaded is the model's to say."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from controller.errors import ControllerError, RequestError
from controller.loader.discover import discover
from controller.loader.errors import PluginError
from controller.loader.manifest import Manifest
from controller.loader.objects import instantiate
from controller.model import LoadedPlugin, Model, PluginResource, Resource
from controller.model.ids import PREFIXES
from controller.model.transaction import Follower, Transaction
from controller.plugin import Plugin

FOLDERS = "P4VPC_PLUGINS"  # further folders of plugins, separated as in PATH
OWN_FOLDER = Path(__file__).parents[2] / "plugins"


def plugin_folders() -> list[Path]:
    """Where plugins are looked for: the project's folder, and those that the environment names."""
    more = [Path(part) for part in os.environ.get(FOLDERS, "").split(os.pathsep) if part]
    return [OWN_FOLDER, *more]


class Plugins(Follower):
    """All plugins by name. As a follower it shows every change to those that are loaded or have resources."""

    def __init__(self, manifests: Iterable[Manifest] = ()) -> None:
        self._plugins: dict[str, Plugin] = {}
        self.broken: list[PluginError] = []
        for manifest in manifests:
            self.add(instantiate(manifest))

    @classmethod
    def installed(cls) -> Plugins:
        """Those in the usual folders and of installed packages; what is wrong with others is in `broken`."""
        found = cls()
        for manifest in discover(*plugin_folders(), broken=found.broken):
            try:
                found.add(instantiate(manifest))
            except PluginError as error:
                found.broken.append(error)
        return found

    def add(self, plugin: Plugin) -> None:
        """Adds a plugin, or puts it in the place of one of its name; PluginError when its names are taken."""
        others = [one for name, one in self._plugins.items() if name != plugin.name]
        taken = {kind.__name__: other.name for other in others for kind in other.resources}
        prefixes = {kind.PREFIX: other.name for other in others for kind in other.resources if kind.PREFIX}
        for kind in plugin.resources:
            owner = taken.get(kind.__name__) or (prefixes.get(kind.PREFIX) if kind.PREFIX else None)
            if owner is None and kind.PREFIX in PREFIXES:
                owner = "the project itself"
            if owner is not None:
                text = f"{kind.__name__} (ids {kind.PREFIX}-...) has a name or prefix of {owner}"
                raise PluginError(plugin.manifest.folder / "plugin.py", None, text)
        self._plugins[plugin.name] = plugin

    def __iter__(self) -> Iterator[Plugin]:
        return iter([self._plugins[name] for name in sorted(self._plugins)])

    def __contains__(self, name: object) -> bool:
        return name in self._plugins

    def __getitem__(self, name: str) -> Plugin:
        if name not in self._plugins:
            known = ", ".join(sorted(self._plugins)) or "none"
            raise RequestError(LoadedPlugin.NOT_FOUND, f"No plugin is called '{name}' (there are {known})", "name")
        return self._plugins[name]

    def find(self, name: str) -> Plugin | None:
        """The plugin of that name, or None."""
        return self._plugins.get(name)

    @property
    def kinds(self) -> tuple[type[PluginResource], ...]:
        """The kinds of resources that they bring."""
        return tuple(kind for plugin in self for kind in plugin.resources)

    def loaded(self, model: Model) -> list[Plugin]:
        """Those that the model says are loaded, by name."""
        return [plugin for plugin in self if plugin.name in model.table(LoadedPlugin)]

    def changed(self, tx: Transaction, before: Resource | None, after: Resource | None) -> None:
        """Shows a change to the plugins that it may concern."""
        for plugin in self:
            if plugin.name in tx.model.table(LoadedPlugin) or any(tx.model.table(kind) for kind in plugin.resources):
                _told(plugin, tx, before, after)

    def welcome(self, tx: Transaction, plugin: Plugin) -> None:
        """Shows a plugin that was not loaded everything that exists; the transaction is that of its loading."""
        for resource in list(tx.model.resources()):
            if not isinstance(resource, LoadedPlugin):
                _told(plugin, tx, None, resource)


def _told(plugin: Plugin, tx: Transaction, before: Resource | None, after: Resource | None) -> None:
    try:
        plugin.on_change(tx, before, after)
    except ControllerError:
        raise
    except Exception as error:
        text = f"The plugin {plugin.name} failed: {type(error).__name__}: {error}"
        raise RequestError("InternalError", text) from error


def manifests_of(plugins: Sequence[Plugin]) -> list[Manifest]:
    """What the loader needs to know of plugins to compile a program with them."""
    return [plugin.manifest for plugin in plugins]
