"""v1model's extern functions and methods."""

from __future__ import annotations

from dataclasses import dataclass

from switch.p4c import ir
from switch.p4c import typesys as ts
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.assign import assign
from switch.p4c.midend.body import Body
from switch.p4c.midend.convert import pure
from switch.p4c.midend.frame import plain_name
from switch.p4c.midend.invocation import Invocation, Rule, field_list
from switch.p4c.midend.shapes import flat_fields, strip

DROP_PORT = 511


@dataclass
class ChecksumCall(ir.Stmt):
    """A call of verify_checksum or update_checksum; the architecture collects them from their controls."""

    checksum: ir.Checksum
    verify: bool


def _count(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Primitive("counter.count", [call.name, call.pure(body, 0)]))
    return v.NOTHING


def _count_direct(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Primitive("direct_counter.count", [call.name]))
    return v.NOTHING


def _execute_meter(body: Body, call: Invocation) -> v.Val:
    index = call.pure(body, 0)
    with call.result(body, 1) as result:
        body.emit(ir.Primitive("meter.execute", [call.name, index, result]))
    return v.NOTHING


def _read_direct_meter(body: Body, call: Invocation) -> v.Val:
    with call.result(body, 0) as result:
        body.emit(ir.Primitive("direct_meter.read", [call.name, result]))
    results = body.context.cache.setdefault("meter results", {})
    assert isinstance(results, dict)
    results.setdefault(call.name, result)
    return v.NOTHING


def _read_register(body: Body, call: Invocation) -> v.Val:
    index = call.pure(body, 1)
    with call.result(body, 0) as result:
        body.emit(ir.Primitive("register.read", [result, call.name, index]))
    return v.NOTHING


def _write_register(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Primitive("register.write", [call.name, call.pure(body, 0), call.pure(body, 1)]))
    return v.NOTHING


def _random(body: Body, call: Invocation) -> v.Val:
    low, high = call.pure(body, 1), call.pure(body, 2)
    with call.result(body, 0) as result:
        body.emit(ir.Primitive("random", [result, low, high]))
    return v.NOTHING


def _hash(body: Body, call: Invocation) -> v.Val:
    algorithm, base = call.member(body, 1), call.pure(body, 2)
    fields, top = field_list(body, call.value(3), call.expr), call.pure(body, 4)
    with call.result(body, 0) as result:
        body.emit(ir.Primitive("hash", [result, algorithm, base, fields, top]))
    return v.NOTHING


def _digest(body: Body, call: Invocation) -> v.Val:
    receiver = call.value(0)
    number = receiver.expr.value if isinstance(receiver, v.Scalar) and isinstance(receiver.expr, ir.Const) else 1
    data = call.value(1)
    kind = body.type(call.expr.inferred[0]) if call.expr.inferred else data.type
    digests = body.context.program.digests
    inner = strip(kind)
    if isinstance(inner, ts.Struct):
        name = plain_name(inner.decl).removeprefix(".") if inner.decl is not None else inner.name
        notes = inner.decl.annotations if inner.decl is not None else []
    else:
        name, notes = f"digest_{sum(not isinstance(strip(d.type), ts.Struct) for d in digests)}", []
    fields = field_list(body, data, call.expr)
    if all(d.name != name for d in digests):
        shown = [part.expr for part in v.parts(data)]
        digests.append(ir.Digest(name, kind, shown, number, list(notes)))
    body.emit(ir.Primitive("digest", [number, name, fields]))
    return v.NOTHING


def _mark_to_drop(body: Body, call: Invocation) -> v.Val:
    metadata = call.value(0) if call.passed else None
    if isinstance(metadata, v.StructVal):
        port = metadata.fields.get("egress_spec")
        if isinstance(port, v.Scalar) and port.expr != ir.FieldRef(9, "standard_metadata", "egress_spec"):
            assign(body, port, v.Scalar(port.type, fold.const(port.expr.width, DROP_PORT)))
            group = metadata.fields["mcast_grp"]
            assign(body, group, v.Scalar(group.type, fold.const(16, 0)))
            return v.NOTHING
    body.emit(ir.Primitive("mark_to_drop", []))
    return v.NOTHING


def _clone(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Primitive("clone", [call.member(body, 0), call.pure(body, 1)]))
    return v.NOTHING


def _clone_preserving(body: Body, call: Invocation) -> v.Val:
    args: list[object] = [call.member(body, 0), call.pure(body, 1), _list_id(body, call, 2)]
    body.emit(ir.Primitive("clone_preserving", args))
    return v.NOTHING


def _list_id(body: Body, call: Invocation, number: int) -> int:
    index = call.pure(body, number)
    if not isinstance(index, ir.Const):
        body.refuse(call.expr.span, "the index of a field list must be a compile-time constant")
    return index.value


def _data_list(body: Body, call: Invocation, number: int) -> int:
    """A field list of its own for the deprecated externs that take the data to preserve."""
    fields = [part.expr for part in v.parts(call.value(number))]
    lists = body.context.program.field_lists
    known = next((item for item in lists if item.fields == fields and item.id > 255), None)
    if known is None:
        known = ir.FieldList(max([256, *(item.id + 1 for item in lists)]), fields)
        lists.append(known)
    return known.id


def _clone3(body: Body, call: Invocation) -> v.Val:
    args: list[object] = [call.member(body, 0), call.pure(body, 1), _data_list(body, call, 2)]
    body.emit(ir.Primitive("clone_preserving", args))
    return v.NOTHING


def _resubmit(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Primitive("resubmit", [_list_id(body, call, 0)]))
    return v.NOTHING


def _resubmit_data(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Primitive("resubmit", [_data_list(body, call, 0)]))
    return v.NOTHING


def _recirculate(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Primitive("recirculate", [_list_id(body, call, 0)]))
    return v.NOTHING


def _recirculate_data(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Primitive("recirculate", [_data_list(body, call, 0)]))
    return v.NOTHING


def _truncate(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Primitive("truncate", [call.pure(body, 0)]))
    return v.NOTHING


def _log_msg(body: Body, call: Invocation) -> v.Val:
    text = call.value(0)
    data = call.value(1) if len(call.passed) > 1 else v.StructVal(ts.Tuple(()), {})
    items = list(data.fields.values()) if isinstance(data, v.StructVal) and _is_list(data.type) else [data]
    pieces = (text.text if isinstance(text, v.Text) else "").split("{}")
    slots = [*(_slot(item) for item in items), *["{}"] * len(pieces)]
    message = "".join(f"{piece}{slot}" for piece, slot in zip(pieces[:-1], slots, strict=False)) + pieces[-1]
    fields = [pure(body, part, call.expr.span) for item in items for part in _scalars(item)]
    body.emit(ir.Primitive("log_msg", [message, fields]))
    return v.NOTHING


def _is_list(kind: ts.Type) -> bool:
    return isinstance(strip(kind), ts.Tuple)


def _scalars(item: v.Val) -> list[v.Val]:
    return [item] if isinstance(item, v.Number) else list(v.parts(item))


def _slot(item: v.Val) -> str:
    """What stands for a value in the message: `{}`, or `(name:{},...)` for a struct or header."""
    match item:
        case v.StructVal():
            return "(" + ",".join(f"{name}:{_slot(part)}" for name, part in item.fields.items()) + ")"
        case v.HeaderVal() | v.HeaderLit():
            return "(" + ",".join(f"{f.name}:{{}}" for f in flat_fields(item.type)) + ")"
    return "{}"


def _assert(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Primitive("assert", [call.pure(body, 0)]))
    return v.NOTHING


def _assume(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Primitive("assume", [call.pure(body, 0)]))
    return v.NOTHING


def _verify(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Verify(call.pure(body, 0), call.pure(body, 1)))
    return v.NOTHING


def _checksum(body: Body, call: Invocation, verify: bool, with_payload: bool) -> v.Val:
    target = pure(body, call.value(2), call.expr.span)
    if not isinstance(target, ir.FieldRef):
        body.refuse(call.expr.span, "the checksum must be a field of a header with a fixed place")
    fields = field_list(body, call.value(1), call.expr)
    condition, algorithm = call.pure(body, 0), call.member(body, 3)
    made = ir.Checksum(target, fields, algorithm, condition, with_payload, call.expr.span)
    body.emit(ChecksumCall(made, verify))
    return v.NOTHING


FUNCTIONS: dict[str, Rule] = {
    "random": _random,
    "hash": _hash,
    "digest": _digest,
    "mark_to_drop": _mark_to_drop,
    "clone": _clone,
    "clone3": _clone3,
    "clone_preserving_field_list": _clone_preserving,
    "resubmit": _resubmit_data,
    "resubmit_preserving_field_list": _resubmit,
    "recirculate": _recirculate_data,
    "recirculate_preserving_field_list": _recirculate,
    "truncate": _truncate,
    "log_msg": _log_msg,
    "assert": _assert,
    "assume": _assume,
    "verify": _verify,
    "verify_checksum": lambda body, call: _checksum(body, call, True, False),
    "verify_checksum_with_payload": lambda body, call: _checksum(body, call, True, True),
    "update_checksum": lambda body, call: _checksum(body, call, False, False),
    "update_checksum_with_payload": lambda body, call: _checksum(body, call, False, True),
}

METHODS: dict[tuple[str, str], Rule] = {
    ("counter", "count"): _count,
    ("direct_counter", "count"): _count_direct,
    ("meter", "execute_meter"): _execute_meter,
    ("direct_meter", "read"): _read_direct_meter,
    ("register", "read"): _read_register,
    ("register", "write"): _write_register,
}
