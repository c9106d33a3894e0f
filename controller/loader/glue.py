"""The P4 text that puts plugins into a program; readable, because people read it when they debug."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from controller.loader.manifest import PROGRAMS, WATCHING, After, Manifest
from controller.loader.order import in_order

FIRST_REASON, LAST_REASON = 64, 254  # cells of `drops` that plugins have
FIRST_KIND, LAST_KIND = 0x100, 0xFFFE  # numbers of kinds that plugins have
GATES = "plugins"  # the gate of a plugin at a hook is the table plugins.HOOK.NAME

_WRITTEN = "// Written by the plugin loader."
_SIGNATURE = "inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std"
_POINTS: Mapping[After, str] = {"ip_protocol": "protocol", "udp_port": "dst_port"}


def write_glue(program: str, plugins: Sequence[Manifest], folder: Path) -> None:
    """Writes the files plugin_*.p4 that `program` includes, for the plugins that attach to it."""
    attached = [plugin for plugin in plugins if program in plugin.programs]
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "types": _types(attached),
        "headers": _headers(attached),
        "drop_reasons": _members(reason_cells(plugins), [(plugin, plugin.drop_reasons) for plugin in plugins]),
        "kinds": _members(kind_numbers(plugins), [(plugin, plugin.kinds) for plugin in plugins]),
        "parsers": [_WRITTEN, *_included(attached, "parser.p4")],
        "parser_instances": _parsers(attached),
        "states": _states(attached),
        "hooks": _hooks(program, attached),
    }
    for name, lines in files.items():
        (folder / f"plugin_{name}.p4").write_text("\n".join([*lines, ""]))


def reason_cells(plugins: Sequence[Manifest]) -> dict[str, int]:
    """The cell of each plugin's drop reasons: by a hash of the name, so that other plugins do not move it."""
    return _placed((name for plugin in plugins for name in plugin.drop_reasons), FIRST_REASON, LAST_REASON)


def kind_numbers(plugins: Sequence[Manifest]) -> dict[str, int]:
    """The number of each kind of resource that plugins serve, made in the same way."""
    return _placed((name for plugin in plugins for name in plugin.kinds), FIRST_KIND, LAST_KIND)


def gates(program: str, plugins: Sequence[Manifest]) -> list[str]:
    """The tables whose default action says whether a plugin runs at a hook."""
    return [
        f"{GATES}.{point}.{plugin.name}"
        for point in PROGRAMS[program]
        for plugin in plugins
        if plugin.hook(f"{program}.{point}") is not None
    ]


def _placed(names: Iterable[str], first: int, last: int) -> dict[str, int]:
    cells: dict[str, int] = {}
    taken: set[int] = set()
    size = last - first + 1
    for name in sorted(names):
        offset = zlib.crc32(name.encode()) % size
        while offset in taken:
            offset = (offset + 1) % size
        taken.add(offset)
        cells[name] = first + offset
    return cells


def _types(plugins: Sequence[Manifest]) -> Iterator[str]:
    yield _WRITTEN
    yield from _included(plugins, "types.p4")
    yield from ("", "struct plugins_t {")
    yield from (f"    {plugin.metadata} {plugin.name};" for plugin in plugins if plugin.metadata)
    yield "}"


def _included(plugins: Sequence[Manifest], file: str) -> Iterator[str]:
    for plugin in plugins:
        if (plugin.folder / file).exists():
            yield f'#include "{plugin.folder / file}"'


def _headers(plugins: Sequence[Manifest]) -> Iterator[str]:
    yield _WRITTEN
    for plugin in plugins:
        yield from (f"    {kind} {name};" for name, kind in plugin.headers.items())


def _members(numbers: Mapping[str, int], brought: Iterable[tuple[Manifest, Mapping[str, str]]]) -> Iterator[str]:
    yield _WRITTEN
    for plugin, meanings in brought:
        for name, meaning in meanings.items():
            yield f"    {name} = {numbers[name]},   // {plugin.name}: {_comment(meaning)}"


def _comment(text: str) -> str:
    return " ".join(text.replace("\\", "/").split())


def _parsers(plugins: Sequence[Manifest]) -> Iterator[str]:
    yield _WRITTEN
    for plugin in plugins:
        yield from (f"    {branch.parser}() {branch.parser}_;" for branch in plugin.branches)


def _states(plugins: Sequence[Manifest]) -> Iterator[str]:
    """Two states of the parser behind an IP header and behind ports, and one for each branch of a plugin."""
    yield _WRITTEN
    branches = [(plugin, branch) for plugin in plugins for branch in plugin.branches]
    for after, field in _POINTS.items():
        own = [branch for _, branch in branches if branch.after == after]
        yield from ("", f"    state plugin_{after} {{")
        if own:
            yield f"        transition select(packet.meta.flow.{field}) {{"
            yield from (f"            {branch.value}: plugin_{branch.parser};" for branch in own)
            yield from ("            default: accept;", "        }")
        else:
            yield "        transition accept;"
        yield "    }"
    for plugin, branch in branches:
        own_metadata = f", packet.plugins.{plugin.name}" if plugin.metadata else ""
        yield from ("", f"    state plugin_{branch.parser} {{")
        yield f"        {branch.parser}_.apply(bytes, hdr{own_metadata});"
        yield from ("        transition accept;", "    }")


def _hooks(program: str, plugins: Sequence[Manifest]) -> Iterator[str]:
    yield from (_WRITTEN, "")
    yield from (f'#include "{plugin.source(program)}"' for plugin in plugins)
    for point in PROGRAMS[program]:
        yield ""
        yield from _hook(program, point, in_order(plugins, f"{program}.{point}"))


def _hook(program: str, point: str, plugins: Sequence[Manifest]) -> Iterator[str]:
    yield f"control hook_{program}_{point}({_SIGNATURE}) {{"
    for plugin in plugins:
        yield f'    @name(".{plugin.name}.{point}") {plugin.name}_{point}() {plugin.name}_;'
    if plugins:
        yield from _gate_actions(point)
    for plugin in plugins:
        yield from _gate(point, plugin.name)
    yield from ([""] if plugins else [])
    yield "    apply {"
    for plugin in plugins:
        yield from _call(plugin, f"{program}.{point}")
    yield from ("    }", "}")


def _gate_actions(point: str) -> Iterator[str]:
    yield from ("    bool runs = false;", "")
    for name, value in (("open", "true"), ("closed", "false")):
        yield f'    @name(".{GATES}.{point}.{name}")'
        yield from (f"    action {name}() {{", f"        runs = {value};", "    }", "")


def _gate(point: str, name: str) -> Iterator[str]:
    """A table without keys: `closed` in a new program, until the controller has written the plugin's entries."""
    yield f'    @name(".{GATES}.{point}.{name}")'
    yield f"    table {name}_gate {{"
    yield from ("        actions = { open; closed; }", "        default_action = closed();", "    }", "")


def _call(plugin: Manifest, hook_name: str) -> Iterator[str]:
    hook = plugin.hook(hook_name)
    assert hook is not None
    own = f"packet.plugins.{plugin.name}, " if plugin.metadata else ""
    if hook.point != WATCHING:
        yield from (
            "        if (packet.meta.drop != drop_reason_t.NONE || packet.meta.answered) {",
            "            return;",
            "        }",
        )
    yield f"        {plugin.name}_gate.apply();"
    condition = f"runs && packet.meta.kind == resource_kind_t.{hook.for_kind}" if hook.for_kind else "runs"
    yield from (
        f"        if ({condition}) {{",
        f"            {plugin.name}_.apply(hdr, packet.meta, {own}std);",
        "        }",
    )
