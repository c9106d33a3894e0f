"""Expressions that reach something: names, members, elements, slices."""

from __future__ import annotations

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.assign import save
from switch.p4c.midend.body import Body
from switch.p4c.midend.convert import coerce, constant, field_of, pure
from switch.p4c.midend.equality import union_valid
from switch.p4c.midend.places import protect


def known(body: Body, expr: tree.Expr) -> v.Val | None:
    """The constant that the checker found the expression to be."""
    if expr.value is None or expr.type is None:
        return None
    return constant(body, expr.value, body.type(expr.type))


def name_value(body: Body, expr: tree.Expr) -> v.Val:
    """The rule for tree.Name."""
    assert isinstance(expr, tree.Name)
    if expr.decl is not None:
        found = body.frame.find(expr.decl) or body.context.globals.find(expr.decl)
        if found is not None:
            return found
        if isinstance(expr.decl, tree.ConstDecl):
            return coerce(body, body.expr(expr.decl.init), body.type(expr.decl.type))
    value = known(body, expr)
    if value is not None:
        return value
    body.refuse(expr.span, f"{expr.name} is not something that has a value here")


def member_value(body: Body, expr: tree.Expr) -> v.Val:
    """The rule for tree.Member."""
    assert isinstance(expr, tree.Member)
    value = known(body, expr)
    if value is not None:
        return value
    base = body.expr(expr.base)
    match base:
        case v.StackVal():
            return _stack_member(body, base, expr)
        case v.TableRun():
            return _run_member(body, base, expr)
        case v.ListVal() if expr.name == "size":
            return v.Number(ts.INT, len(base.items))
    return field_of(body, base, expr.name, expr.span)


def _stack_member(body: Body, base: v.StackVal, expr: tree.Member) -> v.Val:
    if expr.name in ("next", "last"):
        return base.element(expr.name)
    if expr.name in ("lastIndex", "nextIndex"):
        return v.Scalar(ts.Bits(32), ir.StackIndexRef(32, base.name, expr.name))
    if expr.name == "size":
        return v.Scalar(ts.Bits(32), fold.const(32, base.type.size))
    body.refuse(expr.span, f"header stacks have no member {expr.name}")


def _run_member(body: Body, run: v.TableRun, expr: tree.Member) -> v.Val:
    if expr.name == "action_run":
        return run
    flag = body.temp(ts.BOOL, expr.name)
    assert isinstance(flag, v.Scalar)
    assert isinstance(flag.expr, ir.FieldRef)
    hit = expr.name == "hit"
    run.stmt.hit = [ir.Assign(flag.expr, fold.truth(hit), span=expr.span)]
    run.stmt.miss = [ir.Assign(flag.expr, fold.truth(not hit), span=expr.span)]
    return flag


def index_value(body: Body, expr: tree.Expr) -> v.Val:
    """The rule for tree.Index."""
    assert isinstance(expr, tree.Index)
    value = known(body, expr)
    if value is not None:
        return value
    base = body.expr(expr.base)
    mark = len(body.out)
    index = body.expr(expr.index)
    number = index.value if isinstance(index, v.Number) else None
    if isinstance(index, v.Scalar) and isinstance(index.expr, ir.Const):
        number = index.expr.value
    if number is not None:
        return element(body, base, number, expr)
    if isinstance(base, v.StackVal):
        return base.element(pure(body, index, expr.index.span))
    if isinstance(base, v.ListVal) and base.items:
        chosen = pure(body, index, expr.index.span)
        if not isinstance(chosen, ir.FieldRef | ir.ParamRef):
            chosen = pure(body, save(body, v.Scalar(ts.Bits(chosen.width, chosen.signed), chosen), "index"), expr.span)
        return v.Chosen(base.items[0].type, base.items, chosen)
    base = protect(body, base, mark)
    body.refuse(expr.span, "an index that is not constant needs a header stack")


def element(body: Body, base: v.Val, number: int, expr: tree.Expr) -> v.Val:
    """Element `number` of a stack, a tuple or a list."""
    match base:
        case v.StackVal() if 0 <= number < base.type.size:
            return base.element(number)
        case v.StructVal() if 0 <= number < len(base.fields):
            return list(base.fields.values())[number]
        case v.ListVal() if 0 <= number < len(base.items):
            return base.items[number]
    body.refuse(expr.span, f"index {number} is out of bounds")


def slice_value(body: Body, expr: tree.Expr) -> v.Val:
    """The rule for tree.Slice."""
    assert isinstance(expr, tree.Slice)
    value = known(body, expr)
    if value is not None:
        return value
    base = body.expr(expr.base)
    mark = len(body.out)
    first, second = body.expr(expr.high), body.expr(expr.low)
    base = protect(body, base, mark) if len(body.out) > mark else base
    if isinstance(base, v.Number):
        base = v.Scalar(ts.Bits(1024), pure(body, base, expr.span))
    if not isinstance(base, v.Scalar):
        body.refuse(expr.span, "only bits can be sliced")
    high, low = number_of(first), number_of(second)
    if expr.plus and low is not None:
        if high is None:
            return v.DynamicSlice(ts.Bits(low), base, pure(body, first, expr.high.span))
        high, low = high + low - 1, high
    if high is None or low is None:
        body.refuse(expr.span, "the bounds of a slice must be constants")
    return v.Scalar(ts.Bits(high - low + 1), fold.piece(base.expr, high, low))


def number_of(value: v.Val) -> int | None:
    """The number that a value is known to be, if it is one."""
    if isinstance(value, v.Number):
        return value.value
    if isinstance(value, v.Scalar) and isinstance(value.expr, ir.Const):
        return value.expr.value
    return None


def validity(body: Body, value: v.Val, expr: tree.Expr) -> ir.Expr:
    """`value.isValid()`."""
    match value:
        case v.HeaderVal() | v.HeaderLit():
            return value.valid
        case v.UnionVal() if value.ref.index is None:
            return union_valid(value)
        case v.UnionVal():
            return ir.IsValid(0, value.ref.name, value.ref.index)
    body.refuse(expr.span, "isValid needs a header or a header union")
