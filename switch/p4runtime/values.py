"""How the value of one match field or action parameter crosses the interface, with @p4runtime_translation.

- No translation: an unsigned number of the P4 width.
- To a number (`sdn_bitwidth`): the same number, in another width; it must fit both.
- To a string (`sdn_string`): a string that is a decimal number stands for that number; any other string is given a
  number from the upper half of the width, the same one wherever the same translation is named.
"""

from dataclasses import dataclass, field
from typing import Protocol

from finsy.proto import p4t

from switch.p4runtime.bytestring import byte_count, canonical, show, to_fixed
from switch.p4runtime.errors import exhausted, invalid, out_of_range


class Value(Protocol):
    """One value: `encode` gives exactly ceil(width/8) bytes for the engine, `decode` the client's form of them."""

    @property
    def width(self) -> int:
        """Bits in the data plane."""
        ...

    def encode(self, value: bytes) -> bytes:
        """The engine's bytes; raises OUT_OF_RANGE or INVALID_ARGUMENT."""
        ...

    def decode(self, data: bytes) -> bytes:
        """The client's bytes."""
        ...


@dataclass(frozen=True)
class Number:
    """A number that is the same on both sides; `sdn_width` is the width that clients see."""

    width: int
    sdn_width: int

    def encode(self, value: bytes) -> bytes:
        """The number in the engine's width."""
        if self.sdn_width == self.width:
            return to_fixed(value, self.width)
        fixed = canonical(to_fixed(value, self.sdn_width))
        if int.from_bytes(fixed, "big") >> self.width:
            raise out_of_range(
                f"{show(fixed)} fits the {self.sdn_width} bits of the translated type,"
                f" but the data plane has {self.width} bits"
            )
        return fixed.rjust(byte_count(self.width), b"\0")

    def decode(self, data: bytes) -> bytes:
        """The shortest form."""
        return data.lstrip(b"\0") or b"\0"


@dataclass
class StringPool:
    """The numbers that the strings of one translation were given."""

    uri: str
    numbers: dict[str, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def number(self, name: str, width: int) -> int:
        """The number of a string, allocated on first use."""
        if name.isascii() and name.isdecimal() and (name == "0" or name[0] != "0"):
            return _fits(name, width)
        known = self.numbers.get(name)
        if known is not None:
            return known
        # The numbers at the top have meanings of their own (drop port, CPU port).
        number, limit = (1 << width >> 1) + len(self.names), (1 << width) - (16 if width > 5 else 0)
        if number >= limit:
            raise exhausted(f"all {len(self.names)} numbers of translation {self.uri!r} are given to strings")
        self.numbers[name], self.names[number] = number, name
        return number

    def name(self, number: int) -> str:
        """The string of a number."""
        return self.names.get(number) or str(number)


def _fits(text: str, width: int) -> int:
    if len(text) > len(str(1 << width)) or int(text) >> width:
        raise out_of_range(f"{text[:40]} does not fit the {width} bits of the data plane")
    return int(text)


@dataclass(frozen=True)
class Text:
    """A string on the client's side, a number in the data plane."""

    width: int
    pool: StringPool

    def encode(self, value: bytes) -> bytes:
        """The number of the string in the engine's width."""
        try:
            name = value.decode()
        except UnicodeDecodeError as error:
            raise invalid(f"{show(value)} is not UTF-8; translation {self.pool.uri!r} is to a string") from error
        if not name:
            raise invalid(f"the string is empty; translation {self.pool.uri!r} has no empty string")
        number = self.pool.number(name, self.width)
        if number >> self.width:
            raise out_of_range(f"{name!r} has number {number}, which does not fit {self.width} bits")
        return number.to_bytes(byte_count(self.width), "big")

    def decode(self, data: bytes) -> bytes:
        """The string."""
        return self.pool.name(int.from_bytes(data, "big")).encode()


class Translator:
    """Makes the values of one pipeline; strings of one URI share their numbers."""

    def __init__(self, info: p4t.P4TypeInfo):
        self._info = info
        self._pools: dict[str, StringPool] = {}

    def value(self, type_name: str, sdn_width: int, width: int) -> Value:
        """The value of a field with P4Info's type name (or "") and width, and the data plane's width."""
        translation = self._translation(type_name)
        kind = translation.WhichOneof("sdn_type") if translation is not None else None
        if kind == "sdn_string":
            uri = translation.uri if translation is not None else ""
            return Text(width, self._pools.setdefault(uri, StringPool(uri)))
        if kind == "sdn_bitwidth" and translation is not None:
            return Number(width, translation.sdn_bitwidth or width)
        if sdn_width not in (0, width):  # compilers leave out the width of enum and error
            raise invalid(f"P4Info says {sdn_width} bits, the program {width}")
        return Number(width, width)

    def adopt(self, old: "Translator") -> None:
        """Takes over what strings were given before."""
        self._pools = old._pools | self._pools

    def _translation(self, type_name: str) -> p4t.P4NewTypeTranslation | None:
        if not type_name or type_name not in self._info.new_types:
            return None
        spec = self._info.new_types[type_name]
        return spec.translated_type if spec.WhichOneof("representation") == "translated_type" else None
