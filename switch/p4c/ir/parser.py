"""The parser: states, extraction, select."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.p4c.ir.stmts import Stmt
from switch.p4c.source import NOWHERE, Span

if TYPE_CHECKING:
    from switch.p4c.ir.exprs import Expr, HeaderRef
    from switch.p4c.tree import Annotation
    from switch.p4c.typesys import Type


@dataclass
class Extract(Stmt):
    """Extracts a header; `length` is the varbit's length in bits for the two-argument form."""

    header: HeaderRef
    length: Expr | None = None


@dataclass
class Advance(Stmt):
    bits: Expr


@dataclass
class Verify(Stmt):
    condition: Expr
    error: Expr


@dataclass(frozen=True)
class KeyMatch:
    """One element of a select case: value & mask over the key's width (mask None: exact); value None: don't care."""

    value: int | None
    mask: int | None = None


@dataclass
class SelectCase:
    """keys has one KeyMatch for each select key; or value_set is a name. Ranges are expanded into several cases."""

    keys: list[KeyMatch]
    next: str
    value_set: str | None = None


@dataclass
class ParserState:
    """next when there is no select; "accept" and "reject" are the final states. If statements have become states."""

    name: str
    body: list[Stmt]
    keys: list[Expr] = field(default_factory=list)
    cases: list[SelectCase] = field(default_factory=list)
    next: str | None = None
    span: Span = NOWHERE


@dataclass
class ValueSet:
    """A parser value set; keys are its fields (name, width, match kind)."""

    name: str
    size: int
    keys: list[ValueSetKey]
    annotations: list[Annotation]
    doc: str = ""


@dataclass
class ValueSetKey:
    name: str
    width: int
    match_kind: str
    type: Type
    annotations: list[Annotation]
