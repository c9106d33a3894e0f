"""Passes arguments: by reference where nothing can tell the difference, else by copy in and copy out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import values as v
from switch.p4c.midend.assign import assign, invalidate
from switch.p4c.midend.body import Body
from switch.p4c.midend.convert import coerce
from switch.p4c.midend.effects import Unit
from switch.p4c.midend.frame import Frame
from switch.p4c.midend.places import pin, protect, protect_index
from switch.p4c.midend.shapes import is_scalar, strip
from switch.p4c.midend.usage import Region, Usage, any_overlap, outside_regions, touched
from switch.p4c.midend.walk import walk

OUTGOING = ("out", "inout")


@dataclass
class Passed:
    """One argument on its way to its parameter.

    `initial` is what an inout parameter starts with, if a later argument changes the place behind it.
    """

    param: tree.Param
    type: ts.Type
    value: v.Val
    copied: bool = False
    expr: tree.Expr | None = None
    initial: v.Val | None = None

    @property
    def outgoing(self) -> bool:
        """Whether the parameter is out or inout."""
        return self.param.direction in OUTGOING


def evaluate(
    body: Body, callee: Frame, params: Sequence[tree.Param], args: Sequence[tree.Argument | None]
) -> list[Passed]:
    """The arguments in order, each as it was when its turn came."""
    passed: list[Passed] = []
    for number, param in enumerate(params):
        arg = args[number] if number < len(args) else None
        kind = body.frame.type(callee.type(param.type)) if param.type is not None else ts.VOID
        mark = len(body.out)
        value, copied = _value(body, callee, param, arg, kind)
        if len(body.out) > mark:
            for earlier in passed:
                _keep(body, earlier, mark)
        passed.append(Passed(param, kind, value, copied, arg.expr if arg is not None else None))
    return passed


def _keep(body: Body, earlier: Passed, mark: int) -> None:
    """Keeps an argument as it was before the statements that were added since `mark` for a later one."""
    if not earlier.outgoing:
        earlier.value = protect(body, earlier.value, mark)
        return
    earlier.value = protect_index(body, earlier.value, mark)
    if earlier.param.direction == "inout" and earlier.initial is None and is_data(earlier):
        initial = protect(body, earlier.value, mark)
        if initial is not earlier.value:
            earlier.initial, earlier.copied = initial, True


def _value(
    body: Body, callee: Frame, param: tree.Param, arg: tree.Argument | None, kind: ts.Type
) -> tuple[v.Val, bool]:
    if arg is None or arg.expr is None:
        if arg is None and param.default is not None:
            return coerce(body, body.within(callee).expr(param.default), kind), False
        if param.direction in OUTGOING:
            return body.temp(kind, param.name), False
        return v.Missing(kind), False
    value = body.expr(arg.expr)
    if param.direction not in OUTGOING:
        return coerce(body, value, kind), False
    if callee.kind != "extern":
        value = pin(body, value)
    return value, isinstance(value, v.DynamicSlice | v.Chosen) or _partial(value)


def _partial(value: v.Val) -> bool:
    return isinstance(value, v.Scalar) and isinstance(value.expr, ir.Slice)


def bind(body: Body, callee: Frame, passed: list[Passed], decl: tree.Decl, packet: set[Unit] | None = None) -> None:
    """Gives the parameters of `decl` their meaning in the callee's frame; `callee.copies` is what must be copied out.

    `packet` is what the callee writes besides: the packet, if it gets it.
    """
    usage = body.context.usages.of(decl)
    choose_copies(body, callee, passed, usage, packet or set())
    uses = count_uses(body, decl)
    for one in passed:
        callee.values[one.param] = _bound(body, callee, one, uses.get(one.param, 0))


def choose_copies(body: Body, callee: Frame, passed: list[Passed], usage: Usage, packet: set[Unit]) -> None:
    """Decides which arguments must be copied, since the body would see through a reference what it must not see.

    What counts is how the caller's text names the arguments. Where two names reach it by references themselves, the
    choice that made them references has taken into account all that is called from there.
    """
    regions = body.context.usages
    reads: set[Region] = set()
    writes: set[Region] = set()
    if callee.parent is not None:
        reads, writes = outside_regions(usage, {one.param for one in passed})
    changed = set(writes)
    before: list[tuple[set[Region], set[Region]]] = []  # read, written of the outgoing arguments so far
    for one in passed:
        place = regions.place(one.expr) if one.outgoing else None
        if place is None:
            continue
        read, written = touched(place, one.param, usage)
        hidden = any_overlap([place], writes) or any_overlap(written, reads)
        clash = any(any_overlap([place], w) or any_overlap(written, r) for r, w in before)
        one.copied = one.copied or hidden or clash
        # what is copied out at the end overwrites what a later argument wrote through a reference in the meantime
        before.append((read | written | ({place} if one.copied else set()), written))
        changed |= set() if one.copied else written
    for one in passed:
        if not one.outgoing and one.expr is not None:
            ahead = bool(packet) and any_overlap(body.context.effects.value_reads(one.value), packet)
            one.copied = one.copied or ahead or any_overlap(regions.read_by(one.expr), changed)


def is_data(one: Passed) -> bool:
    """Whether the parameter has bits, rather than being a packet or an instance."""
    kind = strip(one.type)
    return is_scalar(kind) or isinstance(kind, ts.Struct | ts.Tuple | ts.Stack)


def _bound(body: Body, callee: Frame, one: Passed, uses: int) -> v.Val:
    value = one.value
    inner = body.within(callee)
    if not one.outgoing:
        if not one.copied and (uses <= 1 or is_cheap(value)):
            return value
        place = _room(inner, callee, one)
        assign(body, place, value)
        return place
    if not one.copied:
        if one.param.direction == "out":
            invalidate(body, value)
        return value
    place = _room(inner, callee, one)
    if one.param.direction == "inout":
        assign(body, place, one.initial or value)
    else:
        invalidate(body, place)
    callee.copies.append((value, place))
    return place


def _room(inner: Body, callee: Frame, one: Passed) -> v.Val:
    """Storage for a parameter; the same for each activation of a block."""
    if callee.stable is None:
        return inner.temp(one.type, one.param.name)
    if one.param not in callee.stable:
        callee.stable[one.param] = inner.temp(one.type, one.param.name)
    return callee.stable[one.param]


def copy_out(body: Body, callee: Frame) -> None:
    """Copies out and inout parameters back, in order."""
    for place, param in callee.copies:
        assign(body, place, param)


def copy_out_all(body: Body) -> None:
    """Copies back the parameters of this body and of all around it, as exit does."""
    frame: Frame | None = body.frame
    while frame is not None:
        copy_out(body, frame)
        frame = frame.caller


def is_cheap(value: v.Val) -> bool:
    """Whether evaluating the value twice costs no more than keeping it."""
    match value:
        case v.Scalar():
            return _cheap(value.expr)
        case v.StructVal() | v.HeaderLit():
            return all(is_cheap(item) for item in value.fields.values())
    return True


def _cheap(expr: ir.Expr) -> bool:
    match expr:
        case ir.Cast() | ir.Slice():
            return _cheap(expr.operand)
        case ir.Unary(op="!"):
            return _cheap(expr.operand)
        case ir.StackFieldRef() | ir.UnionStackFieldRef() | ir.IsValid():
            return not isinstance(expr.index, ir.Expr) or _cheap(expr.index)
    return isinstance(expr, ir.Const | ir.FieldRef | ir.ParamRef)


def count_uses(body: Body, decl: tree.Decl) -> dict[tree.Node, int]:
    """How often the body of a declaration mentions each declaration."""
    key = ("uses", decl)
    known = body.context.cache.get(key)
    if isinstance(known, dict):
        return known
    counts: dict[tree.Node, int] = {}
    for node in walk(decl):
        if isinstance(node, tree.Name) and node.decl is not None:
            counts[node.decl] = counts.get(node.decl, 0) + 1
    body.context.cache[key] = counts
    return counts
