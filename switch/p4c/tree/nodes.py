"""The root of all nodes, and annotations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.p4c.source import NOWHERE, Span

if TYPE_CHECKING:
    from switch.p4c.tree.exprs import Expr


@dataclass(eq=False, kw_only=True)
class Node:
    """Any piece of the tree."""

    span: Span = NOWHERE


@dataclass(eq=False, kw_only=True)
class Annotation(Node):
    """`@name`, `@name(...)` or `@name[...]`.

    `text` is the unparsed body, `items` and `pairs` are its parsed form if it has one.
    `tokens` are the body's tokens, strings with their quotes; has_body tells `@name()` from `@name`.
    """

    name: str
    text: str = ""
    items: list[Expr] = field(default_factory=list)
    pairs: dict[str, Expr] = field(default_factory=dict)
    structured: bool = False  # written with square brackets
    tokens: list[str] = field(default_factory=list)
    has_body: bool = False
