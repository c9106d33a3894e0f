"""How numbers are represented in C: native words where they fit, arrays of words where they do not."""

from __future__ import annotations

from dataclasses import dataclass


def round_bits(bits: int) -> int:
    """The size of the smallest representation with that many bits: 64, 128, or a multiple of 64."""
    return 64 if bits <= 64 else (bits + 63) // 64 * 64


def bits_for(low: int, high: int) -> int:
    """The size of the smallest representation for all of low..high, signed where low is negative."""
    if low >= 0:
        return round_bits(high.bit_length())
    return round_bits(max((-low - 1).bit_length(), high.bit_length()) + 1)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and greatest value an expression can have."""

    low: int
    high: int

    @property
    def signed(self) -> bool:
        """Whether a negative value is possible."""
        return self.low < 0

    @property
    def size(self) -> int:
        """Bits of the representation that holds every value."""
        return bits_for(self.low, self.high)

    def within(self, width: int) -> bool:
        """Whether every value is an unsigned number of `width` bits."""
        return self.low >= 0 and self.high < 1 << width


def unsigned_type(size: int) -> str:
    """The C type of `size` (64 or 128) bits."""
    return "uint64_t" if size == 64 else "p4_u128"


def signed_type(size: int) -> str:
    """The signed C type of `size` (64 or 128) bits."""
    return "int64_t" if size == 64 else "p4_i128"


def constant(value: int, size: int) -> str:
    """`value` modulo 2^size as a C constant of 64 or 128 bits."""
    value &= (1 << size) - 1
    if size == 64:
        return f"UINT64_C({value:#x})" if value > 9 else f"UINT64_C({value})"
    high, low = value >> 64, value & (1 << 64) - 1
    return f"((p4_u128)UINT64_C({high:#x}) << 64 | UINT64_C({low:#x}))"


def word_list(value: int, size: int) -> str:
    """`value` modulo 2^size as an initialiser of 64-bit words."""
    value &= (1 << size) - 1
    return "{" + ", ".join(f"UINT64_C({value >> shift & (1 << 64) - 1:#x})" for shift in range(0, size, 64)) + "}"


def storage_type(width: int) -> str:
    """The C type a field or parameter of `width` (up to 128) bits is kept in."""
    for size in (8, 16, 32, 64):
        if width <= size:
            return f"uint{size}_t"
    return "p4_u128"


def storage_bytes(width: int) -> int:
    """Bytes of memory for a field, parameter or register cell of `width` bits."""
    for size in (1, 2, 4, 8, 16):
        if width <= 8 * size:
            return size
    return (width + 63) // 64 * 8


def is_wide(width: int) -> bool:
    """Whether numbers of `width` bits are arrays of words."""
    return width > 128
