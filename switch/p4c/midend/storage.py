"""Gives variables their place: headers, stacks, unions, and fields of the `scalars` metadata."""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import values as v
from switch.p4c.midend.effects import Unit
from switch.p4c.midend.shapes import field_def, field_types, flat_fields, is_array, is_scalar, scalar_shape, strip

SCALARS = "scalars"


@dataclass
class Storage:
    """All storage of the program so far. `homes` tells which stack or union a header belongs to (see effects)."""

    program: ir.Program
    scalars: dict[str, ir.FieldDef] = field(default_factory=dict)
    homes: dict[str, Unit] = field(default_factory=dict)
    types: dict[ts.Struct, ir.HeaderDef] = field(default_factory=dict)
    names: set[str] = field(default_factory=lambda: {SCALARS, "standard_metadata"})
    type_names: set[str] = field(default_factory=set)

    def place(self, kind: ts.Type, name: str) -> v.Val:
        """New storage for a variable; its headers' and fields' names start with `name`."""
        kind = strip(kind)
        if is_scalar(kind) and not isinstance(kind, ts.Varbit):
            return self.scalar(kind, name)
        match kind:
            case ts.Varbit():
                return self._varbit(kind, name)
            case ts.Struct(kind="header"):
                return self.header(kind, name)
            case ts.Struct(kind="header_union"):
                return self._union(kind, self.unique(name))
            case ts.Stack() if is_array(kind):
                return v.ListVal(kind, [self.place(kind.element, f"{name}[{i}]") for i in range(kind.size)])
            case ts.Stack():
                return self._stack(kind, self.unique(name))
            case ts.Struct() | ts.Tuple():
                return v.StructVal(kind, {f: self.place(t, f"{name}.{f}") for f, t in field_types(kind)})
        return v.Missing(kind)

    def unique(self, name: str) -> str:
        """The name, or the name with a number when it is taken."""
        return _claim(name, self.names)

    def scalar(self, kind: ts.Type, name: str) -> v.Scalar:
        """A new field of the scalars."""
        if name in self.scalars:
            number = 0
            while f"{name}_{number}" in self.scalars:
                number += 1
            name = f"{name}_{number}"
        self.scalars[name] = field_def(name, kind)
        width, signed, _ = scalar_shape(kind)
        return v.Scalar(kind, ir.FieldRef(width, SCALARS, name, signed=signed))

    def header_def(self, kind: ts.Struct) -> ir.HeaderDef:
        """The flattened type of a header."""
        known = self.types.get(kind)
        if known is None:
            fields = tuple(field_def(f.name, f.type) for f in flat_fields(kind))
            notes = tuple(kind.decl.annotations) if kind.decl is not None else ()
            known = ir.HeaderDef(self.type_name(kind.name), fields, notes)
            self.types[kind] = known
            self.program.header_types.append(known)
        return known

    def type_name(self, name: str) -> str:
        """A name for a type that no other has."""
        return _claim(name, self.type_names)

    def header(self, kind: ts.Struct, name: str) -> v.HeaderVal:
        """A new header."""
        return self._header(kind, self.unique(name))

    def _header(self, kind: ts.Struct, name: str) -> v.HeaderVal:
        self.program.headers.append(ir.Header(name, self.header_def(kind)))
        return v.HeaderVal(kind, ir.HeaderRef(name))

    def _varbit(self, kind: ts.Varbit, name: str) -> v.Val:
        holder = ts.Struct("header", f"varbit_{kind.width}", (), (ts.StructField("data", kind),))
        return self.header(holder, name).field("data")

    def _union(self, kind: ts.Struct, name: str) -> v.UnionVal:
        self.program.unions.append(self._make_union(kind, name, (name,)))
        return v.UnionVal(kind, ir.HeaderRef(name))

    def _make_union(self, kind: ts.Struct, name: str, unit: Unit) -> ir.HeaderUnion:
        made = ir.HeaderUnion(name, kind.name, [])
        self.homes[name] = unit
        for member in kind.fields:
            full = f"{name}.{member.name}"
            self.homes[full] = unit
            assert isinstance(member.type, ts.Struct)
            made.members.append((member.name, ir.Header(full, self.header_def(member.type))))
        return made

    def _stack(self, kind: ts.Stack, name: str) -> v.StackVal:
        element = strip(kind.element)
        assert isinstance(element, ts.Struct)
        if element.kind == "header_union":
            made = ir.UnionStack(name, element.name, [])
            for i in range(kind.size):
                made.elements.append(self._make_union(element, f"{name}[{i}]", (name, str(i))))
            self.program.union_stacks.append(made)
            return v.StackVal(kind, name)
        stack = ir.HeaderStack(name, self.header_def(element), [])
        for i in range(kind.size):
            header = ir.Header(f"{name}[{i}]", stack.type)
            self.homes[header.name] = (name, str(i))
            stack.elements.append(header)
        self.program.stacks.append(stack)
        return v.StackVal(kind, name)

    def metadata(self, kind: ts.Struct, name: str) -> v.StructVal:
        """A metadata instance of its own for a struct of scalars (standard_metadata)."""
        definition = ir.HeaderDef(
            kind.name,
            tuple(field_def(f.name, f.type) for f in kind.fields),
            tuple(kind.decl.annotations) if kind.decl else (),
        )
        self.program.header_types.append(definition)
        self.type_names.add(kind.name)
        self.program.headers.append(ir.Header(name, definition, metadata=True))
        header = v.HeaderVal(kind, ir.HeaderRef(name))
        return v.StructVal(kind, {f.name: header.field(f.name) for f in kind.fields})

    def finish(self) -> None:
        """Adds the scalars to the program."""
        definition = ir.HeaderDef(self.type_name("scalars_0"), tuple(self.scalars.values()))
        self.program.header_types.insert(0, definition)
        self.program.headers.insert(0, ir.Header(SCALARS, definition, metadata=True))


def _claim(name: str, taken: set[str]) -> str:
    number, candidate = 0, name
    while candidate in taken:
        candidate = f"{name}_{number}"
        number += 1
    taken.add(candidate)
    return candidate


def field_list_ids(annotations: list[tree.Annotation]) -> list[tree.Expr]:
    """The ids that `@field_list(...)` annotations of a field name."""
    return [item for a in annotations if a.name == "field_list" for item in a.items]
