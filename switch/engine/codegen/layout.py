"""Where everything lives: C structs for header types, and the packet's header vector (PHV)."""

from __future__ import annotations

from collections.abc import Mapping

from ..program.expressions import HeaderRef
from ..program.headers import (
    FieldSpec,
    HeaderSpace,
    HeaderSpec,
    HeaderType,
    StackSpec,
    UnionSpec,
    UnionStackSpec,
    UnionType,
)
from .names import SCALARS, Temporaries
from .numbers import is_wide, storage_bytes, storage_type
from .writer import Writer, comment, identifier


class Layout:
    """C names of types and members, and the struct definitions."""

    def __init__(self, space: HeaderSpace, temporaries: Mapping[int, Temporaries]) -> None:
        self.space = space
        self._elsewhere = {name for own in temporaries.values() for name in own}
        self._types = {name: identifier("ht", i, name) for i, name in enumerate(space.types)}
        self._fields = {
            name: {f.name: identifier("f", i, f.name) for i, f in enumerate(kind.fields)}
            for name, kind in space.types.items()
        }
        self._union_types: dict[str, str] = {}
        self._stacks = {name: identifier("s", i, name) for i, name in enumerate(space.stacks)}
        self._unions = {name: identifier("u", i, name) for i, name in enumerate(space.unions)}
        self._union_stacks = {name: identifier("us", i, name) for i, name in enumerate(space.union_stacks)}
        self._paths: dict[str, str] = {}
        self._siblings: dict[str, tuple[HeaderSpec, ...]] = {}
        self._place()

    def type_name(self, kind: HeaderType) -> str:
        """The C type of a header type, without _t."""
        return self._types[kind.name]

    def field_name(self, kind: HeaderType, field: FieldSpec) -> str:
        """The struct member of a field."""
        return self._fields[kind.name][field.name]

    def header(self, header: HeaderSpec) -> str:
        """The path of a header within the PHV."""
        return self._paths[header.name]

    def stack(self, stack: StackSpec) -> str:
        """The member of a header stack."""
        return self._stacks[stack.name]

    def union(self, union: UnionSpec) -> str:
        """The path of a header union."""
        return self._unions[union.name]

    def union_stack(self, stack: UnionStackSpec) -> str:
        """The member of a union stack."""
        return self._union_stacks[stack.name]

    def siblings(self, header: HeaderSpec) -> tuple[HeaderSpec, ...]:
        """The other members of the union the header is in."""
        return self._siblings.get(header.name, ())

    def field(self, ref: HeaderRef, field: FieldSpec) -> str:
        """The path of a field of a fixed header."""
        return f"{self.header(ref.header)}.{self.field_name(ref.header.type, field)}"

    def _place(self) -> None:
        for stack in self.space.stacks.values():
            for index, header in enumerate(stack.headers):
                self._paths[header.name] = f"{self._stacks[stack.name]}.e[{index}]"
        for stack in self.space.union_stacks.values():
            for index, union in enumerate(stack.unions):
                self._unions[union.name] = f"{self._union_stacks[stack.name]}.e[{index}]"
        for union in self.space.unions.values():
            self._union_types.setdefault(union.type.name, identifier("ut", len(self._union_types), union.type.name))
            for index, header in enumerate(union.headers):
                self._paths[header.name] = f"{self._unions[union.name]}.m{index}"
                self._siblings[header.name] = tuple(h for h in union.headers if h is not header)
        for index, header in enumerate(self.space.headers.values()):
            if header.name not in self._paths:
                name = identifier("h", index, header.name)
                self._paths[header.name] = f"meta.{name}" if header.metadata else name

    def write(self, out: Writer) -> None:
        """Writes all struct definitions, the PHV last."""
        for kind in self.space.types.values():
            self._write_type(out, kind)
        written: set[str] = set()
        for union in self.space.unions.values():
            if union.type.name not in written:
                written.add(union.type.name)
                self._write_union_type(out, union.type)
        with out.block("typedef struct p4_phv", " p4_phv_t;"):
            self._write_members(out)
        out.line()
        self._write_clear(out)

    def _write_type(self, out: Writer, kind: HeaderType) -> None:
        out.line(comment(f"header type {kind.name}"))
        with out.block(f"typedef struct {self.type_name(kind)}", f" {self.type_name(kind)}_t;"):
            fields = sorted(kind.fields, key=lambda f: (f.varbit, -min(storage_bytes(f.width), 8)))
            moved = self._elsewhere if self._holds_variables(kind) else set[str]()
            for field in fields:
                if field.name not in moved:
                    out.line(self._declare(kind, field))
            out.line("uint8_t valid;")
        out.line()

    def _holds_variables(self, kind: HeaderType) -> bool:
        scalars = self.space.headers.get(SCALARS)
        return scalars is not None and scalars.type is kind

    def on_the_wire(self, kind: HeaderType) -> bool:
        """Whether packets have headers of that type: metadata have not."""
        return any(header.type is kind and not header.metadata for header in self.space.headers.values())

    def _declare(self, kind: HeaderType, field: FieldSpec) -> str:
        name = self.field_name(kind, field)
        if field.varbit:
            return f"struct {{ uint32_t bits; uint8_t bytes[{max(field.width // 8, 1)}]; }} {name};"
        if is_wide(field.width):
            return f"uint64_t {name}[{storage_bytes(field.width) // 8}]; /* {field.width} bits */"
        return f"{storage_type(field.width)} {name}; /* {field.width} bits */"

    def _write_union_type(self, out: Writer, kind: UnionType) -> None:
        name = self._union_types[kind.name]
        with out.block(f"typedef struct {name}", f" {name}_t;"):
            for index, (_, member) in enumerate(kind.members):
                out.line(f"{self.type_name(member)}_t m{index};")
        out.line()

    def _write_members(self, out: Writer) -> None:
        """Metadata first; what holds large parts that need not be cleared for every packet last."""
        inside = self._siblings.keys() | {h.name for stack in self.space.stacks.values() for h in stack.headers}
        free = [header for header in self.space.headers.values() if header.name not in inside]
        with out.block("struct", " meta;"):
            for header in free:
                if header.metadata:
                    out.line(f"{self.type_name(header.type)}_t {self.header(header).removeprefix('meta.')};")
            out.line("uint8_t unused;")
        for header in free:
            if not header.metadata and header.type.varbit is None:
                self._write_header(out, header)
        for union in self.space.unions.values():
            if "[" not in self._unions[union.name]:
                out.line(f"{self._union_types[union.type.name]}_t {self._unions[union.name]}; {comment(union.name)}")
        stacks = sorted(self.space.stacks.values(), key=lambda stack: stack.type.varbit is not None)
        for stack in self.space.union_stacks.values():
            element = self._union_types[stack.type.name]
            self._write_stack(out, element, len(stack.unions), self._union_stacks[stack.name], stack.name)
        for stack in stacks:
            if stack.type.varbit is None:
                self._write_headers(out, stack)
        out.line("uint8_t varied[0];")
        for header in free:
            if not header.metadata and header.type.varbit is not None:
                self._write_header(out, header)
        for stack in stacks:
            if stack.type.varbit is not None:
                self._write_headers(out, stack)

    def _write_clear(self, out: Writer) -> None:
        """Writes what makes the PHV a new packet's. Bytes of varbit fields stay, beyond their length."""
        inside = {h.name for stack in self.space.stacks.values() for h in stack.headers} | self._siblings.keys()
        with out.block("static void p4_clear(p4_phv_t *phv)"):
            out.line("p4_zero(phv, offsetof(p4_phv_t, varied));")
            for header in self.space.headers.values():
                if header.name not in inside and not header.metadata and header.type.varbit is not None:
                    self._clear(out, header.type, f"phv->{self.header(header)}")
            for stack in self.space.stacks.values():
                if stack.type.varbit is not None:
                    member = f"phv->{self._stacks[stack.name]}"
                    for index in range(len(stack.headers) + 1):
                        self._clear(out, stack.type, f"{member}.e[{index}]")
                    out.line(f"{member}.next = 0;")
        out.line()

    def _clear(self, out: Writer, kind: HeaderType, place: str) -> None:
        assert kind.varbit is not None
        offset = f"offsetof({self.type_name(kind)}_t, {self.field_name(kind, kind.varbit)}.bytes)"
        out.line(f"memset(&{place}, 0, {offset});")
        out.line(f"{place}.valid = 0;")

    def _write_header(self, out: Writer, header: HeaderSpec) -> None:
        out.line(f"{self.type_name(header.type)}_t {self.header(header)}; {comment(header.name)}")

    def _write_headers(self, out: Writer, stack: StackSpec) -> None:
        """One element more than declared: where an index out of bounds leads."""
        self._write_stack(out, self.type_name(stack.type), len(stack.headers), self._stacks[stack.name], stack.name)

    def _write_stack(self, out: Writer, element: str, size: int, member: str, hint: str) -> None:
        out.line(f"struct {{ {element}_t e[{size + 1}]; uint32_t next; }} {member}; {comment(hint)}")
