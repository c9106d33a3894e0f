"""Assignment and comparison of whole values, expanded into those of their parts; temporaries where order matters."""

from __future__ import annotations

from collections.abc import Iterator

from switch.p4c import ir
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.body import Body
from switch.p4c.midend.convert import coerce, field_of, pure
from switch.p4c.midend.shapes import scalar_shape
from switch.p4c.midend.usage import any_overlap


def assign(body: Body, target: v.Val, value: v.Val) -> None:
    """`target = value`, as if the whole value were read before anything is written."""
    value = coerce(body, value, target.type)
    stmts = list(_copies(body, target, value))
    if len(stmts) > 1 and _clobbers(body, stmts):
        value = save(body, value)
        stmts = list(_copies(body, target, value))
    for stmt in stmts:
        body.emit(stmt)


def _clobbers(body: Body, stmts: list[ir.Stmt]) -> bool:
    effects = body.context.effects
    written: list[tuple[str, ...]] = []
    for stmt in stmts:
        if written and any_overlap(_reads(body, stmt), written):
            return True
        written.extend(effects.writes([stmt]))
    return False


def _reads(body: Body, stmt: ir.Stmt) -> Iterator[tuple[str, ...]]:
    effects = body.context.effects
    match stmt:
        case ir.Assign():
            yield from effects.reads(_unmasked(stmt))
        case ir.AssignVarbit():
            yield from effects.reads(stmt.source)
        case ir.AssignHeader():
            yield effects.header(stmt.source)
            yield from effects.reads(stmt.source.index)
        case ir.If():
            yield from effects.reads(stmt.condition)
            for inner in stmt.then + stmt.otherwise:
                yield from _reads(body, inner)


def _unmasked(stmt: ir.Assign) -> ir.Expr:
    """The value without the part of the target that an assignment to a slice keeps."""
    value = stmt.value
    match value:
        case ir.Binary(op="|", left=ir.Binary(op="&") as kept) if kept.left == stmt.target:
            return value.right
    return value


def _copies(body: Body, target: v.Val, value: v.Val) -> Iterator[ir.Stmt]:
    match target:
        case v.Scalar():
            yield from assign_scalar(body, target, value)
        case v.StructVal():
            for name, place in target.fields.items():
                yield from _copies(body, place, field_of(body, value, name, body.span))
        case v.HeaderVal():
            yield from _copy_header(body, target, value)
        case v.UnionVal():
            yield from _copy_union(target, value)
        case v.StackVal():
            yield from _copy_stack(body, target, value)
        case v.ListVal():
            items = value.items if isinstance(value, v.ListVal) else []
            for place, item in zip(target.items, items, strict=False):
                yield from _copies(body, place, item)
        case v.Chosen():
            yield from _assign_chosen(body, target, value)
        case v.DynamicSlice():
            yield _assign_dynamic(body, target, value)
        case _:
            body.refuse(body.span, "this cannot be assigned to")


def assign_scalar(body: Body, target: v.Scalar, value: v.Val) -> Iterator[ir.Stmt]:
    """Assignment to a field or to a slice of one."""
    place = target.expr
    source = pure(body, value, body.span)
    if place == source:
        return
    if scalar_shape(target.type)[2] == "varbit":
        if not isinstance(place, ir.FieldRef) or not isinstance(source, ir.FieldRef):
            body.refuse(body.span, "a varbit can only be copied between fields with a fixed place")
        yield ir.AssignVarbit(place, source)
        return
    match place:
        case ir.FieldRef() | ir.StackFieldRef() | ir.UnionStackFieldRef():
            yield ir.Assign(place, source)
        case ir.Slice() if isinstance(place.operand, ir.FieldRef | ir.StackFieldRef | ir.UnionStackFieldRef):
            yield ir.Assign(place.operand, _with_bits(place.operand, source, place.high, place.low))
        case _:
            body.refuse(body.span, "this cannot be assigned to")


def _with_bits(whole: ir.Expr, bits: ir.Expr, high: int, low: int) -> ir.Expr:
    """The value `whole` with bits high..low replaced."""
    width = whole.width
    mask = ((1 << (high - low + 1)) - 1) << low
    plain = fold.cast(whole, width)
    kept = fold.binary("&", plain, fold.const(width, ~mask))
    moved = fold.cast(fold.cast(bits, high - low + 1), width)
    if low:
        moved = fold.binary("<<", moved, fold.shift_amount(low))
    return fold.cast(fold.binary("|", kept, moved), width, whole.signed)


def _assign_dynamic(body: Body, target: v.DynamicSlice, value: v.Val) -> ir.Stmt:
    place = target.base.expr
    if not isinstance(place, ir.FieldRef | ir.StackFieldRef | ir.UnionStackFieldRef):
        body.refuse(body.span, "this slice cannot be assigned to")
    width = place.width
    ones = fold.const(width, (1 << scalar_shape(target.type)[0]) - 1)
    plain = fold.cast(place, width)
    hole = fold.unary("~", fold.binary("<<", ones, target.start))
    moved = fold.binary("<<", fold.cast(pure(body, value, body.span), width), target.start)
    return ir.Assign(place, fold.cast(fold.binary("|", fold.binary("&", plain, hole), moved), width, place.signed))


def _assign_chosen(body: Body, target: v.Chosen, value: v.Val) -> list[ir.Stmt]:
    chain: list[ir.Stmt] = []
    for number, place in reversed(list(enumerate(target.items))):
        here = fold.binary("==", target.index, fold.const(target.index.width, number, target.index.signed))
        chain = [ir.If(here, list(_copies(body, place, value)), chain)]
    return chain


def _copy_header(body: Body, target: v.HeaderVal, value: v.Val) -> Iterator[ir.Stmt]:
    match value:
        case v.HeaderVal():
            if value.ref != target.ref:
                yield ir.AssignHeader(target.ref, value.ref)
        case v.HeaderLit() if fold.known_false(value.valid):
            yield ir.SetValidity(target.ref, False)
        case v.HeaderLit():
            filled: list[ir.Stmt] = [ir.SetValidity(target.ref, True)]
            for item in target.type.fields:
                source = coerce(body, field_of(body, value, item.name, body.span), item.type)
                filled.extend(_copies(body, target.field(item.name), source))
            if fold.known_true(value.valid):
                yield from filled
            else:
                yield ir.If(value.valid, filled, [ir.SetValidity(target.ref, False)])
        case _:
            body.refuse(body.span, "not a header value")


def _copy_union(target: v.UnionVal, value: v.Val) -> Iterator[ir.Stmt]:
    if isinstance(value, v.UnionVal):
        if value.ref != target.ref:
            yield ir.AssignHeader(target.ref, value.ref, "union")
        return
    for member in target.members():
        yield ir.SetValidity(member.ref, False)


def _copy_stack(body: Body, target: v.StackVal, value: v.Val) -> Iterator[ir.Stmt]:
    if isinstance(value, v.StackVal):
        if value.name != target.name:
            union = isinstance(target.element(0), v.UnionVal)
            kind = "union_stack" if union else "stack"
            yield ir.AssignHeader(ir.HeaderRef(target.name), ir.HeaderRef(value.name), kind)
        return
    if not isinstance(value, v.ListVal):
        body.refuse(body.span, "not a header stack value")
    for place, item in zip(target.elements(), value.items, strict=False):
        yield from _copies(body, place, item)


def save(body: Body, value: v.Val, stem: str = "tmp") -> v.Val:
    """A copy of the value in storage of its own."""
    place = body.temp(value.type, stem)
    assign(body, place, value)
    return place


def invalidate(body: Body, place: v.Val) -> None:
    """Sets all headers of a place invalid, as at the start of an out parameter's life."""
    match place:
        case v.StructVal():
            for item in place.fields.values():
                invalidate(body, item)
        case v.HeaderVal():
            body.emit(ir.SetValidity(place.ref, False))
        case v.UnionVal():
            for member in place.members():
                body.emit(ir.SetValidity(member.ref, False))
        case v.StackVal():
            for element in place.elements():
                invalidate(body, element)
