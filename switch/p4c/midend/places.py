"""Keeps values and places as they were while later side effects happen."""

from __future__ import annotations

from switch.p4c import ir
from switch.p4c import typesys as ts
from switch.p4c.midend import values as v
from switch.p4c.midend.assign import save
from switch.p4c.midend.body import Body
from switch.p4c.midend.usage import any_overlap


def protect(body: Body, value: v.Val, mark: int) -> v.Val:
    """The value as it was before the statements that were added since `mark`; copied there if they change it."""
    added = body.out[mark:]
    if not added:
        return value
    effects = body.context.effects
    if not any_overlap(effects.value_reads(value), effects.writes(added)):
        return value
    with body.block() as saved:
        copy = save(body, value)
    body.out[mark:mark] = saved
    return copy


def protect_index(body: Body, place: v.Val, mark: int) -> v.Val:
    """The place as it was chosen before the statements that were added since `mark`."""
    effects = body.context.effects
    if not any_overlap(effects.value_index_reads(place), effects.writes(body.out[mark:])):
        return place
    with body.block() as saved:
        fixed = pin(body, place)
    body.out[mark:mark] = saved
    return fixed


def pin(body: Body, place: v.Val) -> v.Val:
    """The place with run-time indices saved, so that later changes of what they read do not move it."""
    match place:
        case v.HeaderVal() if place.ref.index is not None:
            return v.HeaderVal(place.type, _pin_ref(body, place.ref))
        case v.UnionVal() if place.ref.index is not None:
            return v.UnionVal(place.type, _pin_ref(body, place.ref))
        case v.Scalar():
            return v.Scalar(place.type, _pin_expr(body, place.expr))
        case v.StructVal():
            return v.StructVal(place.type, {n: pin(body, f) for n, f in place.fields.items()})
        case v.DynamicSlice():
            base = pin(body, place.base)
            assert isinstance(base, v.Scalar)
            return v.DynamicSlice(place.type, base, _pin_index(body, place.start, ""))
        case v.Chosen():
            return v.Chosen(place.type, place.items, _pin_index(body, place.index, ""))
    return place


def _pin_ref(body: Body, ref: ir.HeaderRef) -> ir.HeaderRef:
    assert ref.index is not None
    return ir.HeaderRef(ref.name, _pin_index(body, ref.index, ref.name), ref.member)


def _pin_index(body: Body, index: ir.Expr | str, stack: str) -> ir.Expr:
    if isinstance(index, str):
        index = ir.StackIndexRef(32, stack, "nextIndex" if index == "next" else "lastIndex")
    if isinstance(index, ir.Const):
        return index
    saved = save(body, v.Scalar(ts.Bits(index.width, index.signed), index), "index")
    assert isinstance(saved, v.Scalar)
    return saved.expr


def _pin_expr(body: Body, expr: ir.Expr) -> ir.Expr:
    match expr:
        case ir.StackFieldRef():
            index = _pin_index(body, expr.index, expr.stack)
            return ir.StackFieldRef(expr.width, expr.stack, index, expr.field, signed=expr.signed)
        case ir.UnionStackFieldRef():
            index = _pin_index(body, expr.index, expr.stack)
            return ir.UnionStackFieldRef(expr.width, expr.stack, index, expr.member, expr.field, signed=expr.signed)
        case ir.Slice():
            return ir.Slice(expr.width, _pin_expr(body, expr.operand), expr.high, expr.low)
    return expr
