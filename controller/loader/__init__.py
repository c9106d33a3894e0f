"""Finds plugins, orders and checks them, and writes the P4 glue that puts them into a program."""

from collections.abc import Sequence

from controller.loader.conflicts import check_conflicts
from controller.loader.discover import discover
from controller.loader.errors import PluginError
from controller.loader.glue import gates, write_glue
from controller.loader.manifest import Hook, Manifest, read_manifest
from controller.loader.order import in_order
from controller.loader.writes import check_writes


def check_plugins(plugins: Sequence[Manifest]) -> None:
    """PluginError when these plugins do not go together, or one of them writes what it does not declare."""
    check_conflicts(plugins)
    for plugin in plugins:
        check_writes(plugin)


__all__ = [
    "Hook",
    "Manifest",
    "PluginError",
    "check_conflicts",
    "check_plugins",
    "check_writes",
    "discover",
    "gates",
    "in_order",
    "read_manifest",
    "write_glue",
]
