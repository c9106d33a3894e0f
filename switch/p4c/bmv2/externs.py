"""Calls of v1model's externs as simple_switch's primitives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from switch.p4c import ir
from switch.p4c.bmv2.inputs import add_calculation, calculation_input
from switch.p4c.bmv2.values import Json, field, hexstr, named

if TYPE_CHECKING:
    from switch.p4c.bmv2.statements import StatementWriter

ID_BITS = 32


def write(writer: StatementWriter, call: ir.Primitive) -> None:
    """Appends the primitive for a call."""
    handler = HANDLERS.get(call.name)
    if handler is None:
        writer.context.unsupported(call.span, f"extern {call.name} is not supported by BMv2")
    else:
        handler(writer, call, *call.args)


def _count(writer: StatementWriter, call: ir.Primitive, counter: str, index: ir.Expr) -> None:
    writer.add(call, "count", named("counter_array", counter), writer.data(index))


def _nothing(writer: StatementWriter, call: ir.Primitive, *_: Any) -> None:
    """Direct counters count by themselves."""


def _into_field(writer: StatementWriter, call: ir.Primitive, target: ir.LValue, run: Callable[[Json], None]) -> None:
    """For primitives that only write numbers to fields: run gets the field.

    Other places, and signed fields, whose sign BMv2 would not set, are assigned from a scratch field.
    """
    if isinstance(target, ir.FieldRef) and not target.signed:
        run(field(target.header, target.field))
        return
    scratch = writer.context.new_scratch("result", ir.Const(target.width, 0))
    run(field(scratch.header, scratch.field))
    value = ir.Cast(target.width, scratch, signed=True) if target.signed else scratch
    writer.block([ir.Assign(target, value, span=call.span)])


def _meter(writer: StatementWriter, call: ir.Primitive, meter: str, index: ir.Expr, result: ir.LValue) -> None:
    def run(target: Json) -> None:
        writer.add(call, "execute_meter", named("meter_array", meter), writer.data(index), target)

    _into_field(writer, call, result, run)


def _direct_meter(writer: StatementWriter, call: ir.Primitive, name: str, result: ir.LValue) -> None:
    """The table writes the colour when it matches; where another field is asked for, it is copied."""
    colour = writer.context.meter_results.get(name)
    if colour is not None and not _same_place(colour, result):
        writer.block([ir.Assign(result, ir.Cast(result.width, colour), span=call.span)])


def _same_place(one: ir.FieldRef, other: ir.LValue) -> bool:
    return isinstance(other, ir.FieldRef) and (one.header, one.field) == (other.header, other.field)


def _register_read(
    writer: StatementWriter, call: ir.Primitive, result: ir.LValue, register: str, index: ir.Expr
) -> None:
    def run(target: Json) -> None:
        writer.add(call, "register_read", target, named("register_array", register), writer.data(index))

    _into_field(writer, call, result, run)


def _register_write(writer: StatementWriter, call: ir.Primitive, register: str, index: ir.Expr, value: ir.Expr) -> None:
    writer.add(call, "register_write", named("register_array", register), writer.data(index), writer.data(value))


def _random(writer: StatementWriter, call: ir.Primitive, result: ir.LValue, low: ir.Expr, high: ir.Expr) -> None:
    def run(target: Json) -> None:
        writer.add(call, "modify_field_rng_uniform", target, writer.data(low), writer.data(high))

    _into_field(writer, call, result, run)


def _hash(
    writer: StatementWriter,
    call: ir.Primitive,
    result: ir.LValue,
    algorithm: Any,
    base: ir.Expr,
    fields: list[object],
    most: ir.Expr,
) -> None:
    inputs = [calculation_input(writer, call, item) for item in fields]
    name = add_calculation(writer.context, call.span, str(algorithm), inputs)
    calculation = named("calculation", name)

    def run(target: Json) -> None:
        op = "modify_field_with_hash_based_offset"
        writer.add(call, op, target, writer.data(base), calculation, writer.data(most))

    _into_field(writer, call, result, run)


def _digest(writer: StatementWriter, call: ir.Primitive, receiver: Any, name: str, fields: list[ir.Expr]) -> None:
    refs = [writer.scratch(call, "digest", item) for item in fields]
    context = writer.context
    if writer.pipeline == "egress":
        context.diagnostics.warn(call.span, "target", "BMv2 sends digests from ingress only; this one has no effect")
    key = (name, tuple((ref.header, ref.field) for ref in refs))
    if key not in context.learn_ids:
        context.learn_ids[key] = len(context.learn_ids) + 1
        context.learn_spans.append(call.span)
    to = writer.data(receiver) if isinstance(receiver, ir.Expr) else hexstr(int(receiver), ID_BITS)
    writer.add(call, "generate_digest", to, hexstr(context.learn_ids[key], ID_BITS))


def _mark_to_drop(writer: StatementWriter, call: ir.Primitive, *_: Any) -> None:
    writer.add(call, "mark_to_drop", named("header", "standard_metadata"))


def _clone(
    writer: StatementWriter, call: ir.Primitive, kind: Any, session: ir.Expr, fields: ir.Expr | int | None = None
) -> None:
    op = "clone_ingress_pkt_to_egress" if _clone_kind(kind) == "I2E" else "clone_egress_pkt_to_egress"
    _only_in(writer, call, "ingress" if _clone_kind(kind) == "I2E" else "egress", f"clone {_clone_kind(kind)}")
    writer.add(call, op, writer.data(session), _field_list(writer, call, fields))


def _only_in(writer: StatementWriter, call: ir.Primitive, pipeline: str, what: str) -> None:
    if writer.pipeline not in (pipeline, ""):
        writer.context.unsupported(call.span, f"{what} can only be called in {pipeline}")


def _clone_kind(kind: Any) -> str:
    if isinstance(kind, ir.Const):
        return "I2E" if kind.value == 0 else "E2E"
    return str(kind).rpartition(".")[2]


def _field_list(writer: StatementWriter, call: ir.Primitive, number: ir.Expr | int | None) -> Json:
    """The JSON's id of a field list: they count from 1, as 0 means that nothing was asked for."""
    context = writer.context
    if isinstance(number, ir.Const):
        number = number.value
    if isinstance(number, ir.Expr):
        context.unsupported(call.span, "the field list's number must be a constant")
        number = None
    if number is not None and number in context.field_list_ids:
        return hexstr(context.field_list_ids[number], ID_BITS)
    if number is not None:
        context.diagnostics.warn(call.span, "invalid", f"no metadata field is marked @field_list({number})")
    context.needs_empty_field_list = True
    return hexstr(len(context.field_list_ids) + 1, ID_BITS)


def _again(op: str, pipeline: str) -> Callable[..., None]:
    def run(writer: StatementWriter, call: ir.Primitive, number: ir.Expr | int | None = None) -> None:
        _only_in(writer, call, pipeline, op)
        writer.add(call, op, _field_list(writer, call, number))

    return run


def _truncate(writer: StatementWriter, call: ir.Primitive, length: ir.Expr) -> None:
    writer.add(call, "truncate", writer.data(length))


def _log_msg(writer: StatementWriter, call: ir.Primitive, text: str, args: list[ir.Expr] | None = None) -> None:
    values: Json = {"type": "parameters_vector", "value": [writer.data(arg) for arg in args or []]}
    writer.add(call, "log_msg", {"type": "string", "value": text}, values)


def _check(op: str) -> Callable[..., None]:
    def run(writer: StatementWriter, call: ir.Primitive, condition: ir.Expr) -> None:
        writer.add(call, op, writer.data(condition))

    return run


HANDLERS: dict[str, Callable[..., None]] = {
    "counter.count": _count,
    "direct_counter.count": _nothing,
    "meter.execute": _meter,
    "direct_meter.read": _direct_meter,
    "register.read": _register_read,
    "register.write": _register_write,
    "random": _random,
    "hash": _hash,
    "digest": _digest,
    "mark_to_drop": _mark_to_drop,
    "clone": _clone,
    "clone_preserving": _clone,
    "resubmit": _again("resubmit", "ingress"),
    "recirculate": _again("recirculate", "egress"),
    "truncate": _truncate,
    "log_msg": _log_msg,
    "assert": _check("assert"),
    "assume": _check("assume"),
}
