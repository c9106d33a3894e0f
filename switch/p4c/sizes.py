"""How many bits a value of a type takes in a packet."""

from __future__ import annotations

from switch.p4c.typesys import BOOL, Bits, Enum, NewType, Stack, Struct, Tuple, Type, Varbit


def size_in_bits(type_: Type, *, largest: bool = True) -> int | None:
    """The size of a value; of a varbit the largest or the smallest. None if the type has none."""
    match type_:
        case Bits(width=width):
            return width
        case Varbit(width=width):
            return width if largest else 0
        case Enum(base=base) if base is not None:
            return size_in_bits(base, largest=largest)
        case NewType(base=base):
            return size_in_bits(base, largest=largest)
        case Stack(element=element, size=count):
            one = size_in_bits(element, largest=largest)
            return None if one is None else one * count
        case Struct():
            return _combine([f.type for f in type_.fields], type_.kind == "header_union", largest=largest)
        case Tuple(elements=elements):
            return _combine(list(elements), union=False, largest=largest)
        case _:
            return 1 if type_ == BOOL else None


def _combine(parts: list[Type], union: bool, *, largest: bool) -> int | None:
    sizes: list[int] = []
    for part in parts:
        size = size_in_bits(part, largest=largest)
        if size is None:
            return None
        sizes.append(size)
    if union:
        return (max if largest else min)(sizes, default=0)
    return sum(sizes)
