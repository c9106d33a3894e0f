"""What expressions read and statements write, as units of storage, to find out where a copy is needed.

A unit is a tuple that goes from the whole to the part: (header,), (header, field), (stack, element), (stack, element,
field). Two units overlap when one is a prefix of the other. A union is one unit, since setting one member ends the
others; so is a stack whose element is chosen at run time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from switch.p4c import ir
from switch.p4c.midend import values as v

Unit = tuple[str, ...]
PACKET: Unit = ("$packet",)
VALIDITY = "$valid"

RESULT_ARGS = {
    "meter.execute": (2,),
    "direct_meter.read": (1,),
    "register.read": (0,),
    "random": (0,),
    "hash": (0,),
}
MARKS = (("standard_metadata", "egress_spec"), ("standard_metadata", "mcast_grp"))


@dataclass
class Effects:
    """Finds reads and writes; `homes` has the units of headers in stacks and unions, `tables` the writes of a table."""

    homes: Mapping[str, Unit]
    tables: Mapping[str, frozenset[Unit]] = field(default_factory=dict)

    def home(self, header: str) -> Unit:
        """The unit of a header instance."""
        return self.homes.get(header, (header,))

    def header(self, ref: ir.HeaderRef) -> Unit:
        """The unit of a whole header."""
        return self.home(ref.name) if ref.index is None else (ref.name,)

    def place(self, expr: ir.Expr) -> Unit | None:
        """The unit of an lvalue."""
        match expr:
            case ir.FieldRef():
                return (*self.home(expr.header), expr.field)
            case ir.StackFieldRef() | ir.UnionStackFieldRef():
                return (expr.stack,)
            case ir.Slice():
                return self.place(expr.operand)
        return None

    def reads(self, expr: object) -> Iterator[Unit]:
        """The units that evaluating an expression reads."""
        match expr:
            case ir.Const() | ir.ParamRef():
                return
            case ir.FieldRef():
                yield (*self.home(expr.header), expr.field)
            case ir.Binary():
                yield from self.reads(expr.left)
                yield from self.reads(expr.right)
            case ir.Unary() | ir.Cast() | ir.Slice():
                yield from self.reads(expr.operand)
            case ir.Conditional():
                for part in (expr.condition, expr.then, expr.otherwise):
                    yield from self.reads(part)
            case ir.IsValid():
                yield (*self.home(expr.header), VALIDITY) if expr.index is None else (expr.header,)
                yield from self.reads(expr.index)
            case ir.StackFieldRef() | ir.UnionStackFieldRef():
                yield (expr.stack,)
                yield from self.reads(expr.index)
            case ir.StackIndexRef():
                yield (expr.stack,)
            case ir.Lookahead():
                yield PACKET

    def index_reads(self, expr: ir.Expr) -> Iterator[Unit]:
        """What the choice of a place reads: the index of a stack element."""
        match expr:
            case ir.StackFieldRef() | ir.UnionStackFieldRef():
                yield from self.reads(expr.index)
            case ir.Slice():
                yield from self.index_reads(expr.operand)

    def writes(self, stmts: Iterable[ir.Stmt]) -> Iterator[Unit]:
        """The units that statements may write."""
        for stmt in stmts:
            yield from self._writes(stmt)

    def _writes(self, stmt: ir.Stmt) -> Iterator[Unit]:
        match stmt:
            case ir.Assign() | ir.AssignVarbit():
                unit = self.place(stmt.target)
                if unit is not None:
                    yield unit
            case ir.AssignHeader():
                yield self.header(stmt.target)
            case ir.SetValidity():
                unit = self.header(stmt.header)
                plain = stmt.valid and stmt.header.index is None and stmt.header.name not in self.homes
                yield (*unit, VALIDITY) if plain else unit
            case ir.Extract():
                yield self.header(stmt.header)
                yield PACKET
            case ir.Advance():
                yield PACKET
            case ir.ShiftStack():
                yield (stmt.stack,)
            case ir.Primitive():
                yield from self._primitive_writes(stmt)
            case ir.If():
                yield from self.writes(stmt.then)
                yield from self.writes(stmt.otherwise)
            case ir.Labelled() | ir.Loop():
                yield from self.writes(stmt.body)
            case ir.ApplyTable():
                yield from self._table_writes(stmt)
            case _:
                yield from getattr(stmt, "written", ())

    def _table_writes(self, stmt: ir.ApplyTable) -> Iterator[Unit]:
        yield from self.tables.get(stmt.table, ())
        for branch in (stmt.hit, stmt.miss, stmt.default, *(stmt.cases or {}).values()):
            yield from self.writes(branch or ())

    def _primitive_writes(self, stmt: ir.Primitive) -> Iterator[Unit]:
        if stmt.name == "mark_to_drop":
            yield from MARKS
        for position in RESULT_ARGS.get(stmt.name, ()):
            target = stmt.args[position]
            unit = self.place(target) if isinstance(target, ir.Expr) else None
            if unit is not None:
                yield unit

    def value_reads(self, value: v.Val) -> Iterator[Unit]:
        """The units that using a value reads, the whole of it."""
        match value:
            case v.Scalar():
                yield from self.reads(value.expr)
            case v.StructVal():
                for item in value.fields.values():
                    yield from self.value_reads(item)
            case v.HeaderLit():
                yield from self.reads(value.valid)
                for item in value.fields.values():
                    yield from self.value_reads(item)
            case v.HeaderVal() | v.UnionVal():
                yield self.header(value.ref)
                yield from self.reads(value.ref.index)
            case v.StackVal():
                yield (value.name,)
            case v.ListVal() | v.Chosen():
                for item in value.items:
                    yield from self.value_reads(item)
                if isinstance(value, v.Chosen):
                    yield from self.reads(value.index)
            case v.DynamicSlice():
                yield from self.reads(value.base.expr)
                yield from self.reads(value.start)

    def value_places(self, value: v.Val) -> Iterator[Unit]:
        """The units that assigning to a place may write."""
        match value:
            case v.Scalar():
                unit = self.place(value.expr)
                if unit is not None:
                    yield unit
            case v.StructVal():
                for item in value.fields.values():
                    yield from self.value_places(item)
            case v.HeaderVal() | v.UnionVal():
                yield self.header(value.ref)
            case v.StackVal():
                yield (value.name,)
            case v.ListVal() | v.Chosen():
                for item in value.items:
                    yield from self.value_places(item)
            case v.DynamicSlice():
                yield from self.value_places(value.base)

    def value_index_reads(self, value: v.Val) -> Iterator[Unit]:
        """What the choice of a place reads."""
        match value:
            case v.Scalar():
                yield from self.index_reads(value.expr)
            case v.StructVal():
                for item in value.fields.values():
                    yield from self.value_index_reads(item)
            case v.HeaderVal() | v.UnionVal():
                yield from self.reads(value.ref.index)
            case v.DynamicSlice():
                yield from self.reads(value.start)
                yield from self.value_index_reads(value.base)
            case v.Chosen():
                yield from self.reads(value.index)
