"""A call of an extern whose arguments have been evaluated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import values as v
from switch.p4c.midend.arguments import Passed
from switch.p4c.midend.assign import assign
from switch.p4c.midend.body import Body
from switch.p4c.midend.convert import pure
from switch.p4c.midend.shapes import strip


@dataclass
class Invocation:
    """A call of an extern: its receiver if it is a method, and its arguments in order."""

    expr: tree.Call
    base: v.Extern | v.Packet | None
    passed: list[Passed]

    def value(self, number: int) -> v.Val:
        """The meaning of an argument."""
        return self.passed[number].value

    def pure(self, body: Body, number: int) -> ir.Expr:
        """A scalar argument."""
        return pure(body, self.value(number), self.expr.span)

    def member(self, body: Body, number: int) -> str:
        """The name of a constant enum member."""
        return enum_member(body, self.value(number), self.expr)

    @contextmanager
    def result(self, body: Body, number: int) -> Iterator[ir.LValue]:
        """A place for an out argument; copied to the argument afterwards when the primitive cannot write there."""
        place = self.value(number)
        expr = place.expr if isinstance(place, v.Scalar) else None
        if isinstance(expr, ir.FieldRef):
            yield expr
            return
        kept = body.temp(place.type, "result")
        if not isinstance(kept, v.Scalar) or not isinstance(kept.expr, ir.FieldRef):
            body.refuse(self.expr.span, "only bits can be written by this extern")
        yield kept.expr
        assign(body, place, kept)

    @property
    def name(self) -> str:
        """The control-plane name of the receiver."""
        assert isinstance(self.base, v.Extern)
        return self.base.name


Rule = Callable[[Body, Invocation], v.Val]


def enum_member(body: Body, value: v.Val, node: tree.Node) -> str:
    """The name of an enum's member that must be known at compile time."""
    kind = strip(value.type)
    if isinstance(value, v.Scalar) and isinstance(kind, ts.Enum) and isinstance(value.expr, ir.Const):
        return kind.members[value.expr.value]
    if isinstance(value, v.Text):
        return value.text
    body.refuse(node.span, "this argument must be a compile-time constant on BMv2")


def field_list(body: Body, value: v.Val, node: tree.Node) -> list[object]:
    """The fields and whole headers of an argument that lists them."""
    match value:
        case v.StructVal() | v.HeaderLit():
            return [part for item in value.fields.values() for part in field_list(body, item, node)]
        case v.ListVal():
            return [part for item in value.items for part in field_list(body, item, node)]
        case v.HeaderVal():
            return [value.ref]
        case v.StackVal():
            return [part for element in value.elements() for part in field_list(body, element, node)]
        case v.UnionVal():
            return [member.ref for member in value.members()]
        case v.Missing():
            return []
    return [pure(body, value, node.span)]
