"""Plugins as Python objects: imports plugin.py and makes the class that it defines."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

from controller.loader.errors import PluginError
from controller.loader.manifest import Manifest
from controller.operations import OperationError, operations
from controller.plugin import Plugin, PluginResource

_NAMESPACE = "p4vpc_plugins"  # holds plugins whose folder is not a package that can be imported by name


def instantiate(manifest: Manifest, *, again: bool = False) -> Plugin:
    """The plugin's object; a plugin without plugin.py gets the base class. `again` reads changed sources anew.

    PluginError when plugin.py cannot be imported or does not hold exactly one subclass of Plugin.
    """
    source = manifest.folder / "plugin.py"
    kind = _class_of(manifest, _module(manifest, again=again), source) if source.exists() else Plugin
    plugin = kind()
    plugin.manifest = manifest
    plugin.digest = manifest.digest()
    _check(plugin, source)
    return plugin


def _module(manifest: Manifest, *, again: bool) -> ModuleType:
    package = manifest.package or _package(manifest.folder)
    if again:
        for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
            del sys.modules[name]
        importlib.invalidate_caches()
    try:
        if package.startswith(f"{_NAMESPACE}."):
            _adopt(package, manifest.folder)
        return importlib.import_module(f"{package}.plugin")
    except PluginError:
        raise
    except Exception as error:  # whatever a stranger's module does when it is run
        place, line = _place(error, manifest.folder)
        raise PluginError(place, line, f"{type(error).__name__}: {error}") from error


def _package(folder: Path) -> str:
    """The name under which a plugin's folder is imported: as it would be by hand, if that is possible."""
    parent = folder.parent
    if (parent / "__init__.py").exists():
        try:
            spec = importlib.util.find_spec(parent.name)
        except (ImportError, ValueError):
            spec = None
        if spec is not None and str(parent) in (spec.submodule_search_locations or ()):
            return f"{parent.name}.{folder.name}"
    return f"{_NAMESPACE}.{folder.name}"


def _adopt(package: str, folder: Path) -> None:
    """Makes a folder a package below the namespace, so that its modules can import each other relatively."""
    if _NAMESPACE not in sys.modules:
        sys.modules[_NAMESPACE] = ModuleType(_NAMESPACE)
        sys.modules[_NAMESPACE].__path__ = []
    known = sys.modules.get(package)
    if known is not None and list(known.__path__) != [str(folder)]:
        for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
            del sys.modules[name]  # another folder of that name, which was looked at before
    if package not in sys.modules:
        module = ModuleType(package)
        module.__path__ = [str(folder)]
        sys.modules[package] = module


def _class_of(manifest: Manifest, module: ModuleType, source: Path) -> type[Plugin]:
    found = [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Plugin) and kind is not Plugin and kind.__module__ == module.__name__
    ]
    if len(found) != 1:
        names = ", ".join(kind.__name__ for kind in found) or "none"
        raise PluginError(source, None, f"it must define one subclass of Plugin, and defines {names}")
    return found[0]


def _check(plugin: Plugin, source: Path) -> None:
    """What would fail later, far from its cause."""
    for kind in plugin.resources:
        if not (isinstance(kind, type) and issubclass(kind, PluginResource)):
            raise PluginError(source, None, f"{kind!r} in resources is no subclass of PluginResource")
    try:
        for operation in operations(plugin):
            if operation.kind not in plugin.resources:
                text = f"{operation.method} is about {operation.kind.__name__}, which is not among its resources"
                raise PluginError(source, None, text)
    except OperationError as error:
        raise PluginError(source, None, str(error)) from None


def _place(error: BaseException, folder: Path) -> tuple[Path, int | None]:
    """The innermost line of the plugin's own that led to an error."""
    if isinstance(error, SyntaxError) and error.filename:
        return Path(error.filename), error.lineno
    found: tuple[Path, int | None] = (folder / "plugin.py", None)
    trace = error.__traceback__
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_relative_to(folder):
            found = (path, trace.tb_lineno)
        trace = trace.tb_next
    return found
