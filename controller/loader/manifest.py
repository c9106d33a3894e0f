"""plugin.toml: what a plugin says of itself.

name = "nacl"
summary = "Network ACLs: stateless, ordered rules at the subnet boundary"
metadata = "nacl_t"                      # struct in types.p4, if the plugin carries something with the packet

[drop_reasons]                           # names that its P4 may use, and what they mean
NACL_OUTBOUND = "the subnet's outbound rules say no"

[hooks."vrouter.from_eni"]               # control nacl_from_eni in nacl.p4
after = ["security_group"]
verdict = true                           # may drop
exclusive = ["hdr.ipv4.src"]             # nobody else at this hook may write these
for_kind = "nat-gateway"                 # unless it serves another kind of resource
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.loader.errors import PluginError

PROGRAMS = {
    "vrouter": ("from_eni", "to_underlay", "from_underlay", "to_eni"),
    "blackfoot": ("outbound", "inbound"),
    "hyperplane": ("decide", "translate"),
}
HOOKS = tuple(f"{program}.{point}" for program, points in PROGRAMS.items() for point in points)

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Reason = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,40}$")]


class _HookText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    after: list[Identifier] = []
    before: list[Identifier] = []
    verdict: bool = False
    exclusive: list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]*$")]] = []
    for_kind: str | None = None


class _ManifestText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Identifier
    summary: str
    metadata: Identifier | None = None
    headers: dict[Identifier, Identifier] = {}
    drop_reasons: dict[Reason, str] = {}
    hooks: dict[str, _HookText] = {}


@dataclass(frozen=True)
class Hook:
    """One place where a plugin attaches: `program.point`, its order, and what it writes there."""

    name: str
    after: tuple[str, ...]
    before: tuple[str, ...]
    verdict: bool
    exclusive: tuple[str, ...]
    for_kind: str | None

    @property
    def program(self) -> str:
        """The P4 program."""
        return self.name.partition(".")[0]

    @property
    def point(self) -> str:
        """The place in the program."""
        return self.name.partition(".")[2]


@dataclass(frozen=True)
class Manifest:
    """A plugin as its folder describes it. `headers` maps instance names to header types of its types.p4."""

    folder: Path
    name: str
    summary: str
    metadata: str | None
    headers: dict[str, str]
    drop_reasons: dict[str, str]
    hooks: tuple[Hook, ...]

    @property
    def path(self) -> Path:
        """Its plugin.toml."""
        return self.folder / "plugin.toml"

    def hook(self, name: str) -> Hook | None:
        """How it attaches at a hook, if it does."""
        return next((hook for hook in self.hooks if hook.name == name), None)

    def line_of(self, text: str) -> int | None:
        """The first line of plugin.toml that contains the text."""
        lines = self.path.read_text().splitlines()
        return next((number for number, line in enumerate(lines, start=1) if text in line), None)


def read_manifest(folder: Path) -> Manifest:
    """Reads a plugin's folder; PluginError names what is missing or wrong."""
    path = folder / "plugin.toml"
    try:
        content = tomllib.loads(path.read_text())
    except OSError as error:
        raise PluginError(path, None, str(error.strerror)) from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise PluginError(path, int(line[1]) if line else None, str(error)) from None
    try:
        text = _ManifestText.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise PluginError(path, None, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    manifest = _manifest(folder, text)
    _check(manifest)
    return manifest


def _manifest(folder: Path, text: _ManifestText) -> Manifest:
    hooks = tuple(
        Hook(name, tuple(hook.after), tuple(hook.before), hook.verdict, tuple(hook.exclusive), hook.for_kind)
        for name, hook in text.hooks.items()
    )
    return Manifest(folder, text.name, text.summary, text.metadata, text.headers, text.drop_reasons, hooks)


def _check(manifest: Manifest) -> None:
    if manifest.name != manifest.folder.name:
        raise PluginError(manifest.path, manifest.line_of("name"), f"name must be the folder's, {manifest.folder.name}")
    for hook in manifest.hooks:
        if hook.name not in HOOKS:
            known = ", ".join(HOOKS)
            raise PluginError(manifest.path, manifest.line_of(hook.name), f"no hook is called {hook.name} ({known})")
    if (manifest.metadata or manifest.headers) and not (manifest.folder / "types.p4").exists():
        raise PluginError(manifest.path, None, "metadata or headers need a file types.p4")
    if manifest.hooks:
        _check_controls(manifest)


def _check_controls(manifest: Manifest) -> None:
    source = manifest.folder / f"{manifest.name}.p4"
    try:
        text = source.read_text()
    except OSError:
        raise PluginError(source, None, "a plugin with hooks needs this file") from None
    for hook in manifest.hooks:
        control = f"{manifest.name}_{hook.point}"
        if not re.search(rf"\bcontrol\s+{control}\b", text):
            raise PluginError(source, None, f"hook {hook.name} needs a control called {control}")
