"""pkg_info, and when type_info appears."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from finsy.proto import p4i

from switch.p4c import ir, tree
from switch.p4c.p4info.annotations import add_annotations, add_documentation, find, literal
from switch.p4c.source import Diagnostics

TEXTS = ("name", "version", "organization", "contact", "url", "arch")
SIZES = (
    "multicast_group_table_size",
    "multicast_group_table_total_replicas",
    "multicast_group_table_max_replicas_per_entry",
)
SHOWN = frozenset({"pkginfo", "platform_property"})


def add_package(
    package: p4i.PkgInfo, annotations: Sequence[tree.Annotation], diagnostics: Diagnostics, arch: str
) -> None:
    """Fills pkg_info from the annotations of the package instance."""
    package.arch = arch
    info = find(annotations, "pkginfo")
    for key, expr in info.pairs.items() if info else ():
        value = literal(expr)
        if key not in TEXTS:
            diagnostics.warn(expr.span, "unknown", f"unknown key {key} in @pkginfo")
        elif not isinstance(value, str):
            diagnostics.error(expr.span, f"the value of {key} in @pkginfo is not a string")
        else:
            if key == "arch":
                diagnostics.warn(expr.span, "invalid", "arch in @pkginfo should be left to the compiler")
            setattr(package, key, value)
    platform = find(annotations, "platform_property")
    for key, expr in platform.pairs.items() if platform else ():
        value = literal(expr)
        if key not in SIZES:
            diagnostics.warn(expr.span, "unknown", f"unknown key {key} in @platform_property")
        elif not isinstance(value, int):
            diagnostics.error(expr.span, f"the value of {key} in @platform_property is not a number")
        else:
            setattr(package.platform_properties, key, value)
    add_annotations(package, annotations, diagnostics, skip=SHOWN.__contains__)
    add_documentation(package, annotations)


def shows_type_info(program: ir.Program) -> bool:
    """Whether type_info is written though it is empty.

    p4c leaves it out only where nothing asked for a type: no table, no extern object, no call of an extern function.
    """
    lists = (
        program.tables, program.counters, program.meters, program.registers, program.action_profiles,
        program.verify, program.update, program.digests,
    )  # fmt: skip
    if any(lists) or any(action.params and not action.called_only for action in program.actions):
        return True
    if any(header.fields for header in program.controller_headers):
        return True
    bodies = [action.body for action in program.actions]
    bodies += [control.body for control in (program.ingress, program.egress) if control]
    return any(_calls_function(body) for body in bodies)


def _calls_function(body: Iterable[ir.Stmt]) -> bool:
    for stmt in body:
        if isinstance(stmt, ir.Primitive) and "." not in stmt.name:
            return True
        parts: list[list[ir.Stmt]] = []
        if isinstance(stmt, ir.If):
            parts = [stmt.then, stmt.otherwise]
        elif isinstance(stmt, ir.Labelled | ir.Loop):
            parts = [stmt.body]
        if any(_calls_function(part) for part in parts):
            return True
    return False
