"""Plugins in the lab: a region's model with what they add, and transactions in which they follow every change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from controller.loader import Manifest
from controller.loader.installed import Plugins
from controller.model import LiveModel, LoadedPlugin, Model
from controller.model.transaction import OPERATOR, Caller, Transaction
from controller.plugin import Plugin


class LabPlugins:
    """The plugins of a lab and the model that they follow."""

    def __init__(self, model: Model, manifests: Sequence[Manifest]) -> None:
        self._plugins = Plugins()
        self.model: Model = model
        if manifests:
            self.model = LiveModel(model.resources())
            self.load(manifests)

    @property
    def manifests(self) -> list[Manifest]:
        """Those of the loaded plugins."""
        return [plugin.manifest for plugin in self.loaded]

    @property
    def loaded(self) -> list[Plugin]:
        """The loaded plugins, by name."""
        return self._plugins.loaded(self.model)

    def __getitem__(self, name: str) -> Plugin:
        return self._plugins[name]

    def load(self, manifests: Sequence[Manifest]) -> None:
        """Loads plugins: each is shown everything that exists."""
        for plugin in Plugins(manifests):
            self._plugins.add(plugin)
        with self.transaction() as tx:
            for manifest in manifests:
                tx.put(LoadedPlugin(manifest.name))
                self._plugins.welcome(tx, self._plugins[manifest.name])

    def unload(self, name: str) -> None:
        """Unloads a plugin; its resources stay."""
        with self.transaction() as tx:
            tx.delete(tx.get(LoadedPlugin, name))

    @contextmanager
    def transaction(
        self, caller: Caller = OPERATOR, committed: Callable[[], None] = lambda: None
    ) -> Iterator[Transaction]:
        """Changes the model; all of the block or nothing. `committed` is called behind it."""
        if not isinstance(self.model, LiveModel):
            self.model = LiveModel(self.model.resources())
        tx = Transaction(self.model, caller, self._plugins)
        try:
            yield tx
            tx.changes()
        except BaseException:
            tx.undo()
            raise
        committed()
