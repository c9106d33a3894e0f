"""The P4 text that puts plugins into a program; readable, because people read it when they debug."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

from controller.loader.manifest import PROGRAMS, Manifest
from controller.loader.order import in_order

FIRST_REASON, LAST_REASON = 64, 254  # cells of `drops` that plugins have


def write_glue(program: str, plugins: Sequence[Manifest], folder: Path) -> None:
    """Writes the files plugin_*.p4 that `program` includes, for the plugins that attach to it."""
    attached = [plugin for plugin in plugins if any(hook.program == program for hook in plugin.hooks)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plugin_types.p4").write_text(_types(attached))
    (folder / "plugin_headers.p4").write_text(_headers(attached))
    (folder / "plugin_drop_reasons.p4").write_text(_drop_reasons(plugins))
    (folder / "plugin_hooks.p4").write_text(_hooks(program, attached))


def reason_cells(plugins: Sequence[Manifest]) -> dict[str, int]:
    """The cell of each plugin's drop reasons: by a hash of the name, so that other plugins do not move it."""
    cells: dict[str, int] = {}
    taken: set[int] = set()
    size = LAST_REASON - FIRST_REASON + 1
    for name in sorted(reason for plugin in plugins for reason in plugin.drop_reasons):
        offset = zlib.crc32(name.encode()) % size
        while offset in taken:
            offset = (offset + 1) % size
        taken.add(offset)
        cells[name] = FIRST_REASON + offset
    return cells


def _types(plugins: Sequence[Manifest]) -> str:
    lines = ["// Written by the plugin loader."]
    lines += [f'#include "{plugin.folder / "types.p4"}"' for plugin in plugins if _has_types(plugin)]
    lines += ["", "struct plugins_t {"]
    lines += [f"    {plugin.metadata} {plugin.name};" for plugin in plugins if plugin.metadata]
    return "\n".join([*lines, "}", ""])


def _has_types(plugin: Manifest) -> bool:
    return (plugin.folder / "types.p4").exists()


def _headers(plugins: Sequence[Manifest]) -> str:
    lines = ["// Written by the plugin loader."]
    lines += [f"    {kind} {name};" for plugin in plugins for name, kind in plugin.headers.items()]
    return "\n".join([*lines, ""])


def _drop_reasons(plugins: Sequence[Manifest]) -> str:
    cells = reason_cells(plugins)
    lines = ["// Written by the plugin loader."]
    for plugin in plugins:
        for name, meaning in plugin.drop_reasons.items():
            lines.append(f"    {name} = {cells[name]},   // {plugin.name}: {_comment(meaning)}")
    return "\n".join([*lines, ""])


def _comment(text: str) -> str:
    return " ".join(text.replace("\\", "/").split())


def _hooks(program: str, plugins: Sequence[Manifest]) -> str:
    lines = ["// Written by the plugin loader.", ""]
    lines += [f'#include "{plugin.folder / (plugin.name + ".p4")}"' for plugin in plugins]
    for point in PROGRAMS[program]:
        lines += ["", *_hook(program, point, in_order(plugins, f"{program}.{point}"))]
    return "\n".join([*lines, ""])


def _hook(program: str, point: str, plugins: Sequence[Manifest]) -> list[str]:
    signature = "inout headers_t hdr, inout packet_t packet, inout standard_metadata_t std"
    lines = [f"control hook_{program}_{point}({signature}) {{"]
    for plugin in plugins:
        lines.append(f'    @name(".{plugin.name}.{point}") {plugin.name}_{point}() {plugin.name}_;')
    lines += [*([""] if plugins else []), "    apply {"]
    for plugin in plugins:
        own = f"packet.plugins.{plugin.name}, " if plugin.metadata else ""
        lines += [
            "        if (packet.meta.drop != drop_reason_t.NONE || packet.meta.answered) {",
            "            return;",
            "        }",
            f"        {plugin.name}_.apply(hdr, packet.meta, {own}std);",
        ]
    return [*lines, "    }", "}"]
