"""Finds plugins, orders and checks them, and writes the P4 glue that puts them into a program."""

from controller.loader.conflicts import check_conflicts
from controller.loader.discover import discover
from controller.loader.errors import PluginError
from controller.loader.glue import write_glue
from controller.loader.manifest import Hook, Manifest, read_manifest
from controller.loader.order import in_order

__all__ = [
    "Hook",
    "Manifest",
    "PluginError",
    "check_conflicts",
    "discover",
    "in_order",
    "read_manifest",
    "write_glue",
]
