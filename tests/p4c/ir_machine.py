"""Runs the statements of an ir.Program as the IR's documentation says, for tests of what lowering means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from switch.p4c import ir
from tests.p4c.ir_eval import meaning


class Left(Exception):
    """Control goes to the end of a labelled block."""


class Ended(Exception):
    """The pipeline ends."""


@dataclass
class Machine:
    """Storage, and an action for each table: its name, or None for a miss with the default action."""

    program: ir.Program
    hits: dict[str, tuple[str, list[int]]] = field(default_factory=dict)
    fields: defaultdict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    valid: set[str] = field(default_factory=set)
    applied: list[str] = field(default_factory=list)
    steps: int = 0
    entries: dict[str, dict[int, str]] = field(default_factory=dict)  # table -> value of its first key -> action

    def run(self, stmts: Iterable[ir.Stmt]) -> Machine:
        """Runs a pipeline."""
        try:
            self._block(stmts)
        except Ended:
            self.applied.append("exit")
        return self

    def _block(self, stmts: Iterable[ir.Stmt]) -> None:
        for stmt in stmts:
            self.steps += 1
            assert self.steps < 10_000, "endless loop"
            self._stmt(stmt)

    def value(self, expr: ir.Expr) -> int:
        """The value of an expression now."""
        return meaning(self._plain(expr), self.fields)

    def _plain(self, expr: ir.Expr) -> ir.Expr:
        """Replaces what `meaning` does not know by constants."""
        match expr:
            case ir.IsValid():
                return ir.Const(0, int(self._header(ir.HeaderRef(expr.header, expr.index)) in self.valid))
            case ir.StackFieldRef():
                name = self._header(ir.HeaderRef(expr.stack, expr.index))
                return ir.FieldRef(expr.width, name, expr.field, signed=expr.signed)
            case ir.Unary() | ir.Cast() | ir.Slice():
                return type(expr)(**{**vars(expr), "operand": self._plain(expr.operand)})
            case ir.Binary(op="&&" | "||"):
                left = self.value(expr.left)
                if bool(left) == (expr.op == "||"):
                    return ir.Const(0, left)
                return self._plain(expr.right)
            case ir.Binary():
                return type(expr)(**{**vars(expr), "left": self._plain(expr.left), "right": self._plain(expr.right)})
            case ir.Conditional():
                return self._plain(expr.then if self.value(expr.condition) else expr.otherwise)
        return expr

    def _header(self, ref: ir.HeaderRef) -> str:
        if ref.index is None:
            return ref.name
        assert isinstance(ref.index, ir.Expr)
        return f"{ref.name}[{self.value(ref.index)}]"

    def _stmt(self, stmt: ir.Stmt) -> None:
        match stmt:
            case ir.Assign():
                self._assign(stmt.target, self.value(stmt.value))
            case ir.AssignHeader():
                self._copy(self._header(stmt.target), self._header(stmt.source))
            case ir.SetValidity():
                (self.valid.add if stmt.valid else self.valid.discard)(self._header(stmt.header))
            case ir.If():
                self._block(stmt.then if self.value(stmt.condition) else stmt.otherwise)
            case ir.Labelled():
                try:
                    self._block(stmt.body)
                except Left as left:
                    if left.args[0] != stmt.label:
                        raise
            case ir.Leave():
                raise Left(stmt.label)
            case ir.Loop():
                while True:
                    self._block(stmt.body)
            case ir.Exit():
                raise Ended
            case ir.ApplyTable():
                self._apply(stmt)
            case _:
                raise NotImplementedError(type(stmt).__name__)

    def _assign(self, target: ir.LValue, value: int) -> None:
        place = self._plain(target)
        assert isinstance(place, ir.FieldRef)
        self.fields[place.header, place.field] = value

    def _copy(self, target: str, source: str) -> None:
        (self.valid.add if source in self.valid else self.valid.discard)(target)
        for (header, name), value in list(self.fields.items()):
            if header == source:
                self.fields[target, name] = value

    def _apply(self, stmt: ir.ApplyTable) -> None:
        self.applied.append(stmt.table)
        table = next(t for t in self.program.tables if t.name == stmt.table)
        hit = self.hits.get(stmt.table)
        if stmt.table in self.entries:
            found = self.entries[stmt.table].get(self.value(table.keys[0].expr))
            hit = (found, []) if found is not None else None
        name, args = hit or (table.default.action, [a.value for a in table.default.args])
        action = next(a for a in self.program.actions if a.name == name)
        assert len(args) == len(action.params) == 0, "actions with parameters are not run"
        self._block(action.body)
        self._block((stmt.hit if hit else stmt.miss) or [])
        if stmt.cases is not None:
            self._block(stmt.cases.get(name, stmt.default or []))
