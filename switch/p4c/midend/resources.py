"""Counters, meters, registers and action profiles: what the extern instances in use are to the control plane."""

from __future__ import annotations

from switch.p4c import ir
from switch.p4c import typesys as ts
from switch.p4c.midend import values as v
from switch.p4c.midend.body import Body, Context
from switch.p4c.midend.invocation import enum_member
from switch.p4c.midend.shapes import scalar_shape, strip
from switch.p4c.typesys import Bits, Type


def add_resources(context: Context) -> None:
    """Adds all extern instances in use to the program, in order of declaration."""
    body = Body(context, context.globals, [])
    for extern in context.externs:
        match extern.kind:
            case "counter" | "direct_counter":
                context.program.counters.append(_counter(body, extern))
            case "meter" | "direct_meter":
                context.program.meters.append(_meter(body, extern))
            case "register":
                _register(body, extern)
            case "action_profile" | "action_selector":
                context.program.action_profiles.append(_profile(body, extern))
            case _:
                text = f"extern {extern.kind} is not supported by BMv2's v1model"
                context.diagnostics.unsupported(extern.decl.span, text)


def _number(extern: v.Extern, *names: str) -> int:
    for name in names:
        value = extern.params.get(name)
        if isinstance(value, v.Scalar) and isinstance(value.expr, ir.Const):
            return value.expr.value
        if isinstance(value, v.Number):
            return value.value
    return 0


def _member(body: Body, extern: v.Extern, name: str, default: str) -> str:
    value = extern.params.get(name)
    return enum_member(body, value, extern.decl) if value is not None else default


def _arg(extern: v.Extern, number: int) -> Type | None:
    args = extern.type.args if isinstance(extern.type, ts.Extern) else ()
    return args[number] if number < len(args) else None


def _linked(body: Body, name: str, where: str) -> object:
    found = body.context.cache.get(where)
    return found.get(name) if isinstance(found, dict) else None


def _table(body: Body, name: str) -> str | None:
    found = _linked(body, name, "direct")
    return found if isinstance(found, str) else None


def _counter(body: Body, extern: v.Extern) -> ir.Counter:
    unit = _member(body, extern, "type", "packets")
    made = ir.Counter(extern.name, unit, annotations=extern.annotations, doc=extern.doc)
    if extern.kind == "counter":
        made.size, made.index_type = _number(extern, "size"), _arg(extern, 0)
    else:
        made.table = _table(body, extern.name)
    return made


def _meter(body: Body, extern: v.Extern) -> ir.Meter:
    unit = _member(body, extern, "type", "packets")
    made = ir.Meter(extern.name, unit, annotations=extern.annotations, doc=extern.doc)
    if extern.kind == "meter":
        made.size, made.index_type = _number(extern, "size"), _arg(extern, 0)
        return made
    made.table = _table(body, extern.name)
    result = _linked(body, extern.name, "meter results")
    made.result = result if isinstance(result, ir.FieldRef) else None
    return made


def _register(body: Body, extern: v.Extern) -> None:
    kind = _arg(extern, 0) or Bits(32)
    if not _is_number(strip(kind)):
        text = f"a register of {kind} is not supported by BMv2; registers hold bit or int"
        body.context.diagnostics.unsupported(extern.decl.span, text)
        return
    width, signed, _ = scalar_shape(kind)
    size = _number(extern, "size")
    made = ir.Register(extern.name, width, signed, size, kind, _arg(extern, 1), extern.annotations, extern.doc)
    body.context.program.registers.append(made)


def _is_number(kind: Type) -> bool:
    return isinstance(kind, ts.Bits) or (isinstance(kind, ts.Enum) and kind.base is not None)


def _profile(body: Body, extern: v.Extern) -> ir.ActionProfile:
    made = ir.ActionProfile(extern.name, _number(extern, "size"), annotations=extern.annotations, doc=extern.doc)
    if extern.kind == "action_selector":
        made.algorithm = _member(body, extern, "algorithm", "crc16")
        made.output_width = _number(extern, "outputWidth")
        made.selector_keys = _selector_keys(body.context, extern.name)
    for note in extern.annotations:
        if note.name == "max_group_size" and note.items and isinstance(note.items[0].value, int):
            made.max_group_size = note.items[0].value
    return made


def _selector_keys(context: Context, name: str) -> list[ir.Expr]:
    for table in context.program.tables:
        if table.action_profile == name:
            return [key.expr for key in table.keys if key.match_kind == "selector"]
    return []
