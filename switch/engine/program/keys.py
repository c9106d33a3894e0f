"""Match kinds and the encoding of match keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .expressions import FieldRef
from .jsonpath import Json


class KeyKind(Enum):
    """How a key field matches."""

    EXACT = "exact"
    LPM = "lpm"
    TERNARY = "ternary"
    RANGE = "range"
    OPTIONAL = "optional"
    VALID = "valid"


@dataclass(frozen=True, slots=True)
class KeySpec:
    """A key field of a table; `static_mask` is applied to the field before every lookup."""

    name: str
    kind: KeyKind
    width: int
    field: FieldRef
    static_mask: int | None = None

    @property
    def size(self) -> int:
        """Bytes of the field in keys and masks."""
        return (self.width + 7) // 8


def key_kind(where: Json) -> KeyKind:
    """The match kind that `where` names."""
    try:
        return KeyKind(where.text())
    except ValueError:
        raise where.fail(f"unknown match type {where.text()!r}") from None


def prefix_mask(width: int, length: int) -> int:
    """The mask of the `length` highest of `width` bits."""
    return ((1 << length) - 1) << (width - length)
