"""Types as they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.p4c.tree.nodes import Node

if TYPE_CHECKING:
    from switch.p4c.tree.exprs import Expr
    from switch.p4c.typesys import Type


@dataclass(eq=False, kw_only=True)
class TypeNode(Node):
    """A type as it stands in the source."""

    # checker:
    type: Type | None = None


@dataclass(eq=False, kw_only=True)
class BaseTypeNode(TypeNode):
    """`bool`, `error`, `string`, `void`, `match_kind`, `int` (arbitrary precision), `_` (don't care, name "_")."""

    name: str


@dataclass(eq=False, kw_only=True)
class BitTypeNode(TypeNode):
    """`bit<w>` or `int<w>`; width None stands for plain `bit`, which is bit<1>."""

    width: Expr | None
    signed: bool


@dataclass(eq=False, kw_only=True)
class VarbitTypeNode(TypeNode):
    """`varbit<w>`."""

    width: Expr


@dataclass(eq=False, kw_only=True)
class NameTypeNode(TypeNode):
    """A named type, with type arguments if any; absolute when written with a leading dot."""

    name: str
    absolute: bool = False
    args: list[TypeNode] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class StackTypeNode(TypeNode):
    """`T[size]`."""

    element: TypeNode
    size: Expr


@dataclass(eq=False, kw_only=True)
class TupleTypeNode(TypeNode):
    """`tuple<...>`."""

    elements: list[TypeNode]


@dataclass(eq=False, kw_only=True)
class ListTypeNode(TypeNode):
    """`list<T>`."""

    element: TypeNode
