"""A whole program, read from BMv2 JSON."""

from __future__ import annotations

from dataclasses import dataclass

from .actions import ActionSpec, read_actions
from .expressions import FieldRef, HeaderRef, Scope
from .externs import ChecksumSpec, Externs, read_checksums, read_externs
from .headers import HeaderSpace, read_headers
from .jsonpath import Json
from .parser import DeparserSpec, ParserSpec, read_deparsers, read_errors, read_parsers
from .tables import PipelineSpec, ProfileSpec, TableSpec, read_pipelines

SUPPORTED_MAJOR = 2
# What every program has, and what simple_switch looks for in it.
REQUIRED = {
    "header_types": (),
    "headers": (),
    "actions": (),
    "parsers": ("parser",),
    "deparsers": ("deparser",),
    "pipelines": ("ingress", "egress"),
}


@dataclass(frozen=True, slots=True)
class Program:
    """Everything the JSON declares, resolved and checked."""

    headers: HeaderSpace
    aliases: dict[str, FieldRef]
    errors: dict[str, int]
    externs: Externs
    actions: dict[int, ActionSpec]
    parsers: dict[str, ParserSpec]
    deparsers: dict[str, DeparserSpec]
    pipelines: dict[str, PipelineSpec]
    action_profiles: dict[str, ProfileSpec]
    checksums: tuple[ChecksumSpec, ...]

    @property
    def tables(self) -> dict[str, TableSpec]:
        """All tables by name, in pipeline order."""
        return {name: table for pipeline in self.pipelines.values() for name, table in pipeline.tables.items()}

    def intrinsic(self, name: str) -> FieldRef | None:
        """The field that simple_switch knows as `name` ("standard_metadata.egress_spec"), aliases first."""
        if name in self.aliases:
            return self.aliases[name]
        header, _, member = name.partition(".")
        spec = self.headers.headers.get(header)
        if spec is None:
            return None
        found = spec.type.field(member)
        return None if found is None else FieldRef(HeaderRef(spec), found)


def read_program(config: bytes | str) -> Program:
    """Reads BMv2 JSON; raises BadConfig naming the path of what is wrong."""
    root = Json.parse(config)
    _check_version(root)
    _check_complete(root)
    headers = read_headers(root)
    externs = read_externs(root, headers)
    scope = Scope(headers, externs.registers)
    actions = read_actions(root, scope, externs)
    pipelines, profiles = read_pipelines(root, scope, externs, actions)
    _check_table_names(root)
    for item in root.items("extern_instances"):
        raise item.fail("extern instances are not supported")
    return Program(
        headers=headers,
        aliases=_read_aliases(root, headers),
        errors=read_errors(root),
        externs=externs,
        actions=actions,
        parsers=read_parsers(root, scope, externs),
        deparsers=read_deparsers(root, scope, externs),
        pipelines=pipelines,
        action_profiles=profiles,
        checksums=read_checksums(root, scope, externs),
    )


def _check_version(root: Json) -> None:
    meta = root.get("__meta__")
    version = None if meta is None else meta.get("version")
    if version is not None and version.exactly(2)[0].number() != SUPPORTED_MAJOR:
        raise version.fail(f"only version {SUPPORTED_MAJOR} of the format is supported")


def _check_complete(root: Json) -> None:
    present = {section: root.items(section) for section in REQUIRED if root.get(section) is not None}
    missing = [section for section in REQUIRED if section not in present]
    if missing:
        raise root.fail(f"no program: lacks {', '.join(map(repr, missing))}")
    for section, names in REQUIRED.items():
        found = {item["name"].text() for item in present[section]}
        for name in names:
            if name not in found:
                raise root[section].fail(f"lacks {name!r}; only programs for v1model are supported")


def _check_table_names(root: Json) -> None:
    seen: set[str] = set()
    for pipeline in root.items("pipelines"):
        for table in pipeline.items("tables"):
            if table["name"].text() in seen:
                raise table["name"].fail(f"the name {table['name'].text()!r} is taken")
            seen.add(table["name"].text())


def _read_aliases(root: Json, headers: HeaderSpace) -> dict[str, FieldRef]:
    from .expressions import read_field

    aliases: dict[str, FieldRef] = {}
    for item in root.items("field_aliases"):
        name, target = item.exactly(2)
        aliases[name.text()] = read_field(target, headers)
    return aliases
