"""The small JSON objects of the BMv2 format: type-value objects, hexadecimal numbers, operations."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

WRAPPED = frozenset({"expression", "stack_field"})


def hex_text(value: int, width: int = 0) -> str:
    """`0x` and hexadecimal digits, padded to the bytes of `width` bits; negative numbers get a minus sign in front."""
    digits = 2 * ((width + 7) // 8)
    return f"{'-' if value < 0 else ''}0x{abs(value):0{digits}x}"


def hexstr(value: int, width: int = 0) -> Json:
    """A number."""
    return {"type": "hexstr", "value": hex_text(value, width)}


def field(header: str, name: str) -> Json:
    """A field of a header instance."""
    return {"type": "field", "value": [header, name]}


def named(kind: str, name: str) -> Json:
    """A reference to a named object; kind is "header", "header_stack", "register_array" ..."""
    return {"type": kind, "value": name}


def operation(op: str, left: Json | None, right: Json | int, **more: Json) -> Json:
    """An operation; unary ones have left None."""
    return {"type": "expression", "value": {"op": op, "left": left, "right": right, **more}}


def masked(value: Json, width: int) -> Json:
    """value modulo 2^width, not negative."""
    ones = (1 << width) - 1
    known = _constant(value)
    if known is not None:
        return hexstr(known & ones, width)
    return operation("&", value, hexstr(ones, width))


def wrapped_signed(value: Json, width: int) -> Json:
    """value as a two's complement number of that width."""
    return operation("two_comp_mod", value, hexstr(width))


def as_parameter(value: Json) -> Json:
    """value as a parameter of a primitive, where expressions need an outer object."""
    if value["type"] == "local":
        return {"type": "runtime_data", "value": value["value"]}
    if value["type"] in WRAPPED:
        return {"type": "expression", "value": value}
    return value


def primitive(op: str, *parameters: Json) -> Json:
    """A call of a primitive; the parameters must have their outer objects already."""
    return {"op": op, "parameters": list(parameters)}


def bit_bound(value: Json, depth: int = 4) -> int | None:
    """So many bits hold the value, which is not negative; None where a short look does not tell."""
    known = _constant(value)
    if known is not None:
        return known.bit_length() if known >= 0 else None
    if value["type"] != "expression" or depth == 0:
        return None
    inner = value["value"]
    op, right = inner["op"], inner["right"]
    if op == "&":
        return min(
            (b for b in (bit_bound(right, 1), bit_bound(inner["left"], depth - 1)) if b is not None), default=None
        )
    amount = _constant(right) if op in ("<<", ">>") else None
    left = bit_bound(inner["left"], depth - 1) if amount is not None else None
    if left is None or amount is None:
        return None
    return left + amount if op == "<<" else max(0, left - amount)


def _constant(value: Json) -> int | None:
    return int(value["value"], 16) if value["type"] == "hexstr" else None
