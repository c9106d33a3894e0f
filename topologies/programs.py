"""The project's P4 programs, compiled once for each content (`controller.programs`)."""

from __future__ import annotations

from collections.abc import Collection

from controller.loader.installed import Plugins
from controller.model import Model
from controller.programs import ROOT, SOURCES, compiled

__all__ = ["ROOT", "SOURCES", "compile_all", "compiled", "needed"]


def needed(model: Model) -> list[str]:
    """The plugins whose resources a region has."""
    return [plugin.name for plugin in Plugins.installed() if any(model.table(kind) for kind in plugin.resources)]


def compile_all(model: Model, plugins: Collection[str]) -> None:
    """Compiles the programs of all hosts of a region with these plugins."""
    manifests = [plugin.manifest for plugin in Plugins.installed() if plugin.name in plugins]
    for name in sorted({host.program for host in model.hosts.values()}):
        compiled(name, manifests)
