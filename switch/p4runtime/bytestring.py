"""Values as P4Runtime writes them: big-endian byte strings, shortest form on the way out, any length on the way in."""

from switch.p4runtime.errors import P4RuntimeError, out_of_range


def byte_count(width: int) -> int:
    """Bytes that hold `width` bits."""
    return (width + 7) // 8


def show(value: bytes) -> str:
    """A value for an error message: hexadecimal, cut when long."""
    text = value.hex()
    return "an empty byte string" if not text else "0x" + (text if len(text) <= 64 else text[:64] + "...")


def _too_wide(value: bytes, width: int) -> P4RuntimeError:
    if not value:
        return out_of_range(f"the value is an empty byte string; {width} bits are expected, zero is written as 0x00")
    number = int.from_bytes(value, "big")
    return out_of_range(
        f"{show(value)} needs {number.bit_length()} bits, {width} are allowed (at most {hex((1 << width) - 1)})"
    )


def to_fixed(value: bytes, width: int) -> bytes:
    """An unsigned value as exactly ceil(width/8) bytes; raises OUT_OF_RANGE when it is empty or does not fit."""
    size = (width + 7) >> 3
    if len(value) > size:
        value = value.lstrip(b"\0") or b"\0"
    spare = width & 7
    if not value or len(value) > size or (spare and len(value) == size and value[0] >> spare):
        raise _too_wide(value, width)
    return value.rjust(size, b"\0")


def canonical(value: bytes) -> bytes:
    """The shortest byte string of the same unsigned value."""
    return value.lstrip(b"\0") or b"\0"


def from_int(value: int) -> bytes:
    """The shortest byte string of a number that is not negative."""
    return value.to_bytes(max(1, (value.bit_length() + 7) >> 3), "big")


def to_int(value: bytes, width: int) -> int:
    """An unsigned value as a number; raises OUT_OF_RANGE when it is empty or does not fit."""
    return int.from_bytes(to_fixed(value, width), "big")


def signed_from_int(value: int) -> bytes:
    """The shortest two's complement byte string of a number."""
    bits = (value if value >= 0 else ~value).bit_length() + 1
    return value.to_bytes((bits + 7) >> 3, "big", signed=True)


def signed_to_int(value: bytes, width: int) -> int:
    """A two's complement value as a number; raises OUT_OF_RANGE when it is empty or does not fit int<width>."""
    if not value:
        raise _too_wide(value, width)
    number = int.from_bytes(value, "big", signed=True)
    if not -(1 << (width - 1)) <= number < 1 << (width - 1):
        low, high = -(1 << (width - 1)), (1 << (width - 1)) - 1
        raise out_of_range(f"{show(value)} is {number}, int<{width}> holds {low} to {high}")
    return number
