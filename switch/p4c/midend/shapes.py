"""Types as storage sees them: widths, flattened header fields, and substitution of type parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from switch.p4c import ir
from switch.p4c import typesys as ts
from switch.p4c.typesys import Type

ENUM_WIDTH = 32  # bits of a stored enum without an underlying type
ERROR_WIDTH = 32  # bits of a stored error

Bindings = Mapping[ts.TypeVar, Type]


def strip(kind: Type) -> Type:
    """The type without the names that `type` gave it."""
    while isinstance(kind, ts.NewType):
        kind = kind.base
    return kind


def is_scalar(kind: Type) -> bool:
    """Whether values of the type fit one field: bits, bool, enum, error, varbit."""
    kind = strip(kind)
    return isinstance(kind, ts.Bits | ts.Enum | ts.Varbit) or kind in (ts.BOOL, ts.ERROR)


def scalar_shape(kind: Type) -> tuple[int, bool, str]:
    """Width of expressions of a scalar type (0: bool), whether signed, and the kind of a field that holds it."""
    kind = strip(kind)
    match kind:
        case ts.Bits():
            return kind.width, kind.signed, "bits"
        case ts.Varbit():
            return kind.width, False, "varbit"
        case ts.Enum(base=None):
            return ENUM_WIDTH, False, "enum"
        case ts.Enum(base=base) if base is not None:
            width, signed, _ = scalar_shape(base)
            return width, signed, "bits"
    if kind == ts.BOOL:
        return 0, False, "bool"
    if kind == ts.ERROR:
        return ERROR_WIDTH, False, "error"
    raise TypeError(f"not a scalar: {kind}")


def field_def(name: str, kind: Type) -> ir.FieldDef:
    """The field that holds a scalar of that type."""
    width, signed, shape = scalar_shape(kind)
    return ir.FieldDef(name, width or 1, signed, shape)


@dataclass(frozen=True, slots=True)
class FlatField:
    """One scalar inside a header; `path` is how the program reaches it, `name` what storage calls it."""

    path: tuple[str, ...]
    name: str
    type: Type


def flat_fields(kind: ts.Struct) -> tuple[FlatField, ...]:
    """The fields of a header, structs inside it flattened."""
    return tuple(_flatten(kind.fields, ()))


def _flatten(fields: tuple[ts.StructField, ...], prefix: tuple[str, ...]) -> list[FlatField]:
    out: list[FlatField] = []
    for item in fields:
        path = (*prefix, item.name)
        inner = strip(item.type)
        if isinstance(inner, ts.Struct):
            out.extend(_flatten(inner.fields, path))
        elif isinstance(inner, ts.Stack):
            cells = tuple(ts.StructField(f"[{i}]", inner.element) for i in range(inner.size))
            out.extend(_flatten(cells, path))
        else:
            out.append(FlatField(path, ".".join(path).replace(".[", "["), item.type))
    return out


def is_array(kind: Type) -> bool:
    """Whether it is an array of something else than headers and unions."""
    kind = strip(kind)
    if not isinstance(kind, ts.Stack):
        return False
    element = strip(kind.element)
    return not (isinstance(element, ts.Struct) and element.kind != "struct")


def substitute(kind: Type, bindings: Bindings) -> Type:
    """The type with type parameters replaced."""
    if not bindings:
        return kind
    match kind:
        case ts.TypeVar():
            bound = bindings.get(kind, kind)
            return bound if bound is kind else substitute(bound, bindings)
        case ts.Struct() if kind.args:
            fields = tuple(ts.StructField(f.name, substitute(f.type, bindings)) for f in kind.fields)
            return replace(kind, args=_each(kind.args, bindings), fields=fields)
        case ts.Stack() | ts.ListOf() | ts.Set():
            return replace(kind, element=substitute(kind.element, bindings))
        case ts.Tuple():
            return ts.Tuple(_each(kind.elements, bindings))
        case ts.Extern() | ts.BlockType() if kind.args:
            return replace(kind, args=_each(kind.args, bindings))
        case ts.NewType():
            return replace(kind, base=substitute(kind.base, bindings))
    return kind


def _each(kinds: tuple[Type, ...], bindings: Bindings) -> tuple[Type, ...]:
    return tuple(substitute(kind, bindings) for kind in kinds)


def bit_width(kind: Type) -> int:
    """Bits that a value of the type takes in a packet; a varbit counts with its maximum."""
    kind = strip(kind)
    match kind:
        case ts.Struct(kind="header_union"):
            return max((bit_width(f.type) for f in kind.fields), default=0)
        case ts.Struct():
            return sum(bit_width(f.type) for f in kind.fields)
        case ts.Tuple():
            return sum(bit_width(e) for e in kind.elements)
        case ts.Stack():
            return kind.size * bit_width(kind.element)
    return scalar_shape(kind)[0] or 1 if is_scalar(kind) else 0


def field_types(kind: Type) -> list[tuple[str, Type]]:
    """Names and types of the parts of a struct, header or tuple."""
    kind = strip(kind)
    if isinstance(kind, ts.Struct):
        return [(f.name, f.type) for f in kind.fields]
    if isinstance(kind, ts.Tuple):
        return [(str(i), e) for i, e in enumerate(kind.elements)]
    return []
