"""The methods of packet_in and packet_out."""

from __future__ import annotations

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.ahead import read_ahead
from switch.p4c.midend.assign import save
from switch.p4c.midend.body import Body
from switch.p4c.midend.invocation import Invocation, Rule
from switch.p4c.midend.places import pin
from switch.p4c.midend.shapes import ERROR_WIDTH, strip


def _extract(body: Body, call: Invocation) -> v.Val:
    header = call.value(0)
    if isinstance(header, v.Missing):
        header = body.temp(header.type, "skipped")
    if isinstance(header, v.UnionVal) or not isinstance(header, v.HeaderVal):
        body.refuse(call.expr.span, "extract needs a header")
    length = call.pure(body, 1) if len(call.passed) > 1 else None
    if isinstance(header.ref.index, ir.Expr):
        _extract_chosen(body, header, length)
    else:
        body.emit(ir.Extract(header.ref, length))
    return v.NOTHING


def _extract_chosen(body: Body, header: v.HeaderVal, length: ir.Expr | None) -> None:
    """Into an element chosen at run time: BMv2's parser cannot, so it becomes a choice among the elements."""
    place = pin(body, header)
    assert isinstance(place, v.HeaderVal)
    index = place.ref.index
    assert isinstance(index, ir.Expr)
    if place.ref.member is not None:
        body.emit(ir.Extract(place.ref, length))
        return
    stack = next(s for s in body.context.program.stacks if s.name == place.ref.name)
    chain: list[ir.Stmt] = [ir.Verify(fold.truth(False), _out_of_bounds(body))]
    for number, element in reversed(list(enumerate(stack.elements))):
        chosen = fold.binary("==", index, fold.const(index.width, number, index.signed))
        chain = [ir.If(chosen, [ir.Extract(ir.HeaderRef(element.name), length)], chain, span=body.span)]
    body.out.extend(chain)


def _out_of_bounds(body: Body) -> ir.Expr:
    return fold.const(ERROR_WIDTH, body.context.errors.get("StackOutOfBounds", 0))


def _lookahead(body: Body, call: Invocation) -> v.Val:
    kind = body.type(call.expr.type)
    value, _ = read_ahead(body, kind)
    if not isinstance(value, v.Scalar):
        for last in list(v.parts(value))[-1:]:
            save(body, last, "lookahead")  # even if that field is not used, the packet must be long enough for it
    return value


def _advance(body: Body, call: Invocation) -> v.Val:
    body.emit(ir.Advance(call.pure(body, 0)))
    return v.NOTHING


def _length(body: Body, call: Invocation) -> v.Val:
    body.refuse(call.expr.span, "packet_in.length is not supported by BMv2")


def _emit(body: Body, call: Invocation) -> v.Val:
    emit_value(body, call.value(0), call.expr)
    return v.NOTHING


def emit_value(body: Body, value: v.Val, node: tree.Node) -> None:
    """Emits a header, or all headers of a larger value in order."""
    match value:
        case v.HeaderVal():
            body.emit(ir.Emit(value.ref))
        case v.UnionVal():
            body.emit(ir.Emit(value.ref, "union"))
        case v.StackVal():
            union = strip(value.type.element)
            is_union = isinstance(union, ts.Struct) and union.kind == "header_union"
            body.emit(ir.Emit(ir.HeaderRef(value.name), "union_stack" if is_union else "stack"))
        case v.StructVal():
            for item in value.fields.values():
                emit_value(body, item, node)
        case v.HeaderLit() if fold.known_true(value.valid):
            emit_value(body, save(body, value, "emitted"), node)
        case v.HeaderLit():
            return
        case _:
            body.refuse(node.span, "only headers can be emitted on BMv2")


PACKET_METHODS: dict[str, Rule] = {
    "extract": _extract,
    "lookahead": _lookahead,
    "advance": _advance,
    "length": _length,
    "emit": _emit,
}
