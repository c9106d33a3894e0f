"""Where lowering stands: the frame, and the list of statements that evaluation adds to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import values as v
from switch.p4c.midend.effects import Effects, Unit
from switch.p4c.midend.frame import Frame
from switch.p4c.midend.storage import Storage
from switch.p4c.midend.usage import Usages
from switch.p4c.source import Diagnostics, Span


class Refused(Exception):
    """A construct that cannot be lowered; the diagnostic has been recorded."""


ExprRule = Callable[["Body", tree.Expr], v.Val]
StmtRule = Callable[["Body", tree.Stmt], None]


@dataclass(eq=False)
class Context:
    """What all bodies of one program share."""

    source: tree.Program
    program: ir.Program
    diagnostics: Diagnostics
    storage: Storage
    expr_rules: dict[type[tree.Node], ExprRule]
    stmt_rules: dict[type[tree.Node], StmtRule]
    table_writes: dict[str, frozenset[Unit]] = field(default_factory=dict)
    cache: dict[object, object] = field(default_factory=dict)  # lowered actions, uses of parameters, ...
    usages: Usages = field(default_factory=Usages)
    labels: int = 0
    order: dict[tuple[str, str], float] = field(default_factory=dict)  # (kind, name) -> place in the text
    section: float = -1.0  # the place in that order in front of the control that is being lowered
    externs: list[v.Extern] = field(default_factory=list)  # the instances in use

    def __post_init__(self) -> None:
        self.effects = Effects(self.storage.homes, self.table_writes)
        self.globals = Frame("global")
        self.errors = {name: code for code, name in enumerate(self.program.errors)}

    def label(self, stem: str) -> str:
        """A new label."""
        self.labels += 1
        return f"{stem}_{self.labels}"

    def register(self, extern: v.Extern) -> None:
        """Makes an extern instance part of the program."""
        self.externs.append(extern)

    def declare(self, what: str, name: str) -> None:
        """Notes that a "table", "action", "extern" or "set" of that name stands here; output keeps this order."""
        self.order.setdefault((what, name), len(self.order))

    def place_of(self, what: str, name: str) -> float:
        """Where in that order it stands."""
        return self.order.get((what, name), len(self.order))


class Body:
    """Lowers expressions and statements of one frame into one list of statements."""

    def __init__(self, context: Context, frame: Frame, out: list[ir.Stmt]) -> None:
        self.context = context
        self.frame = frame
        self.out = out
        self.span = Span("<builtin>", 0, 0, 0, 0)

    def within(self, frame: Frame) -> Body:
        """The same place in the output, seen from another frame."""
        body = Body(self.context, frame, self.out)
        body.span = self.span
        return body

    @contextmanager
    def block(self) -> Iterator[list[ir.Stmt]]:
        """A new list that statements go to for a while."""
        outer, self.out = self.out, []
        try:
            yield self.out
        finally:
            self.out = outer

    def emit(self, stmt: ir.Stmt) -> None:
        """Adds a statement, at the place of the source statement that is being lowered."""
        stmt.span = self.span
        self.out.append(stmt)

    def refuse(self, span: Span, message: str) -> NoReturn:
        """Reports something that is not supported, and gives up the statement."""
        self.context.diagnostics.unsupported(span, message)
        raise Refused(message)

    def type(self, kind: ts.Type | None) -> ts.Type:
        """A type from the tree, with type parameters replaced."""
        assert kind is not None
        return self.frame.type(kind)

    def expr(self, expr: tree.Expr) -> v.Val:
        """The meaning of an expression; its side effects go to `out`."""
        rule = self.context.expr_rules.get(type(expr))
        if rule is None:
            self.refuse(expr.span, f"expression not supported here: {type(expr).__name__}")
        return rule(self, expr)

    def stmt(self, stmt: tree.Stmt) -> None:
        """Lowers a statement; one that was refused is left out."""
        rule = self.context.stmt_rules.get(type(stmt))
        outer, self.span = self.span, stmt.span
        try:
            if rule is None:
                self.refuse(stmt.span, f"statement not supported here: {type(stmt).__name__}")
            rule(self, stmt)
        except Refused:
            pass
        finally:
            self.span = outer

    def stmts(self, stmts: list[tree.Stmt]) -> None:
        """Lowers statements in order."""
        for stmt in stmts:
            self.stmt(stmt)

    def name(self, stem: str) -> str:
        """A name of storage for something of this frame."""
        return f"{self.frame.prefix}.{stem}" if self.frame.prefix else stem

    def temp(self, kind: ts.Type, stem: str = "tmp") -> v.Val:
        """New storage for an intermediate value."""
        return self.context.storage.place(self.type(kind), self.name(stem))
