"""Expressions: pure, without side effects.

Every expression has a kind of value: bits (width, signed), bool (width 0), or error/enum (stored as bits).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Expr:
    """width 0 means bool."""

    width: int
    signed: bool = field(default=False, kw_only=True)


@dataclass(frozen=True)
class Const(Expr):
    """A number, already reduced to its width (two's complement: negative when signed and negative), or 0/1 for bool."""

    value: int


@dataclass(frozen=True)
class FieldRef(Expr):
    """A field of a header instance, by names."""

    header: str
    field: str


@dataclass(frozen=True)
class StackFieldRef(Expr):
    """A field of a stack element chosen at run time, or of "next"/"last" in parsers (index is then that word)."""

    stack: str
    index: Expr | str
    field: str


@dataclass(frozen=True)
class StackIndexRef(Expr):
    """`stack.lastIndex` (which "lastIndex") or the element count so far (which "nextIndex")."""

    stack: str
    which: str


@dataclass(frozen=True)
class UnionStackFieldRef(Expr):
    """A field of a member of a union stack's element chosen at run time or "next"/"last"."""

    stack: str
    index: Expr | str
    member: str
    field: str


@dataclass(frozen=True)
class ParamRef(Expr):
    """An action's control-plane parameter."""

    name: str


@dataclass(frozen=True)
class IsValid(Expr):
    """Validity of a header (name), of a union (name), or of a stack element chosen at run time (stack name and index).

    member is set for a member of a union stack's element.
    """

    header: str
    index: Expr | str | None = None
    member: str | None = None


@dataclass(frozen=True)
class Unary(Expr):
    """op is `-`, `~` or `!`; the result is reduced to the width."""

    op: str
    operand: Expr


@dataclass(frozen=True)
class Binary(Expr):
    """op as in the language, `/` and `%` too; operands have the types that P4 gives them, the result is reduced to the
    width.

    `++` is concatenation; `|+|` and `|-|` saturate; comparisons and `&&`, `||` give bool. `==` on varbits is allowed
    only where the operands are FieldRef of kind varbit.
    """

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Conditional(Expr):
    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True)
class Cast(Expr):
    """Change of width, sign, or bool <-> bit<1>, by P4's rules (extension by the operand's sign, truncation)."""

    operand: Expr


@dataclass(frozen=True)
class Slice(Expr):
    """operand[high:low]."""

    operand: Expr
    high: int
    low: int


@dataclass(frozen=True)
class Lookahead(Expr):
    """`width` bits that lie `offset` bits ahead in the packet; parsers only."""

    offset: int


LValue = FieldRef | StackFieldRef | UnionStackFieldRef  # what may be assigned; slices have been turned into masks

# A reference to a whole header, stack or union in an operation.


@dataclass(frozen=True)
class HeaderRef:
    """A header by name; or the element `index` (run time, "next" or "last") of the stack `name`, and of a union stack's
    element the `member`."""

    name: str
    index: Expr | str | None = None
    member: str | None = None
