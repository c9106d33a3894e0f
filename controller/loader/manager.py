"""Loads plugins into a running region and takes them out again: all checks first, then the switches, or nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from controller.errors import CodecError, RequestError
from controller.loader.discover import discover
from controller.loader.errors import PluginError
from controller.loader.events import guarded, listen
from controller.loader.installed import Plugins, plugin_folders
from controller.loader.manifest import Manifest
from controller.loader.objects import instantiate
from controller.loader.runtime import PluginRuntime
from controller.model import LoadedPlugin, PluginResource
from controller.model.transaction import OPERATOR, Caller
from controller.p4rt import Program, ProgramError, Schema, Session, TableError
from controller.plan.plugin_part import PluginPart
from controller.plugin import Node, Plugin, Sample
from controller.programs import compiled
from controller.store import Ledger

_log = logging.getLogger(__name__)


class Switches(Protocol):
    """What the manager asks of the service that programs the switches."""

    async def reload(self, parts: Sequence[Any]) -> dict[str, bool]:
        """Brings all switches to the program and parts that there are now; TableError when one could not run it."""
        ...

    def programs_in_use(self) -> list[str]:
        """The names of the programs that the region's switches run."""
        ...

    async def verify(self, programs: Mapping[str, Program]) -> None:
        """TableError when a switch could not run its program."""
        ...

    def devices(self) -> dict[str, Any]:
        """The switches that are reached, by host id."""
        ...

    def replan(self) -> None:
        """Plans everything anew."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What loading did: by host id, whether its tables and registers kept what they held."""

    plugin: Plugin
    kept: dict[str, bool]


class PluginManager:
    """The plugins of a running controller. `fixed` is a program that was given and cannot be compiled with others."""

    def __init__(self, plugins: Plugins, ledger: Ledger, fixed: Callable[[], Awaitable[Program]] | None = None) -> None:
        self.plugins = plugins
        self.on_change: Callable[[Plugin], None] = lambda plugin: None  # a plugin that was not known, or has changed
        self._ledger = ledger
        self._fixed = fixed
        self._programs: dict[tuple[str, ...], Program] = {}
        self._switches: Switches | None = None
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}
        self._lock = asyncio.Lock()
        ledger.follower = plugins

    # -- what the service asks ------------------------------------------------------------------------------------

    async def program(self, name: str = "vrouter") -> Program:
        """A program with what is loaded, compiled when it is first needed."""
        if self._fixed is not None and name == "vrouter":
            return await self._fixed()
        return await self._compiled(name, [plugin.manifest for plugin in self.loaded])

    def parts(self) -> list[PluginPart]:
        """The plan's parts of what is loaded."""
        return [PluginPart(plugin) for plugin in self.loaded]

    @property
    def loaded(self) -> list[Plugin]:
        """The loaded plugins."""
        return self.plugins.loaded(self._ledger.model)

    @asynccontextmanager
    async def connected(self, node: Any, device: Any) -> AsyncIterator[None]:
        """Hands packets and digests of a switch to the plugins as long as it is ready."""
        host = self._ledger.model.hosts[node.state.host_id]
        program = await self.program(host.program)
        task = asyncio.create_task(listen(device, Node(host, host.program), program.p4info, lambda: self.loaded))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, TableError):
                await task

    # -- life -----------------------------------------------------------------------------------------------------

    def want(self, names: Sequence[str]) -> None:
        """Loads plugins before anything runs; PluginError when they do not go together."""
        known = self._ledger.model.table(LoadedPlugin)
        gone = [name for name in known if name not in self.plugins]
        if gone:
            why = next((f": {error}" for error in self.plugins.broken if error.path.parent.name == gone[0]), "")
            text = f"the plugin {gone[0]} is loaded and no longer there{why}"
            raise PluginError(plugin_folders()[0], None, text)
        with self._ledger.transaction(OPERATOR, "LoadPlugin") as tx:
            for name in names:
                if name not in known:
                    tx.put(LoadedPlugin(name, self.plugins[name].manifest.digest()))
                    self.plugins.welcome(tx, self.plugins[name])

    async def start(self, switches: Switches) -> None:
        """Begins to work for a service that runs."""
        self._switches = switches
        for plugin in self.loaded:
            await self._start(plugin)

    async def stop(self) -> None:
        """Stops all plugins."""
        for plugin in self.loaded:
            await self._stop(plugin)

    # -- loading --------------------------------------------------------------------------------------------------

    async def load(self, caller: Caller, name: str) -> Outcome:
        """Loads a plugin, or loads it again with changed sources; RequestError, and nothing changed, when refused."""
        async with self._lock:
            self._changeable(caller)
            before = self.plugins.find(name)
            with _refusing():
                candidate = await asyncio.to_thread(self._found, name, before)
            others = [plugin.manifest for plugin in self.loaded if plugin.name != name]
            await self._try([*others, candidate.manifest])
            if candidate is not before:
                self._replace(candidate, before)
            is_new = name not in self._ledger.model.table(LoadedPlugin)
            try:
                with self._ledger.transaction(caller, "LoadPlugin") as tx:
                    tx.put(LoadedPlugin(name, candidate.manifest.digest()))
                    if is_new:
                        self.plugins.welcome(tx, candidate)
            except BaseException:
                if before is not None and candidate is not before:
                    self._replace(before, candidate)
                raise
            if before is not None and not is_new:
                await self._stop(before)
            kept = await self._reload()
            await self._start(candidate)
            return Outcome(candidate, kept)

    async def unload(self, caller: Caller, name: str) -> Outcome:
        """Takes a plugin out; its resources stay, and cannot be changed until it is loaded again."""
        async with self._lock:
            self._changeable(caller)
            plugin = self.plugins[name]
            if name not in self._ledger.model.table(LoadedPlugin):
                raise RequestError(LoadedPlugin.NOT_FOUND, f"The plugin '{name}' is not loaded", "name")
            others = [other for other in self.loaded if other.name != name]
            for other in others:
                if name in other.manifest.needs:
                    raise RequestError("DependencyViolation", f"The plugin {other.name} needs {name}")
            await self._try([other.manifest for other in others])
            with self._ledger.transaction(caller, "UnloadPlugin") as tx:
                tx.delete(tx.get(LoadedPlugin, name))
            await self._stop(plugin)
            return Outcome(plugin, await self._reload())

    async def drops(self) -> list[Sample]:
        """Packets and bytes that each router that is reached has dropped, by reason."""
        if self._switches is None or not self._switches.devices():
            return []
        schema = Schema((await self.program()).p4info)
        reasons = {cell: reason for reason, cell in schema.enum("drop_reason_t").items()}
        samples = []
        for host_id, device in self._switches.devices().items():
            host = self._ledger.model.hosts[host_id].name
            try:
                cells = await Session(device, schema).counter("drops")
            except TableError as error:
                _log.warning("drops_unread host=%s error=%r", host, str(error))
                continue
            for cell, count in cells.items():
                labels = {"host": host, "reason": reasons.get(cell, str(cell))}
                samples.append(Sample("dropped_packets", count.packets, labels, "Packets dropped.", "counter"))
                samples.append(Sample("dropped_bytes", count.bytes, labels, "Bytes dropped.", "counter"))
        return samples

    def require_loaded(self, plugin: Plugin) -> None:
        """RequestError UnsupportedOperation when no router runs the plugin."""
        if plugin.name not in self._ledger.model.table(LoadedPlugin):
            text = f"The plugin {plugin.name} is not loaded (p4vpc plugin load {plugin.name})"
            raise RequestError("UnsupportedOperation", text)

    def _changeable(self, caller: Caller) -> None:
        if not caller.is_operator:
            raise RequestError("UnauthorizedOperation", "Only an operator may do this")
        if self._fixed is not None:
            text = "The controller was given its program; without --program it compiles one with the plugins"
            raise RequestError("UnsupportedOperation", text)

    def _found(self, name: str, before: Plugin | None) -> Plugin:
        """The plugin as its folder is now; the same object when nothing in it has changed."""
        broken: list[PluginError] = []
        manifests = {manifest.name: manifest for manifest in discover(*plugin_folders(), broken=broken)}
        if name not in manifests:
            for error in broken:
                if error.path.parent.name == name:
                    raise error
            known = ", ".join(manifests) or "none"
            raise RequestError(LoadedPlugin.NOT_FOUND, f"No plugin is called '{name}' (there are {known})", "name")
        manifest = manifests[name]
        if before is not None and before.digest == manifest.digest():
            return before
        return instantiate(manifest, again=before is not None)

    async def _try(self, manifests: Sequence[Manifest]) -> None:
        """Compiles the program with these plugins, and asks all switches whether they could run it."""
        with _refusing():
            names = ["vrouter"] if self._switches is None else self._switches.programs_in_use()
            programs = {name: await self._compiled(name, manifests) for name in names}
            for program in programs.values():
                Schema(program.p4info)  # what the controller cannot program must be refused before anything changes
            if self._switches is not None:
                await self._switches.verify(programs)

    async def _compiled(self, name: str, manifests: Sequence[Manifest]) -> Program:
        key = (name, *sorted(f"{manifest.folder}:{manifest.digest()}" for manifest in manifests))
        if key not in self._programs:
            self._programs[key] = await asyncio.to_thread(compiled, name, manifests)
        return self._programs[key]

    async def _reload(self) -> dict[str, bool]:
        if self._switches is None:
            return {}
        kept = await self._switches.reload(self.parts())
        for host_id, state in kept.items():
            words = "kept" if state else "written_again"
            _log.info("program_loaded host=%s state=%s", self._ledger.model.hosts[host_id].name, words)
        return kept

    def _replace(self, plugin: Plugin, before: Plugin | None) -> None:
        """Puts a plugin in the place of an older one, whose resources become the new one's."""
        with _refusing():
            self.plugins.add(plugin)
            codec = self._ledger.store.codec
            old = {kind.__name__: kind for kind in before.resources} if before is not None else {}
            documents = [
                (kind, [codec.encode(resource) for resource in self._ledger.model.table(kind).values()])
                for kind in old.values()
            ]
            codec.learn(plugin.resources)
            renewed: list[tuple[type[PluginResource], list[PluginResource]]] = []
            for kind, found in documents:
                try:
                    made = [codec.decode(kind.__name__, document) for document in found]
                except CodecError as error:
                    codec.learn(old.values())
                    if before is not None:
                        self.plugins.add(before)
                    raise PluginError(plugin.manifest.folder / "plugin.py", None, f"existing {error}") from None
                renewed.append((kind, [one for one in made if isinstance(one, PluginResource)]))
            for kind, resources in renewed:
                self._ledger.renew(kind, resources)
        self.on_change(plugin)

    # -- plugins at work ------------------------------------------------------------------------------------------

    async def _start(self, plugin: Plugin) -> None:
        assert self._switches is not None
        runtime = PluginRuntime(plugin, self._ledger, self._switches, self.program)
        await guarded(plugin, plugin.start(runtime))
        if plugin.tick_interval > 0:
            self._tasks[plugin.name] = [asyncio.create_task(_ticks(plugin))]

    async def _stop(self, plugin: Plugin) -> None:
        tasks = self._tasks.pop(plugin.name, [])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await guarded(plugin, plugin.stop())


async def _ticks(plugin: Plugin) -> None:
    while True:
        await asyncio.sleep(plugin.tick_interval)
        await guarded(plugin, plugin.on_tick(time.time()))


class _refusing:
    """Turns what is wrong with a plugin into an answer to the one who wanted it loaded."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PluginError | ProgramError):
            raise RequestError("InvalidPlugin.Refused", str(error)) from None
        if isinstance(error, TableError):
            raise RequestError("InvalidPlugin.Refused", f"A switch cannot run it: {error}") from None
        if isinstance(error, ValueError):
            raise RequestError("InvalidPlugin.Refused", f"The controller cannot program it: {error}") from None
