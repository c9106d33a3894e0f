"""Puts what the control plane sees in order of declaration, checks its names, and collects the types it needs."""

from __future__ import annotations

from collections.abc import Iterator

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend.body import Context
from switch.p4c.midend.frame import plain_name
from switch.p4c.midend.shapes import field_def, is_scalar, scalar_shape, strip
from switch.p4c.source import Span


def publish(context: Context) -> None:
    """The last touches on the program."""
    program = context.program
    place = context.place_of
    program.tables.sort(key=lambda table: place("table", table.name))
    for externs in (program.counters, program.meters, program.registers, program.action_profiles):
        externs.sort(key=lambda extern: place("extern", extern.name))
    program.actions.sort(key=lambda action: place("action", action.shown or action.name))
    program.value_sets.sort(key=lambda item: place("set", item.name))
    _check_names(context)
    for decl in context.source.decls:
        kind = getattr(decl, "type", None)
        if not isinstance(kind, ts.Type):
            continue
        if isinstance(kind, ts.Enum) and kind.base is None:
            program.enums.append(kind)
        if isinstance(decl, tree.StructDecl | tree.EnumDecl | tree.TypedefDecl):
            program.types.append(kind)
        if isinstance(decl, tree.StructDecl) and not decl.type_params:
            _controller_header(program, decl, kind)


def _check_names(context: Context) -> None:
    """Nothing that the control plane sees may share its name with another of its kind."""
    program = context.program
    kinds: dict[str, list[tuple[str, Span]]] = {
        "tables": [(table.name, table.span) for table in program.tables],
        "actions": [(action.name, action.span) for action in program.actions],
    }
    for extern in context.externs:
        kinds.setdefault(f"{extern.kind} instances", []).append((extern.name, extern.decl.span))
    for what, things in kinds.items():
        seen: dict[str, Span] = {}
        for name, span in things:
            if name in seen:
                text = f"two {what} have the control-plane name {name}"
                context.diagnostics.error(span, text, (seen[name], "the other one"))
            seen.setdefault(name, span)


def _controller_header(program: ir.Program, decl: tree.StructDecl, kind: ts.Type) -> None:
    note = next((a for a in decl.annotations if a.name == "controller_header"), None)
    if note is None or not isinstance(kind, ts.Struct):
        return
    name = plain_name(decl)
    fields = list(_shown_fields(kind, ""))
    definition = next((t for t in program.header_types if t.name == decl.name), None)
    if definition is None:
        definition = ir.HeaderDef(decl.name, tuple(field_def(f.name, f.type) for f in fields))
    program.controller_headers.append(ir.ControllerHeader(name, definition, fields, decl.annotations))


def _shown_fields(kind: ts.Struct, prefix: str) -> Iterator[ir.ActionParam]:
    """The scalar fields, those of structs inside named by their paths."""
    for item in kind.decl.fields if kind.decl is not None else ():
        shape = item.type
        inner = strip(shape) if shape is not None else None
        if isinstance(inner, ts.Struct):
            yield from _shown_fields(inner, f"{prefix}{plain_name(item)}.")
        elif shape is not None and is_scalar(shape):
            width, signed, _ = scalar_shape(shape)
            yield ir.ActionParam(f"{prefix}{plain_name(item)}", width or 1, signed, shape, item.annotations)
