"""Which types the fields of headers, header unions and structs can have."""

from __future__ import annotations

from switch.p4c.typesys import (
    BOOL,
    ERROR,
    MATCH_KIND,
    UNKNOWN,
    Bits,
    Enum,
    Stack,
    Struct,
    Tuple,
    Type,
    TypeVar,
    Varbit,
    base_of,
)


def allowed_in(kind: str, type_: Type) -> bool:
    """Whether a "header", "header_union" or "struct" can have a field of the type."""
    if isinstance(type_, TypeVar) or type_ is UNKNOWN:
        return True
    if kind == "header_union":
        return isinstance(type_, Struct) and type_.kind == "header"
    if kind == "header":
        return is_varbit(base_of(type_)) or _is_bits(type_)
    plain = base_of(type_)
    return isinstance(plain, Struct | Bits | Enum | Stack | Varbit | Tuple) or plain in (BOOL, ERROR, MATCH_KIND)


def is_varbit(type_: Type) -> bool:
    """Whether it is a varbit."""
    return isinstance(type_, Varbit)


def _is_bits(type_: Type) -> bool:
    """Whether a value is a fixed number of bits, or a struct of such."""
    while isinstance(type_, Stack):
        type_ = type_.element
    plain = base_of(type_)
    if isinstance(plain, Enum):
        return plain.base is not None
    if isinstance(plain, Struct):
        return plain.kind == "struct" and all(_is_bits(f.type) for f in plain.fields)
    return isinstance(plain, Bits | TypeVar) or plain in (BOOL, UNKNOWN)


def wrong_field(type_: Type) -> tuple[str, Type] | None:
    """The first field that a specialised struct cannot have."""
    if not isinstance(type_, Struct):
        return None
    return next(((f.name, f.type) for f in type_.fields if not allowed_in(type_.kind, f.type)), None)


def has_varbit_or_union(type_: Type) -> bool:
    """Whether the size of a value is not fixed."""
    match type_:
        case Varbit():
            return True
        case Struct(kind=kind, fields=fields):
            return kind == "header_union" or any(has_varbit_or_union(f.type) for f in fields)
        case Stack(element=element):
            return has_varbit_or_union(element)
        case Tuple(elements=elements):
            return any(map(has_varbit_or_union, elements))
        case _:
            return False
