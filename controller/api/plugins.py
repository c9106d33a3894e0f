"""Routes that load and unload plugins, and the application's part of it: new routes while it runs."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute

from controller.api.gate import Gate, Operator, TheGate, Who
from controller.api.metrics import metrics_router
from controller.api.plugin_routes import plugin_routers
from controller.api.routes import router_for
from controller.api.schemas import LoadedAnswer, PluginPage
from controller.loader.manager import Outcome, PluginManager
from controller.model import LoadedPlugin
from controller.operations import plural
from controller.plugin import Plugin


def serve_plugins(app: FastAPI, manager: PluginManager) -> None:
    """Adds the routes of plugins, of those that are installed and of those that come while the application runs."""
    app.include_router(_router(manager))
    app.include_router(metrics_router(manager))
    routes: dict[str, list[BaseRoute]] = {}

    def include(plugin: Plugin) -> None:
        old = {id(route) for route in routes.get(plugin.name, ())}
        kept = [route for route in app.router.routes if id(route) not in old]
        app.router.routes[:] = kept
        for router in plugin_routers(plugin, manager):
            app.include_router(router)
        routes[plugin.name] = app.router.routes[len(kept) :]
        app.openapi_schema = None

    for plugin in manager.plugins:
        include(plugin)
    manager.on_change = include


def _router(manager: PluginManager) -> Any:
    router = router_for("plugins", "Plugins")

    @router.get("", response_model=PluginPage, operation_id="ListPlugins")
    async def list_plugins(gate: TheGate, who: Who) -> Any:
        """The plugins that are installed, and which of them are loaded."""
        items = [_shown(gate, plugin) for plugin in manager.plugins]
        return {"revision": gate.ledger.revision, "items": items, "next_token": None}

    @router.put("/{name}", response_model=LoadedAnswer, operation_id="LoadPlugin")
    async def load_plugin(name: str, gate: TheGate, who: Operator) -> Any:
        """Loads a plugin into the running routers, or loads it again after a change; all of them or none."""
        return _outcome(gate, await manager.load(who, name))

    @router.delete("/{name}", response_model=LoadedAnswer, operation_id="UnloadPlugin")
    async def unload_plugin(name: str, gate: TheGate, who: Operator) -> Any:
        """Takes a plugin out of the running routers; its resources stay."""
        return _outcome(gate, await manager.unload(who, name))

    return router


def _shown(gate: Gate, plugin: Plugin) -> dict[str, Any]:
    loaded = gate.model.get(LoadedPlugin, plugin.name)
    return {
        "name": plugin.name,
        "summary": plugin.manifest.summary,
        "loaded": loaded is not None,
        "hooks": [hook.name for hook in plugin.manifest.hooks],
        "resources": [plural(kind) for kind in plugin.resources],
    }


def _outcome(gate: Gate, outcome: Outcome) -> dict[str, Any]:
    switches = [
        {"host_id": host_id, "name": gate.model.hosts[host_id].name, "state": "kept" if kept else "written again"}
        for host_id, kept in outcome.kept.items()
    ]
    return {
        "revision": gate.ledger.revision,
        "plugin": _shown(gate, outcome.plugin),
        "switches": switches,
    }
