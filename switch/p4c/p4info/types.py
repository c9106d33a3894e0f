"""Types as P4Info describes them, and the type_info that collects what has a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from finsy.proto import p4t

from switch.p4c import tree, typesys
from switch.p4c.p4info.annotations import add_annotations, find, literal, text_of
from switch.p4c.source import NOWHERE, Diagnostics

TRANSLATION = "p4runtime_translation"


def shown_name(type_: Any) -> str:
    """The control plane's name of a named type: @name, or its own."""
    decl = getattr(type_, "decl", None)
    given = text_of(decl.annotations, "name") if decl is not None else None
    return given.removeprefix(".") if given else type_.name


class TypeInfo:
    """Converts types; named ones are entered in `info` on the way."""

    def __init__(self, info: p4t.P4TypeInfo, errors: list[str], diagnostics: Diagnostics) -> None:
        self.info = info
        self.errors = errors
        self.diagnostics = diagnostics
        self._handlers: dict[type[typesys.Type], Callable[[Any], p4t.P4DataTypeSpec]] = {
            typesys.Bits: self._bits, typesys.Varbit: self._varbit, typesys.Simple: self._simple,
            typesys.NewType: self._new_type, typesys.Tuple: self._tuple, typesys.Stack: self._stack,
            typesys.Struct: self._struct, typesys.Enum: self._enum,
        }  # fmt: skip

    def spec(self, type_: typesys.Type) -> p4t.P4DataTypeSpec:
        """The description of a type where it is used."""
        handler = self._handlers.get(type(type_))
        if handler is None:
            self.diagnostics.unsupported(NOWHERE, f"type {type_} cannot be described in P4Info")
            return p4t.P4DataTypeSpec()
        return handler(type_)

    def describe(self, message: Any, type_: typesys.Type) -> None:
        """Sets type_name where the type is a new type, and enters the type."""
        self.spec(type_)
        if isinstance(type_, typesys.NewType):
            message.type_name.name = shown_name(type_)

    def _bits(self, type_: typesys.Bits) -> p4t.P4DataTypeSpec:
        spec = p4t.P4DataTypeSpec()
        target = spec.bitstring.int if type_.signed else spec.bitstring.bit
        target.bitwidth = type_.width
        return spec

    def _varbit(self, type_: typesys.Varbit) -> p4t.P4DataTypeSpec:
        spec = p4t.P4DataTypeSpec()
        spec.bitstring.varbit.max_bitwidth = type_.width
        return spec

    def _simple(self, type_: typesys.Simple) -> p4t.P4DataTypeSpec:
        spec = p4t.P4DataTypeSpec()
        if type_ == typesys.BOOL:
            spec.bool.SetInParent()
        elif type_ == typesys.ERROR:
            spec.error.SetInParent()
            if not self.info.HasField("error"):
                self.info.error.members.extend(self.errors)
        else:
            self.diagnostics.unsupported(NOWHERE, f"type {type_} cannot be described in P4Info")
        return spec

    def _tuple(self, type_: typesys.Tuple) -> p4t.P4DataTypeSpec:
        spec = p4t.P4DataTypeSpec()
        spec.tuple.SetInParent()
        for element in type_.elements:
            spec.tuple.members.append(self.spec(element))
        return spec

    def _stack(self, type_: typesys.Stack) -> p4t.P4DataTypeSpec:
        spec = p4t.P4DataTypeSpec()
        element = self.spec(type_.element)
        if element.HasField("header_union"):
            spec.header_union_stack.header_union.CopyFrom(element.header_union)
            spec.header_union_stack.size = type_.size
        else:
            spec.header_stack.header.CopyFrom(element.header)
            spec.header_stack.size = type_.size
        return spec

    # --- types with a name --------------------------------------------------------------------------------------------

    def _new_type(self, type_: typesys.NewType) -> p4t.P4DataTypeSpec:
        name = shown_name(type_)
        spec = p4t.P4DataTypeSpec()
        spec.new_type.name = name
        if name in self.info.new_types:
            return spec
        base: typesys.Type = type_.base
        while isinstance(base, typesys.NewType):
            base = base.base
        base_spec = self.spec(base)
        entry = self.info.new_types[name]
        translation = translation_of(type_)
        annotations = type_.decl.annotations if type_.decl is not None else []
        add_annotations(entry, annotations, self.diagnostics, skip=lambda each: each == TRANSLATION)
        if translation is None:
            entry.original_type.CopyFrom(base_spec)
            return spec
        uri, width = translation
        if not isinstance(base, typesys.Bits) or base.signed:
            span = type_.decl.span if type_.decl is not None else NOWHERE
            self.diagnostics.error(span, f"@{TRANSLATION} needs a type made from bit<W>, not from {base}")
        entry.translated_type.uri = uri
        if width:
            entry.translated_type.sdn_bitwidth = width
        else:
            entry.translated_type.sdn_string.SetInParent()
        return spec

    def _struct(self, type_: typesys.Struct) -> p4t.P4DataTypeSpec:
        enter = {"struct": self._plain_struct, "header": self._header, "header_union": self._union}
        return enter[type_.kind](type_)

    def _plain_struct(self, type_: typesys.Struct) -> p4t.P4DataTypeSpec:
        name = shown_name(type_)
        spec = p4t.P4DataTypeSpec()
        spec.struct.name = name
        if name not in self.info.structs:
            members = [(field_name(type_, f), self.spec(f.type)) for f in type_.fields]
            entry = self.info.structs[name]
            for member, member_spec in members:
                entry.members.add(name=member).type_spec.CopyFrom(member_spec)
        return spec

    def _header(self, type_: typesys.Struct) -> p4t.P4DataTypeSpec:
        name = shown_name(type_)
        spec = p4t.P4DataTypeSpec()
        spec.header.name = name
        if name not in self.info.headers:
            entry = self.info.headers[name]
            for member, member_type in flattened(type_):
                member_spec = self.spec(member_type)
                entry.members.add(name=member).type_spec.CopyFrom(member_spec.bitstring)
        return spec

    def _union(self, type_: typesys.Struct) -> p4t.P4DataTypeSpec:
        name = shown_name(type_)
        spec = p4t.P4DataTypeSpec()
        spec.header_union.name = name
        if name not in self.info.header_unions:
            members = [(field_name(type_, f), self.spec(f.type)) for f in type_.fields]
            entry = self.info.header_unions[name]
            for member, member_spec in members:
                entry.members.add(name=member).header.CopyFrom(member_spec.header)
        return spec

    def _enum(self, type_: typesys.Enum) -> p4t.P4DataTypeSpec:
        name = shown_name(type_)
        spec = p4t.P4DataTypeSpec()
        if type_.base is None:
            spec.enum.name = name
            if name not in self.info.enums:
                entry = self.info.enums[name]
                for member in type_.members:
                    entry.members.add(name=member)
            return spec
        spec.serializable_enum.name = name
        if name not in self.info.serializable_enums:
            self._serializable(self.info.serializable_enums[name], type_)
        return spec

    def _serializable(self, entry: p4t.P4SerializableEnumTypeSpec, type_: typesys.Enum) -> None:
        width = bit_width(type_)
        entry.underlying_type.bitwidth = width
        for member in type_.decl.members if type_.decl is not None else []:
            value = member_number(member)
            entry.members.add(name=member.name, value=to_bytes(value, width))


def member_number(member: tree.EnumMember) -> int:
    """The number of a serializable enum's member."""
    value = member.value
    if isinstance(value, typesys.EnumValue):
        value = value.number
    if value is None and member.init is not None:
        found = literal(member.init)
        value = found if isinstance(found, int) else None
    return value if isinstance(value, int) else 0


def flattened(type_: typesys.Struct, prefix: str = "") -> list[tuple[str, typesys.Type]]:
    """A header's fields with those of structs inside it, named by their paths."""
    result: list[tuple[str, typesys.Type]] = []
    for item in type_.fields:
        if isinstance(item.type, typesys.Struct):
            result += flattened(item.type, f"{prefix}{item.name}.")
        else:
            result.append((prefix + item.name if prefix else field_name(type_, item), item.type))
    return result


def field_name(owner: typesys.Struct, item: typesys.StructField) -> str:
    """A field's name for the control plane."""
    declared = owner.decl.fields if owner.decl is not None else []
    decl = next((f for f in declared if f.name == item.name), None)
    return (text_of(decl.annotations, "name") if decl is not None else None) or item.name


def translation_of(type_: typesys.Type) -> tuple[str, int] | None:
    """URI and width that @p4runtime_translation gives a new type for the control plane; width 0 means string."""
    decl = getattr(type_, "decl", None)
    annotation = find(decl.annotations, TRANSLATION) if decl is not None else None
    if annotation is None or not annotation.tokens:
        return None
    uri = annotation.tokens[0].strip('"')
    digits = [token for token in annotation.tokens[1:] if token[:1].isdigit()]
    return uri, int(digits[0], 0) if digits else 0


def bit_width(type_: typesys.Type) -> int:
    """The width that P4Runtime gives values of a type; 0 for strings."""
    translation = translation_of(type_)
    return translation[1] if translation is not None else storage_width(type_)


def storage_width(type_: typesys.Type) -> int:
    """The bits of a scalar type; 0 where it has no width of its own (error, plain enums)."""
    if isinstance(type_, typesys.Bits | typesys.Varbit):
        return type_.width
    if isinstance(type_, typesys.NewType):
        return storage_width(type_.base)
    if isinstance(type_, typesys.Enum):
        return storage_width(type_.base) if type_.base is not None else 0
    return 1 if type_ == typesys.BOOL else 0


def to_bytes(value: int, width: int) -> bytes:
    """A value as the bytes of its width, big endian."""
    size = max(1, (width + 7) // 8)
    return (value & ((1 << 8 * size) - 1)).to_bytes(size, "big")
