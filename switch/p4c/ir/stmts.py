"""Statements."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.p4c.source import NOWHERE, Span

if TYPE_CHECKING:
    from switch.p4c.ir.exprs import Expr, FieldRef, HeaderRef, LValue


@dataclass
class Stmt:
    span: Span = field(default=NOWHERE, kw_only=True)


@dataclass
class Assign(Stmt):
    target: LValue
    value: Expr


@dataclass
class AssignHeader(Stmt):
    """Copies a header with its validity; `kind` is "header", "stack", "union" or "union_stack"."""

    target: HeaderRef
    source: HeaderRef
    kind: str = "header"


@dataclass
class AssignVarbit(Stmt):
    target: FieldRef
    source: FieldRef


@dataclass
class SetValidity(Stmt):
    header: HeaderRef
    valid: bool


@dataclass
class ShiftStack(Stmt):
    """push_front (count > 0) or pop_front (count < 0)."""

    stack: str
    count: int


@dataclass
class Primitive(Stmt):
    """A call of a v1model extern, arguments in order; `name` is one of:

    counter.count(counter, index)  direct_counter.count(direct counter)  meter.execute(meter, index, result: LValue)
    direct_meter.read(direct meter, result)
    register.read(result, register, index)  register.write(register, index, value)
    random(result, low, high)  hash(result, algorithm, base, [fields], max)  digest(receiver, digest name, [fields])
    mark_to_drop()  clone(kind, session)  clone_preserving(kind, session, field list id)  resubmit(field list id)
    recirculate(field list id)  truncate(length)  log_msg(format, [args])  assert(condition)  assume(condition)

    Arguments are Expr, LValue, names (str) of instances, or lists of Expr and HeaderRef.
    """

    name: str
    args: list[object]


@dataclass
class If(Stmt):
    condition: Expr
    then: list[Stmt]
    otherwise: list[Stmt] = field(default_factory=list)


@dataclass
class Labelled(Stmt):
    """A block that `Leave(label)` inside it jumps to the end of (return of an inlined body, break, continue)."""

    label: str
    body: list[Stmt]


@dataclass
class Leave(Stmt):
    label: str


@dataclass
class Loop(Stmt):
    """Repeats body for ever; left by Leave of a Labelled around it, Exit or Return."""

    body: list[Stmt]


@dataclass
class Exit(Stmt):
    """Ends the pipeline (ingress or egress)."""


@dataclass
class ApplyTable(Stmt):
    """Applies a table (by its control-plane name), then one of the branches.

    `hit`/`miss` are for `if (t.apply().hit)`; `cases` (action name -> statements) and `default` for
    `switch (t.apply().action_run)`.
    A table applied for its effect has none of them.
    """

    table: str
    hit: list[Stmt] | None = None
    miss: list[Stmt] | None = None
    cases: dict[str, list[Stmt]] | None = None
    default: list[Stmt] | None = None
