"""Elements of header stacks that are chosen at run time, and references to whole headers.

BMv2 ends when a stack is indexed beyond its end, so a read is guarded by a comparison (and yields 0) and a write is
skipped; the guard is left out where the index cannot be too large.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.p4c import ir
from switch.p4c.bmv2.values import Json, field, hexstr, named, operation

if TYPE_CHECKING:
    from switch.p4c.bmv2.expressions import Expressions


def place(exprs: Expressions, target: ir.StackFieldRef | ir.UnionStackFieldRef | ir.HeaderRef) -> Json:
    """A field or header of a stack's element, or a header by name."""
    if isinstance(target, ir.StackFieldRef):
        return _stack_field(exprs, target)
    if isinstance(target, ir.UnionStackFieldRef):
        return _union_stack_field(exprs, target)
    if target.index is None:
        return _whole(exprs, target)
    element = _element(exprs, target.name, target.index)
    if target.member is None:
        return element
    return _member(exprs, target.name, element, target.index, target.member)


def bounds_check(exprs: Expressions, stack: str, index: ir.Expr | str) -> Json | None:
    """The condition that a run-time index lies in the stack, or None where it always does."""
    if isinstance(index, str | ir.Const):
        return None
    size = stack_size(exprs, stack)
    if index.width and (1 << index.width) <= size:
        return None
    return operation("<", exprs.data(index), hexstr(size, 8))


def stack_size(exprs: Expressions, stack: str) -> int:
    """How many elements a stack of headers or unions has."""
    context = exprs.context
    return len((context.stacks.get(stack) or context.union_stacks[stack]).elements)


def _whole(exprs: Expressions, target: ir.HeaderRef) -> Json:
    context = exprs.context
    if target.name in context.stacks:
        return named("header_stack", target.name)
    if target.name in context.unions:
        return named("header_union", target.name)
    if target.name in context.union_stacks:
        return named("header_union_stack", target.name)
    return named("header", target.name)


def _element(exprs: Expressions, stack: str, index: ir.Expr | str) -> Json:
    """A header or union of a stack."""
    union = stack in exprs.context.union_stacks
    whole = named("header_union_stack" if union else "header_stack", stack)
    if isinstance(index, ir.Const):
        context = exprs.context
        elements = context.union_stacks[stack].elements if union else context.stacks[stack].elements
        return named("header_union" if union else "header", elements[index.value].name)
    if isinstance(index, str):
        position = operation("last_stack_index" if index == "last" else "size_stack", None, whole)
    else:
        position = exprs.data(index)
    return operation("dereference_union_stack" if union else "dereference_header_stack", whole, position)


def _member(exprs: Expressions, stack: str, element: Json, index: ir.Expr | str, member: str) -> Json:
    union = exprs.context.union_stacks[stack].elements[0]
    names = [name for name, _ in union.members]
    if isinstance(index, ir.Const):
        chosen = exprs.context.union_stacks[stack].elements[index.value]
        return named("header", chosen.members[names.index(member)][1].name)
    return operation("access_union_header", element, names.index(member))


def _stack_field(exprs: Expressions, target: ir.StackFieldRef) -> Json:
    if target.index == "last":
        return {"type": "stack_field", "value": [target.stack, target.field]}
    if isinstance(target.index, ir.Const):
        return field(exprs.context.stacks[target.stack].elements[target.index.value].name, target.field)
    names = [f.name for f in exprs.context.stacks[target.stack].type.fields]
    return operation("access_field", _element(exprs, target.stack, target.index), names.index(target.field))


def _union_stack_field(exprs: Expressions, target: ir.UnionStackFieldRef) -> Json:
    header = _member(exprs, target.stack, _element(exprs, target.stack, target.index), target.index, target.member)
    if header["type"] == "header":
        return field(header["value"], target.field)
    members = dict(exprs.context.union_stacks[target.stack].elements[0].members)
    names = [f.name for f in members[target.member].type.fields]
    return operation("access_field", header, names.index(target.field))
