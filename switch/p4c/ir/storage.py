"""Storage: headers, stacks, unions, and metadata flattened into scalar fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.p4c.source import NOWHERE, Span

if TYPE_CHECKING:
    from switch.p4c.tree import Annotation


@dataclass(frozen=True)
class FieldDef:
    """A field of a header type.

    kind: "bits", "varbit" (width is the maximum), "bool", "error", "enum" (stored as a number).
    """

    name: str
    width: int
    signed: bool = False
    kind: str = "bits"


@dataclass(frozen=True)
class HeaderDef:
    """A header type, or a flattened struct of metadata."""

    name: str
    fields: tuple[FieldDef, ...]
    annotations: tuple[Annotation, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)  # of the declaration, for diagnostics


@dataclass
class Header:
    """A header instance; metadata (standard_metadata, scalars, user metadata) is always valid and never emitted."""

    name: str
    type: HeaderDef
    metadata: bool = False


@dataclass
class HeaderStack:
    """`elements` are its headers, in order, named NAME[0], NAME[1] ..."""

    name: str
    type: HeaderDef
    elements: list[Header]


@dataclass
class HeaderUnion:
    """`members` pairs the union's field names with their headers."""

    name: str
    type_name: str
    members: list[tuple[str, Header]]


@dataclass
class UnionStack:
    name: str
    type_name: str
    elements: list[HeaderUnion]
