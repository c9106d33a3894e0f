"""Reading JSON with a path in hand, so that every complaint says where."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from ..errors import BadConfig

_HEX = re.compile(r"(-?)(?:0[xX])?([0-9a-fA-F]+)\Z")
MAX_CONSTANT_DIGITS = 8192
T = TypeVar("T")


class Json:
    """A JSON value and the path that leads to it."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: str = "$") -> None:
        self.value = value
        self.path = path

    @classmethod
    def parse(cls, text: bytes | str) -> Json:
        """The root of a document; BadConfig when it is no JSON object."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadConfig("$", f"not JSON: {error}") from None
        if not isinstance(value, dict):
            raise BadConfig("$", "expected an object")
        return cls(value)

    def fail(self, problem: str) -> BadConfig:
        """The error to raise about this value."""
        return BadConfig(self.path, problem)

    def __getitem__(self, key: str) -> Json:
        if not isinstance(self.value, dict):
            raise self.fail("expected an object")
        if key not in self.value:
            raise self.fail(f"lacks {key!r}")
        return Json(self.value[key], f"{self.path}.{key}")

    def get(self, key: str) -> Json | None:
        """The member `key`, or None when it is absent or null."""
        if not isinstance(self.value, dict):
            raise self.fail("expected an object")
        value = self.value.get(key)
        return None if value is None else Json(value, f"{self.path}.{key}")

    def items(self, key: str | None = None) -> list[Json]:
        """The elements of this array, or of the member `key` (none when absent)."""
        if key is not None:
            member = self.get(key)
            return [] if member is None else member.items()
        if not isinstance(self.value, list):
            raise self.fail("expected an array")
        return [Json(value, f"{self.path}[{index}]") for index, value in enumerate(self.value)]

    def members(self) -> Iterator[tuple[str, Json]]:
        """The members of this object."""
        if not isinstance(self.value, dict):
            raise self.fail("expected an object")
        for key, value in self.value.items():
            yield key, Json(value, f"{self.path}.{key}")

    def exactly(self, size: int) -> list[Json]:
        """The elements of an array of exactly `size`."""
        items = self.items()
        if len(items) != size:
            raise self.fail(f"expected {size} elements, got {len(items)}")
        return items

    def text(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            raise self.fail("expected a string")
        return self.value

    def number(self, low: int = 0, high: int = 2**31 - 1) -> int:
        """An integer within bounds."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.fail("expected an integer")
        if not low <= self.value <= high:
            raise self.fail(f"{self.value} is not in {low}..{high}")
        return self.value

    def truth(self) -> bool:
        """A boolean."""
        if not isinstance(self.value, bool):
            raise self.fail("expected a boolean")
        return self.value

    def flag(self, key: str, absent: bool = False) -> bool:
        """The boolean member `key`, or `absent`."""
        member = self.get(key)
        return absent if member is None else member.truth()

    def hex(self) -> int:
        """A hexadecimal string, with or without 0x and sign."""
        match = _HEX.match(self.text())
        if match is None or len(match[2]) > MAX_CONSTANT_DIGITS:
            raise self.fail("expected a hexadecimal string")
        number = int(match[2], 16)
        return -number if match[1] else number

    def hexbytes(self, size: int) -> bytes:
        """A hexadecimal string of a number that fits `size` bytes."""
        number = self.hex()
        if number < 0 or number.bit_length() > 8 * size:
            raise self.fail(f"does not fit {size} bytes")
        return number.to_bytes(size)

    def isnull(self) -> bool:
        """Whether the value is null."""
        return self.value is None


def unique(specs: list[tuple[str, T, Json]]) -> dict[str, T]:
    """Objects by name, refusing a name that occurs twice."""
    found: dict[str, T] = {}
    for name, spec, where in specs:
        if name in found:
            raise where.fail(f"the name {name!r} is taken")
        found[name] = spec
    return found
