"""Statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.p4c.tree.nodes import Node

if TYPE_CHECKING:
    from switch.p4c.tree.decls import Decl, VarDecl
    from switch.p4c.tree.exprs import Call, Expr, Name
    from switch.p4c.tree.nodes import Annotation


@dataclass(eq=False, kw_only=True)
class Stmt(Node):
    """Any statement."""

    annotations: list[Annotation] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Block(Stmt):
    body: list[Stmt]


@dataclass(eq=False, kw_only=True)
class DeclStmt(Stmt):
    """A constant, variable or instance declared among statements."""

    decl: Decl


@dataclass(eq=False, kw_only=True)
class Assign(Stmt):
    """`target = value`, or with op `+`, `<<`, `|+|` ... for `target op= value`."""

    target: Expr
    value: Expr
    op: str | None = None


@dataclass(eq=False, kw_only=True)
class CallStmt(Stmt):
    call: Call


@dataclass(eq=False, kw_only=True)
class If(Stmt):
    condition: Expr
    then: Stmt
    otherwise: Stmt | None = None


@dataclass(eq=False, kw_only=True)
class Return(Stmt):
    value: Expr | None = None


@dataclass(eq=False, kw_only=True)
class Exit(Stmt):
    pass


@dataclass(eq=False, kw_only=True)
class Empty(Stmt):
    pass


@dataclass(eq=False, kw_only=True)
class SwitchCase(Node):
    """One label; body None falls through to the next case."""

    label: Expr
    body: Block | None


@dataclass(eq=False, kw_only=True)
class Switch(Stmt):
    subject: Expr
    cases: list[SwitchCase]


@dataclass(eq=False, kw_only=True)
class For(Stmt):
    """`for (init; condition; update) body`."""

    init: list[Stmt]
    condition: Expr
    update: list[Stmt]
    body: Stmt


@dataclass(eq=False, kw_only=True)
class ForIn(Stmt):
    """`for (variable in collection) body`; collection is an expression or a Range. variable is a VarDecl or a Name."""

    variable: VarDecl | Name
    collection: Expr
    body: Stmt


@dataclass(eq=False, kw_only=True)
class Break(Stmt):
    pass


@dataclass(eq=False, kw_only=True)
class Continue(Stmt):
    pass
