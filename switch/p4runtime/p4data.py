"""P4 types as P4Info describes them, and values of them as `P4Data`; used by registers and digests.

A value is a flat list of unsigned numbers, one for each leaf (bit, int, bool, serializable enum) in declaration order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from finsy.proto import p4d, p4t

from switch.p4runtime.bytestring import from_int, signed_from_int, signed_to_int, to_int
from switch.p4runtime.errors import invalid, unimplemented

_STRUCT_LIKE = ("struct", "tuple")


@dataclass(frozen=True)
class Leaf:
    """A number of `width` bits; `form` is the P4Data field that carries it; `names` those of an enum or error."""

    width: int
    signed: bool = False
    form: str = "bitstring"
    names: tuple[tuple[int, str], ...] = ()

    def leaves(self) -> list["Leaf"]:
        """This leaf alone."""
        return [self]

    def encode(self, numbers: Iterator[int]) -> p4d.P4Data:
        """The next number as P4Data."""
        number = next(numbers)
        if self.names:
            name = dict(self.names).get(number, str(number))
            return p4d.P4Data(error=name) if self.form == "error" else p4d.P4Data(enum=name)
        number &= (1 << self.width) - 1
        if self.form == "bool":
            return p4d.P4Data(bool=bool(number))
        if self.signed:
            negative = number >> (self.width - 1)
            value = signed_from_int(number - (1 << self.width) if negative else number)
        else:
            value = from_int(number)
        return p4d.P4Data(enum_value=value) if self.form == "enum_value" else p4d.P4Data(bitstring=value)

    def decode(self, data: p4d.P4Data) -> list[int]:
        """The number in P4Data; INVALID_ARGUMENT when it is of another form."""
        form = data.WhichOneof("data")
        if form != self.form:
            raise invalid(f"the data is {form or 'empty'}, {self.form} of {self.width} bits is expected")
        if self.form == "bool":
            return [int(data.bool)]
        if self.names:
            return [self._number(getattr(data, self.form))]
        value: bytes = getattr(data, self.form)
        if self.signed:
            return [signed_to_int(value, self.width) & ((1 << self.width) - 1)]
        return [to_int(value, self.width)]

    def _number(self, name: str) -> int:
        for number, known in self.names:
            if known == name:
                return number
        raise invalid(f"{name[:80]!r} is not a member of the {self.form}")


@dataclass(frozen=True)
class Group:
    """A struct, tuple or header of other types."""

    form: str
    members: tuple["Leaf | Group", ...]

    def leaves(self) -> list[Leaf]:
        """All leaves in order."""
        return [leaf for member in self.members for leaf in member.leaves()]

    def encode(self, numbers: Iterator[int]) -> p4d.P4Data:
        """The next numbers as P4Data."""
        data = [member.encode(numbers) for member in self.members]
        if self.form == "header":
            return p4d.P4Data(header=p4d.P4Header(is_valid=True, bitstrings=[d.bitstring for d in data]))
        like = p4d.P4StructLike(members=data)
        return p4d.P4Data(struct=like) if self.form == "struct" else p4d.P4Data(tuple=like)

    def decode(self, data: p4d.P4Data) -> list[int]:
        """All numbers in P4Data; INVALID_ARGUMENT when the form differs."""
        form = data.WhichOneof("data")
        if form != self.form:
            raise invalid(f"the data is {form or 'empty'}, a {self.form} of {len(self.members)} members is expected")
        if form == "header":
            given: Sequence[p4d.P4Data] = [p4d.P4Data(bitstring=b) for b in data.header.bitstrings]
        else:
            given = data.struct.members if form == "struct" else data.tuple.members
        if len(given) != len(self.members):
            raise invalid(f"the {self.form} has {len(given)} members, {len(self.members)} are expected")
        return [number for member, item in zip(self.members, given, strict=True) for number in member.decode(item)]


Shape = Leaf | Group


def shape_of(spec: p4t.P4DataTypeSpec, info: p4t.P4TypeInfo, errors: Mapping[str, int], depth: int = 0) -> Shape:
    """The shape of a P4Info type; `errors` are the program's. INVALID_ARGUMENT or UNIMPLEMENTED when there is none."""
    if depth > 32:
        raise invalid("the type is nested deeper than 32 levels")
    kind = spec.WhichOneof("type_spec")
    match kind:
        case "bitstring":
            return _bitstring(spec.bitstring)
        case "bool":
            return Leaf(1, form="bool")
        case "tuple":
            return Group("tuple", tuple(shape_of(m, info, errors, depth + 1) for m in spec.tuple.members))
        case "struct":
            members = _named(info.structs, spec.struct.name, "struct").members
            return Group("struct", tuple(shape_of(m.type_spec, info, errors, depth + 1) for m in members))
        case "header":
            members = _named(info.headers, spec.header.name, "header").members
            return Group("header", tuple(_bitstring(m.type_spec) for m in members))
        case "serializable_enum":
            enum = _named(info.serializable_enums, spec.serializable_enum.name, "serializable enum")
            return Leaf(_width(enum.underlying_type.bitwidth), form="enum_value")
        case "new_type":
            return _new_type(_named(info.new_types, spec.new_type.name, "type"), info, errors, depth)
        case "enum":
            members = _named(info.enums, spec.enum.name, "enum").members
            return Leaf(32, form="enum", names=tuple((i, m.name) for i, m in enumerate(members)))
        case "error":
            return Leaf(32, form="error", names=tuple((number, name) for name, number in errors.items()))
        case _:
            raise unimplemented(f"a type of the kind {kind or 'none'} cannot be used in a register or digest here")


def _width(width: int) -> int:
    if not 1 <= width <= 65536:
        raise invalid(f"a width of {width} bits is not possible")
    return width


def _bitstring(spec: p4t.P4BitstringLikeTypeSpec) -> Leaf:
    match spec.WhichOneof("type_spec"):
        case "bit":
            return Leaf(_width(spec.bit.bitwidth))
        case "int":
            return Leaf(_width(spec.int.bitwidth), signed=True)
        case kind:
            raise unimplemented(f"a bitstring of the kind {kind or 'none'} cannot be used here")


def _new_type(spec: p4t.P4NewTypeSpec, info: p4t.P4TypeInfo, errors: Mapping[str, int], depth: int) -> Shape:
    if spec.WhichOneof("representation") == "original_type":
        return shape_of(spec.original_type, info, errors, depth + 1)
    if spec.translated_type.WhichOneof("sdn_type") == "sdn_bitwidth":
        return Leaf(_width(spec.translated_type.sdn_bitwidth))
    raise unimplemented(f"translation {spec.translated_type.uri!r} to a string is not offered in registers and digests")


def _named(types, name: str, kind: str):
    if name not in types:
        raise invalid(f"P4Info does not describe the {kind} {name!r}")
    return types[name]
