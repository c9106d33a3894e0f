"""plugin.toml: what a plugin says of itself (docs/plugins.md explains every line).

name = "nacl"
summary = "Network ACLs: stateless, ordered rules at the subnet boundary"
metadata = "nacl_t"                      # struct in types.p4, if the plugin carries something with the packet
needs = ["security_group"]               # plugins that must be loaded, too

[headers]                                # instances and types of headers that it brings (types.p4)
ospf = "ospf_t"

[drop_reasons]                           # names that its P4 may use, and what they mean
NACL_OUTBOUND = "the subnet's outbound rules say no"

[kinds]                                  # kinds of resources that it serves at edges and Hyperplane nodes
NAT_GATEWAY = "many interfaces behind one address"

[hooks."vrouter.from_eni"]               # control nacl_from_eni in nacl.p4
after = ["security_group"]
verdict = true                           # may drop
exclusive = ["hdr.ipv4.src"]             # writes these, and nobody else at this hook may
shared = ["meta.track.untracked"]        # writes these, and others that say so may, too

[hooks."hyperplane.translate"]
for_kind = "NAT_GATEWAY"                 # only for packets of that kind

[[parser]]                               # sub-parser nacl_ospf in parser.p4
after = "ip_protocol"
value = 89
parser = "nacl_ospf"
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.loader.errors import PluginError

PROGRAMS = {
    "vrouter": ("from_eni", "to_underlay", "from_underlay", "to_eni", "tick", "control", "end"),
    "blackfoot": ("outbound", "inbound", "tick"),
    "hyperplane": ("decide", "translate", "tick"),
}
WITH_KINDS = ("blackfoot", "hyperplane")  # programs whose packets belong to a kind of resource
WATCHING = "end"  # the point where plugins see every packet, dropped ones too, and change nothing
HOOKS = tuple(f"{program}.{point}" for program, points in PROGRAMS.items() for point in points)

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Reason = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,40}$")]
Path_ = Annotated[str, Field(pattern=r"^(hdr|meta|std)(\.[a-z][a-z0-9_]*)+$")]
After = Literal["ip_protocol", "udp_port"]
_LARGEST: dict[After, int] = {"ip_protocol": 255, "udp_port": 65535}


class _HookText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    after: list[Identifier] = []
    before: list[Identifier] = []
    verdict: bool = False
    exclusive: list[Path_] = []
    shared: list[Path_] = []
    for_kind: Reason | None = None


class _BranchText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    after: After
    value: int
    parser: Identifier


class _ManifestText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Identifier
    summary: str
    metadata: Identifier | None = None
    needs: list[Identifier] = []
    headers: dict[Identifier, Identifier] = {}
    drop_reasons: dict[Reason, str] = {}
    kinds: dict[Reason, str] = {}
    hooks: dict[str, _HookText] = {}
    parser: list[_BranchText] = []


@dataclass(frozen=True)
class Hook:
    """One place where a plugin attaches: `program.point`, its order, and what it writes there."""

    name: str
    after: tuple[str, ...]
    before: tuple[str, ...]
    verdict: bool
    exclusive: tuple[str, ...]
    shared: tuple[str, ...] = ()
    for_kind: str | None = None

    @property
    def program(self) -> str:
        """The P4 program."""
        return self.name.partition(".")[0]

    @property
    def point(self) -> str:
        """The place in the program."""
        return self.name.partition(".")[2]


@dataclass(frozen=True)
class Branch:
    """A branch of the parser: the sub-parser that reads on behind this value of an IP protocol or UDP port."""

    after: After
    value: int
    parser: str


@dataclass(frozen=True)
class Manifest:
    """A plugin as its folder describes it. `headers` maps instance names to header types of its types.p4.

    `package` is the Python package that the folder is, where it is one that can be imported by name.
    """

    folder: Path
    name: str
    summary: str
    metadata: str | None
    headers: dict[str, str]
    drop_reasons: dict[str, str]
    hooks: tuple[Hook, ...]
    needs: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    branches: tuple[Branch, ...] = ()
    package: str = ""

    @property
    def programs(self) -> tuple[str, ...]:
        """The P4 programs that it changes."""
        found = {hook.program for hook in self.hooks}
        return tuple(program for program in PROGRAMS if program in found)

    @property
    def path(self) -> Path:
        """Its plugin.toml."""
        return self.folder / "plugin.toml"

    def hook(self, name: str) -> Hook | None:
        """How it attaches at a hook, if it does."""
        return next((hook for hook in self.hooks if hook.name == name), None)

    def sources(self) -> list[Path]:
        """Its P4 files."""
        return sorted(self.folder.glob("*.p4"))

    def source(self, program: str) -> Path:
        """The file with its controls for a program: the one called after the program, or else after the plugin."""
        own = self.folder / f"{program}.p4"
        return own if own.exists() else self.folder / f"{self.name}.p4"

    def digest(self) -> str:
        """Stands for everything in the folder that decides what it does."""
        digest = hashlib.sha256()
        for path in [self.path, *self.sources(), *sorted(self.folder.rglob("*.py"))]:
            digest.update(f"{path.relative_to(self.folder)}\0".encode() + path.read_bytes())
        return digest.hexdigest()[:16]

    def line_of(self, text: str, section: str = "") -> int | None:
        """The first line of plugin.toml that contains the text, behind the line that contains the section's name."""
        lines = self.path.read_text().splitlines()
        first = next((number for number, line in enumerate(lines) if section in line), 0)
        return next((number for number, line in enumerate(lines[first:], start=first + 1) if text in line), None)


def read_manifest(folder: Path, package: str = "") -> Manifest:
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
    manifest = _manifest(folder.absolute(), text, package)
    _check(manifest)
    return manifest


def _manifest(folder: Path, text: _ManifestText, package: str) -> Manifest:
    hooks = tuple(
        Hook(
            name,
            tuple(hook.after),
            tuple(hook.before),
            hook.verdict,
            tuple(hook.exclusive),
            tuple(hook.shared),
            hook.for_kind,
        )
        for name, hook in text.hooks.items()
    )
    return Manifest(
        folder=folder,
        name=text.name,
        summary=text.summary,
        metadata=text.metadata,
        headers=text.headers,
        drop_reasons=text.drop_reasons,
        hooks=hooks,
        needs=tuple(text.needs),
        kinds=text.kinds,
        branches=tuple(Branch(branch.after, branch.value, branch.parser) for branch in text.parser),
        package=package,
    )


def _check(manifest: Manifest) -> None:
    if manifest.name != manifest.folder.name:
        raise PluginError(manifest.path, manifest.line_of("name"), f"name must be the folder's, {manifest.folder.name}")
    for hook in manifest.hooks:
        if hook.name not in HOOKS:
            known = ", ".join(HOOKS)
            raise PluginError(manifest.path, manifest.line_of(hook.name), f"no hook is called {hook.name} ({known})")
        if hook.point == WATCHING and (hook.verdict or hook.exclusive or hook.shared):
            line = manifest.line_of(hook.name)
            raise PluginError(manifest.path, line, f"at {hook.name} a plugin looks on: it neither drops nor writes")
        if hook.for_kind and hook.program not in WITH_KINDS:
            line = manifest.line_of("for_kind", hook.name)
            raise PluginError(manifest.path, line, f"for_kind is for hooks of {' and '.join(WITH_KINDS)}")
    for branch in manifest.branches:
        if not 0 <= branch.value <= _LARGEST[branch.after]:
            line = manifest.line_of(str(branch.value), "[[parser]]")
            raise PluginError(manifest.path, line, f"{branch.after} is at most {_LARGEST[branch.after]}")
    if (manifest.metadata or manifest.headers) and not (manifest.folder / "types.p4").exists():
        raise PluginError(manifest.path, None, "metadata or headers need a file types.p4")
    if manifest.branches and not (manifest.folder / "parser.p4").exists():
        raise PluginError(manifest.path, None, "branches of the parser need a file parser.p4")
    if manifest.hooks:
        _check_controls(manifest)


def _check_controls(manifest: Manifest) -> None:
    for hook in manifest.hooks:
        source = manifest.source(hook.program)
        try:
            text = source.read_text()
        except OSError:
            raise PluginError(source, None, "a plugin with hooks needs this file") from None
        control = f"{manifest.name}_{hook.point}"
        if not re.search(rf"\bcontrol\s+{control}\b", text):
            raise PluginError(source, None, f"hook {hook.name} needs a control called {control}")
