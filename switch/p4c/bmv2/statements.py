"""Statements as the primitives of an action.

If, Labelled, Leave and Loop become `_jump` and `_jump_if_zero`; everything that holds no table application can stand in
one action.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from switch.p4c import ir
from switch.p4c.bmv2 import externs
from switch.p4c.bmv2.code import Code, Label
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.expressions import Expressions
from switch.p4c.bmv2.places import bounds_check, place
from switch.p4c.bmv2.values import Json, as_parameter, field, hexstr, named, operation, primitive

ASSIGNMENTS = {
    "header": "assign_header", "stack": "assign_header_stack", "union": "assign_union",
    "union_stack": "assign_union_stack",
}  # fmt: skip


def fits_in_action(stmt: ir.Stmt, labels: frozenset[str] = frozenset()) -> bool:
    """Whether the statement applies no table and leaves no block around it but those in `labels`."""
    if isinstance(stmt, ir.ApplyTable):
        return False
    if isinstance(stmt, ir.Leave):
        return stmt.label in labels
    if isinstance(stmt, ir.If):
        return all(fits_in_action(s, labels) for s in (*stmt.then, *stmt.otherwise))
    if isinstance(stmt, ir.Labelled):
        inner = labels | {stmt.label}
        return all(fits_in_action(s, inner) for s in stmt.body)
    if isinstance(stmt, ir.Loop):
        return all(fits_in_action(s, labels) for s in stmt.body)
    return True


def action_primitives(
    context: Context, body: Sequence[ir.Stmt], params: Mapping[str, int], pipeline: str = ""
) -> list[Json]:
    """The primitives of an action with that body; `pipeline` is "ingress" or "egress" where that is known."""
    writer = StatementWriter(context, params, pipeline)
    writer.block(body)
    writer.code.place(writer.end)
    return writer.code.finish()


class StatementWriter:
    """Appends statements to a piece of code."""

    def __init__(self, context: Context, params: Mapping[str, int], pipeline: str = "") -> None:
        self.context = context
        self.pipeline = pipeline
        self.exprs = Expressions(context, params)
        self.code = Code()
        self.end = Label()
        self.guarded = True  # False where there are no jumps
        self._labels: dict[str, Label] = {}
        self._handlers: dict[type[ir.Stmt], Callable[..., None]] = {
            ir.Assign: self._assign, ir.AssignHeader: self._assign_header, ir.AssignVarbit: self._assign_varbit,
            ir.SetValidity: self._set_validity, ir.ShiftStack: self._shift, ir.Primitive: self._primitive,
            ir.If: self._if, ir.Labelled: self._labelled, ir.Leave: self._leave, ir.Loop: self._loop,
            ir.Exit: self._exit,
        }  # fmt: skip

    def block(self, body: Sequence[ir.Stmt]) -> None:
        """All statements of a block, up to the first that cannot be reached."""
        for stmt in body:
            if not self.code.reachable:
                return
            self.exprs.span = stmt.span
            handler = self._handlers.get(type(stmt))
            if handler is None:
                self.context.unsupported(stmt.span, f"{_words(stmt)} is not supported here by BMv2")
            else:
                handler(stmt)

    def add(self, stmt: ir.Stmt, op: str, *parameters: Json) -> None:
        """Appends a primitive that comes from that statement."""
        self.code.add(self.context.located(primitive(op, *parameters), stmt.span))

    def data(self, expr: ir.Expr) -> Json:
        """An expression as a parameter of a primitive."""
        return as_parameter(self.exprs.data(expr))

    def target(self, lvalue: ir.LValue) -> Json:
        """A place to be written, as a parameter."""
        if isinstance(lvalue, ir.FieldRef):
            return field(lvalue.header, lvalue.field)
        raw = place(self.exprs, lvalue)
        return raw if raw["type"] == "stack_field" else as_parameter(raw)

    def header(self, ref: ir.HeaderRef) -> Json:
        """A header, stack or union, as a parameter."""
        return as_parameter(place(self.exprs, ref))

    def scratch(self, stmt: ir.Stmt, purpose: str, expr: ir.Expr) -> ir.FieldRef:
        """The expression's value in a field: the field itself, or a fresh one that is assigned first."""
        if isinstance(expr, ir.FieldRef):
            return expr
        result = self.context.new_scratch(purpose, expr)
        self.add(stmt, "assign", field(result.header, result.field), self.data(expr))
        return result

    def _assign(self, stmt: ir.Assign) -> None:
        target = stmt.target
        after = None if isinstance(target, ir.FieldRef) else self._guard(target.stack, target.index)
        self.add(stmt, "assign", self.target(stmt.target), self.data(stmt.value))
        if after:
            self.code.place(after)

    def _guard(self, stack: str, index: ir.Expr | str) -> Label | None:
        check = bounds_check(self.exprs, stack, index) if self.guarded else None
        if check is None:
            return None
        after = Label()
        self.code.jump_if_zero(as_parameter(operation("b2d", None, check)), after)
        return after

    def _guards(self, *refs: ir.HeaderRef) -> list[Label]:
        labels = [self._guard(r.name, r.index) for r in refs if r.index is not None]
        return [label for label in labels if label]

    def _assign_header(self, stmt: ir.AssignHeader) -> None:
        labels = self._guards(stmt.target, stmt.source)
        self.add(stmt, ASSIGNMENTS[stmt.kind], self.header(stmt.target), self.header(stmt.source))
        for label in labels:
            self.code.place(label)

    def _assign_varbit(self, stmt: ir.AssignVarbit) -> None:
        target, source = stmt.target, stmt.source
        self.add(stmt, "assign_VL", field(target.header, target.field), field(source.header, source.field))

    def _set_validity(self, stmt: ir.SetValidity) -> None:
        op = "add_header" if stmt.valid else "remove_header"
        name = stmt.header.name
        if stmt.header.index is None and name in self.context.unions:
            for _, member in self.context.unions[name].members:
                self.add(stmt, op, named("header", member.name))
            return
        labels = self._guards(stmt.header)
        self.add(stmt, op, self.header(stmt.header))
        for label in labels:
            self.code.place(label)

    def _shift(self, stmt: ir.ShiftStack) -> None:
        whole = place(self.exprs, ir.HeaderRef(stmt.stack))
        self.add(stmt, "push" if stmt.count > 0 else "pop", whole, hexstr(abs(stmt.count), 32))

    def _primitive(self, stmt: ir.Primitive) -> None:
        externs.write(self, stmt)

    def _if(self, stmt: ir.If) -> None:
        then, otherwise = stmt.then, stmt.otherwise
        condition = stmt.condition
        if self._leaves(then) is not None:  # if (c) leave; -> jump if not c
            label = self._leaves(then)
            assert label is not None
            self._branch(stmt, self.exprs.negation(condition), label)
            self.block(otherwise)
            return
        if not then:
            if not otherwise:
                return
            then, otherwise = otherwise, []
            check = self.exprs.negation(condition)
        else:
            check = self.exprs.boolean(condition)
        label = self._leaves(otherwise)
        if label is not None:
            self._branch(stmt, check, label)
            self.block(then)
            return
        other, end = Label(), Label()
        self._branch(stmt, check, other)
        self.block(then)
        if otherwise:
            self.code.jump(end)
        self.code.place(other)
        self.block(otherwise)
        self.code.place(end)

    def _leaves(self, body: Sequence[ir.Stmt]) -> Label | None:
        """The label, if all that the block does is to jump to it."""
        if body and isinstance(body[0], ir.Leave):
            return self._labels.get(body[0].label)
        return None

    def _branch(self, stmt: ir.Stmt, check: Json, label: Label) -> None:
        value = check["value"]
        if check["type"] == "expression" and value["op"] == "d2b":
            condition = as_parameter(value["right"])
        else:
            condition = as_parameter(operation("b2d", None, check))
        self.code.jump_if_zero(condition, label)

    def _labelled(self, stmt: ir.Labelled) -> None:
        shadowed = self._labels.get(stmt.label)
        label = self._labels[stmt.label] = Label()
        self.block(stmt.body)
        self.code.place(label)
        if shadowed:
            self._labels[stmt.label] = shadowed

    def _leave(self, stmt: ir.Leave) -> None:
        self.code.jump(self._labels[stmt.label])

    def _loop(self, stmt: ir.Loop) -> None:
        start = Label()
        self.code.place(start)
        self.block(stmt.body)
        if self.code.reachable:
            self.code.jump(start)

    def _exit(self, stmt: ir.Exit) -> None:
        self.add(stmt, "exit")
        self.code.jump(self.end)


def _words(stmt: ir.Stmt) -> str:
    names = {"ApplyTable": "applying a table", "Extract": "extract", "Emit": "emit", "Advance": "advance"}
    return names.get(type(stmt).__name__, type(stmt).__name__.lower())
