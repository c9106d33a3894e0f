"""The ids and aliases of P4Info objects.

An id is the resource type's number in the upper 8 bits, and below it a hash of the full name (Jenkins's one-at-a-time).
When two names of one type hash alike, the one that sorts behind goes to the next free number; @id takes precedence.
An alias is the shortest suffix, in whole dotted parts, that no other name of any type shares.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from finsy.proto import p4i

from switch.p4c.source import NOWHERE, Diagnostics, Span

ID_MASK = 0xFFFFFF
WORD = 0xFFFFFFFF

# Resource types, as P4Info numbers them.
ACTION = p4i.P4Ids.ACTION
TABLE = p4i.P4Ids.TABLE
VALUE_SET = p4i.P4Ids.VALUE_SET
CONTROLLER_HEADER = p4i.P4Ids.CONTROLLER_HEADER
ACTION_PROFILE = p4i.P4Ids.ACTION_PROFILE
COUNTER = p4i.P4Ids.COUNTER
DIRECT_COUNTER = p4i.P4Ids.DIRECT_COUNTER
METER = p4i.P4Ids.METER
DIRECT_METER = p4i.P4Ids.DIRECT_METER
REGISTER = p4i.P4Ids.REGISTER
DIGEST = p4i.P4Ids.DIGEST


def name_hash(name: str) -> int:
    """Jenkins's one-at-a-time hash, 32 bits."""
    value = 0
    for byte in name.encode():
        value = (value + byte) & WORD
        value = (value + (value << 10)) & WORD
        value ^= value >> 6
    value = (value + (value << 3)) & WORD
    value ^= value >> 11
    return (value + (value << 15)) & WORD


@dataclass
class Symbols:
    """All names that the control plane sees: first add them, then `assign`, then ask."""

    diagnostics: Diagnostics
    _wanted: dict[tuple[int, str], int | None] = field(default_factory=dict)
    _spans: dict[tuple[int, str], Span] = field(default_factory=dict)
    _ids: dict[tuple[int, str], int] = field(default_factory=dict)
    _suffixes: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def add(self, kind: int, name: str, chosen: int | None = None, span: Span = NOWHERE) -> None:
        """A name, with the number of its @id annotation if it has one; a repeated name changes nothing."""
        if (kind, name) not in self._wanted:
            self._wanted[kind, name] = self._checked(kind, chosen, span)
            self._spans[kind, name] = span

    def _checked(self, kind: int, chosen: int | None, span: Span) -> int | None:
        if chosen is None:
            return None
        prefix = chosen >> 24
        if prefix not in (0, kind):
            self.diagnostics.error(span, f"@id({chosen:#x}) has the wrong 8-bit prefix: {kind:#x} is this object's")
            return None
        return kind << 24 | chosen & ID_MASK

    def assign(self) -> None:
        """Gives every name its id."""
        taken: set[int] = set()
        for key, chosen in self._wanted.items():
            if chosen is None:
                continue
            if chosen in taken:
                self.diagnostics.error(self._spans[key], f"@id({chosen:#x}) is given to several objects")
            taken.add(chosen)
            self._ids[key] = chosen
        for kind, name in sorted(self._wanted, key=lambda key: (key[0], key[1].encode())):
            if (kind, name) not in self._ids:
                value = name_hash(name)
                while (number := kind << 24 | value & ID_MASK) in taken:
                    value += 1
                taken.add(number)
                self._ids[kind, name] = number
        for name in {name for _, name in self._wanted}:
            parts = tuple(name.split("."))
            self._suffixes.update(parts[i:] for i in range(len(parts)))

    def id(self, kind: int, name: str) -> int:
        """The id of a name that was added."""
        return self._ids[kind, name]

    def alias(self, name: str) -> str:
        """The shortest suffix of the name that is unique."""
        parts = tuple(name.split("."))
        for start in range(len(parts) - 1, -1, -1):
            if self._suffixes[parts[start:]] == 1:
                return ".".join(parts[start:])
        return name
