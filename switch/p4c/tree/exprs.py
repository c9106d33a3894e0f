"""Expressions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.p4c.tree.nodes import Node

if TYPE_CHECKING:
    from switch.p4c.tree.decls import (
        FunctionDecl,
    )
    from switch.p4c.tree.type_nodes import TypeNode
    from switch.p4c.typesys import Type, Value


@dataclass(eq=False, kw_only=True)
class Expr(Node):
    """Any expression."""

    # checker:
    type: Type | None = None  # its type; after checking never None
    value: Value | None = None  # its compile-time value, where it has one


@dataclass(eq=False, kw_only=True)
class IntLit(Expr):
    """An integer literal; width None means arbitrary precision."""

    number: int
    width: int | None = None
    signed: bool = False


@dataclass(eq=False, kw_only=True)
class BoolLit(Expr):
    truth: bool


@dataclass(eq=False, kw_only=True)
class StringLit(Expr):
    text: str


@dataclass(eq=False, kw_only=True)
class Name(Expr):
    """A name used as an expression; absolute when written with a leading dot."""

    name: str
    absolute: bool = False
    # checker:
    decl: Node | None = None  # what it means: a declaration, a Param, a Field of an enum, ...


@dataclass(eq=False, kw_only=True)
class TypeExpr(Expr):
    """A type name in front of a dot: `E.member`, `error.NoError`, `Header_t.minSizeInBits()`, `Control_t.apply()`."""

    node: TypeNode


@dataclass(eq=False, kw_only=True)
class Member(Expr):
    """`base.name`."""

    base: Expr
    name: str
    # checker:
    decl: Node | None = None  # method, state, table property ... it names; None for plain fields


@dataclass(eq=False, kw_only=True)
class Index(Expr):
    """`base[index]`."""

    base: Expr
    index: Expr


@dataclass(eq=False, kw_only=True)
class Slice(Expr):
    """`base[high:low]`, or `base[low +: width]` when plus is True (high holds the start, low the width)."""

    base: Expr
    high: Expr
    low: Expr
    plus: bool = False


@dataclass(eq=False, kw_only=True)
class Unary(Expr):
    """op is one of `-` `+` `!` `~`."""

    op: str
    operand: Expr


@dataclass(eq=False, kw_only=True)
class Binary(Expr):
    """op is one of `* / % + - |+| |-| << >> < > <= >= == != & ^ | ++ && ||`."""

    op: str
    left: Expr
    right: Expr


@dataclass(eq=False, kw_only=True)
class Conditional(Expr):
    """`condition ? then : otherwise`."""

    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(eq=False, kw_only=True)
class Cast(Expr):
    """`(type) operand`; implicit when the checker put it in."""

    target: TypeNode
    operand: Expr
    implicit: bool = False


@dataclass(eq=False, kw_only=True)
class Argument(Node):
    """One argument of a call: positional, or `name = expr`; expr None stands for `_`."""

    expr: Expr | None
    name: str | None = None


@dataclass(eq=False, kw_only=True)
class Call(Expr):
    """A call of a function, method, action, extern, table apply, or a constructor call (then callee is a TypeExpr)."""

    callee: Expr
    type_args: list[TypeNode] = field(default_factory=list)
    args: list[Argument] = field(default_factory=list)
    # checker:
    bound: list[Argument | None] = field(default_factory=list)  # one per parameter, in order; None: default or optional
    target: Node | None = (
        None  # FunctionDecl, ActionDecl, MethodDecl, ControlDecl, ParserDecl, TableDecl, ExternDecl (constructor)...
    )
    inferred: list[Type] = field(default_factory=list)  # the type arguments
    constructor: FunctionDecl | None = None  # of an extern's constructor call: the one chosen


@dataclass(eq=False, kw_only=True)
class ListExpr(Expr):
    """`{ a, b, c }` or a parenthesised tuple `(a, b)` in keysets."""

    items: list[Expr]
    dots: bool = False  # ends in `...`: the rest takes default values


@dataclass(eq=False, kw_only=True)
class StructExpr(Expr):
    """`{ f = a, g = b }` or `(T){ f = a }`."""

    fields: list[NamedExpr]
    target: TypeNode | None = None
    dots: bool = False


@dataclass(eq=False, kw_only=True)
class NamedExpr(Node):
    name: str
    expr: Expr


@dataclass(eq=False, kw_only=True)
class InvalidExpr(Expr):
    """`{#}`: an invalid header or header union."""


@dataclass(eq=False, kw_only=True)
class Mask(Expr):
    """`value &&& mask` in keysets."""

    operand: Expr
    mask: Expr


@dataclass(eq=False, kw_only=True)
class Range(Expr):
    """`low .. high` in keysets."""

    low: Expr
    high: Expr


@dataclass(eq=False, kw_only=True)
class DefaultExpr(Expr):
    """`default` or `_` in keysets and switch labels, or `...` as an initializer (word tells which)."""

    word: str


@dataclass(eq=False, kw_only=True)
class ThisExpr(Expr):
    """`this` inside an abstract method."""
