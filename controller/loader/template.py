"""A new plugin: a small one that works, to be changed into something else."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from controller.loader.errors import PluginError
from controller.operations import kebab_of

_TEMPLATES = Path(__file__).parent / "new"
_FILES = {
    "plugin.toml": "plugin.toml.txt",
    "{name}.p4": "plugin.p4.txt",
    "plugin.py": "plugin.py.txt",
    "README.md": "README.md.txt",
    "test_{name}.py": "test.py.txt",
}


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Writes the folder of a new plugin; PluginError when there is one of that name, or the name will not do."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name) or name.endswith("_"):
        raise PluginError(folder / name, None, "a plugin's name is lower case letters, digits and underscores")
    place = folder / name
    if place.exists():
        raise PluginError(place, None, "it exists already")
    class_name = "".join(part.capitalize() for part in name.split("_"))
    words = {
        "name": name,
        "REASON": name.upper(),
        "Class": class_name,
        "prefix": re.sub(r"[^a-z]", "", name),
        "command": kebab_of(f"{class_name}Port"),
    }
    try:
        place.mkdir(parents=True)
        written = []
        for target, template in _FILES.items():
            path = place / target.format(name=name)
            path.write_text(Template((_TEMPLATES / template).read_text()).substitute(words))
            written.append(path)
    except OSError as error:
        raise PluginError(place, None, str(error.strerror)) from None
    return written
