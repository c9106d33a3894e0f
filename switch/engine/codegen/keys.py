"""How keys lie in 64-bit words for lookups; the runtime's packing in C follows the same rule."""

from __future__ import annotations

from dataclasses import dataclass

from .numbers import constant, is_wide, round_bits
from .writer import Writer


@dataclass(frozen=True, slots=True)
class KeyPacking:
    """Byte places of key fields: up to 8 bytes never cross a word, longer ones begin a word."""

    sizes: tuple[int, ...]
    places: tuple[int, ...]
    words: int

    @classmethod
    def of(cls, widths: list[int]) -> KeyPacking:
        """The packing for fields of these widths, in order."""
        sizes = tuple((width + 7) // 8 for width in widths)
        places: list[int] = []
        at = 0
        for size in sizes:
            if size > 8 or at % 8 + size > 8:
                at = (at + 7) // 8 * 8
            places.append(at)
            at += size
        return cls(sizes, tuple(places), max((at + 7) // 8, 1))

    def initialiser(self, canonical: bytes) -> str:
        """A canonical key as the words' initialiser."""
        packed = bytearray(8 * self.words)
        offset = 0
        for size, place in zip(self.sizes, self.places, strict=True):
            packed[place : place + size] = canonical[offset : offset + size][::-1]
            offset += size
        words = [int.from_bytes(packed[i : i + 8], "little") for i in range(0, len(packed), 8)]
        return "{" + ", ".join(constant(word, 64) for word in words) + "}"


def pack_words(out: Writer, name: str, parts: list[tuple[str, int]], packing: KeyPacking) -> None:
    """Declares `uint64_t name[]` holding the parts: C texts with their widths, in their own representation."""
    words: list[list[str]] = [[] for _ in range(packing.words)]
    for (text, width), place in zip(parts, packing.places, strict=True):
        word, shift = place // 8, place % 8 * 8
        if width <= 64:
            words[word].append(f"(uint64_t){text}" + (f" << {shift}" if shift else ""))
            continue
        for index in range(round_bits(width) // 64):
            if is_wide(width):
                words[word + index].append(f"{text}[{index}]")
            else:
                words[word + index].append(f"(uint64_t)({text} >> {64 * index})")
    with_values = ", ".join(" | ".join(f"({p})" for p in word) if word else "0" for word in words)
    out.line(f"const uint64_t {name}[{packing.words}] = {{{with_values}}};")
