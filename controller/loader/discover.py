"""Where plugins are: the project's plugins folder, and packages that name one by the entry point `p4vpc.plugins`."""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from controller.loader.errors import PluginError
from controller.loader.manifest import Manifest, read_manifest


def discover(*folders: Path) -> list[Manifest]:
    """Every plugin below the folders and of installed packages, by name; PluginError when two share a name."""
    places = [path.parent for folder in folders for path in sorted(folder.glob("*/plugin.toml"))]
    places += [_package_folder(point.value) for point in entry_points(group="p4vpc.plugins")]
    found: dict[str, Manifest] = {}
    for place in places:
        manifest = read_manifest(place)
        if manifest.name in found:
            other = found[manifest.name].path
            raise PluginError(manifest.path, None, f"another plugin is called {manifest.name}: {other}")
        found[manifest.name] = manifest
    return [found[name] for name in sorted(found)]


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise PluginError(Path(package), None, "the entry point names a package that cannot be imported")
    return Path(spec.origin).parent
