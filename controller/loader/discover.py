"""Where plugins are: the project's plugins folder, and packages that name one by the entry point `p4vpc.plugins`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from controller.loader.errors import PluginError
from controller.loader.manifest import Manifest, read_manifest


def discover(*folders: Path, broken: list[PluginError] | None = None) -> list[Manifest]:
    """Every plugin below the folders and of installed packages, by name.

    PluginError for one whose plugin.toml is wrong, or when two share a name; with `broken`, such a plugin is left out
    and the error put into that list.
    """
    places = [(path.parent, "") for folder in folders for path in sorted(folder.glob("*/plugin.toml"))]
    found: dict[str, Manifest] = {}
    for place, package in [*places, *_packages(broken)]:
        try:
            manifest = read_manifest(place, package)
            if manifest.name in found:
                other = found[manifest.name].path
                raise PluginError(manifest.path, None, f"another plugin is called {manifest.name}: {other}")
        except PluginError as error:
            if broken is None:
                raise
            broken.append(error)
        else:
            found[manifest.name] = manifest
    return [found[name] for name in sorted(found)]


def _packages(broken: list[PluginError] | None) -> Iterator[tuple[Path, str]]:
    for point in entry_points(group="p4vpc.plugins"):
        try:
            yield _package_folder(point.value), point.value
        except PluginError as error:
            if broken is None:
                raise
            broken.append(error)


def _package_folder(package: str) -> Path:
    try:
        spec = find_spec(package)
    except ImportError:
        spec = None
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise PluginError(Path(package), None, "the entry point names a package that cannot be imported")
    return Path(places[0])
