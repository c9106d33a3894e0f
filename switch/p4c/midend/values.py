"""What an expression means during lowering: pure IR expressions, places in storage, and compile-time objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from switch.p4c import ir, tree
from switch.p4c.midend.shapes import FlatField, flat_fields, scalar_shape, strip
from switch.p4c.typesys import BOOL, Simple, Stack, Struct, Type


@dataclass(slots=True)
class Scalar:
    """Bits, a truth value, an enum or an error; a place when `expr` is an lvalue or a slice of one."""

    type: Type
    expr: ir.Expr


@dataclass(slots=True)
class Number:
    """An integer of arbitrary precision."""

    type: Type
    value: int


@dataclass(slots=True)
class Text:
    """A string."""

    type: Type
    text: str


@dataclass(slots=True)
class StructVal:
    """A struct or a tuple (fields "0", "1", ...), as the values or places of its fields."""

    type: Type
    fields: dict[str, Val]


@dataclass(slots=True)
class HeaderVal:
    """A header in storage."""

    type: Struct
    ref: ir.HeaderRef

    def field(self, name: str) -> Val:
        """The place of one field; a struct when the field is one."""
        return _gather(self, flat_fields(self.type), name)

    def leaf(self, flat: FlatField) -> Scalar:
        """The place of one flattened field."""
        width, signed, _ = scalar_shape(flat.type)
        ref = self.ref
        if ref.index is None:
            return Scalar(flat.type, ir.FieldRef(width, ref.name, flat.name, signed=signed))
        if ref.member is None:
            return Scalar(flat.type, ir.StackFieldRef(width, ref.name, ref.index, flat.name, signed=signed))
        place = ir.UnionStackFieldRef(width, ref.name, ref.index, ref.member, flat.name, signed=signed)
        return Scalar(flat.type, place)

    @property
    def valid(self) -> ir.Expr:
        """Its validity, as an expression."""
        return ir.IsValid(0, self.ref.name, self.ref.index, self.ref.member)


def _gather(header: HeaderVal, flats: tuple[FlatField, ...], name: str) -> Val:
    for flat in flats:
        if flat.path == (name,):
            return header.leaf(flat)
    kind = header.type.field_type(name)
    assert kind is not None, name
    return _nest(header, kind, (name,), {flat.path: flat for flat in flats})


def _nest(header: HeaderVal, kind: Type, path: tuple[str, ...], flats: dict[tuple[str, ...], FlatField]) -> Val:
    if path in flats:
        return header.leaf(flats[path])
    kind = strip(kind)
    if isinstance(kind, Stack):
        return ListVal(kind, [_nest(header, kind.element, (*path, f"[{i}]"), flats) for i in range(kind.size)])
    assert isinstance(kind, Struct)
    return StructVal(kind, {f.name: _nest(header, f.type, (*path, f.name), flats) for f in kind.fields})


@dataclass(slots=True)
class HeaderLit:
    """A header that is not in storage: its validity and its fields' values (none when it is certainly invalid)."""

    type: Struct
    valid: ir.Expr
    fields: dict[str, Val]


@dataclass(slots=True)
class UnionVal:
    """A header union in storage; `ref` names it, or an element of a union stack."""

    type: Struct
    ref: ir.HeaderRef

    def member(self, name: str) -> HeaderVal:
        """The header of one member."""
        kind = self.type.field_type(name)
        assert isinstance(kind, Struct)
        if self.ref.index is None:
            return HeaderVal(kind, ir.HeaderRef(f"{self.ref.name}.{name}"))
        return HeaderVal(kind, ir.HeaderRef(self.ref.name, self.ref.index, name))

    def members(self) -> Iterator[HeaderVal]:
        """All members, in order."""
        return (self.member(f.name) for f in self.type.fields)


@dataclass(slots=True)
class StackVal:
    """A stack of headers or unions in storage."""

    type: Stack
    name: str

    def element(self, index: int | ir.Expr | str) -> HeaderVal | UnionVal:
        """An element by number, by an expression, or "next" and "last"."""
        ref = ir.HeaderRef(f"{self.name}[{index}]") if isinstance(index, int) else ir.HeaderRef(self.name, index)
        kind = self.type.element
        assert isinstance(kind, Struct)
        return UnionVal(kind, ref) if kind.kind == "header_union" else HeaderVal(kind, ref)

    def elements(self) -> Iterator[HeaderVal | UnionVal]:
        """All elements, in order."""
        return (self.element(i) for i in range(self.type.size))


@dataclass(slots=True)
class ListVal:
    """A list of values: a `list<T>`, a literal stack, or the places of an array of other things than headers."""

    type: Type
    items: list[Val]


@dataclass(slots=True)
class Invalid:
    """`{#}`, or the default value of anything."""

    type: Type


@dataclass(slots=True)
class DynamicSlice:
    """`base[start +: width]` with a start that is known at run time only."""

    type: Type
    base: Scalar
    start: ir.Expr


@dataclass(slots=True)
class Chosen:
    """An element of an array that is chosen at run time, or a field of one: `items` has what each index gives."""

    type: Type
    items: list[Val]
    index: ir.Expr


@dataclass(slots=True)
class Extern:
    """An instance of an extern object. `params` are the constructor's arguments by parameter name."""

    type: Type
    kind: str
    name: str
    params: dict[str, Val]
    decl: tree.Node
    annotations: list[tree.Annotation] = field(default_factory=list)
    doc: str = ""
    methods: dict[str, tree.FunctionDecl] = field(default_factory=dict)


@dataclass(slots=True)
class Packet:
    """The packet that a parser reads or a deparser writes."""

    type: Type


@dataclass(slots=True)
class Missing:
    """The argument of an optional parameter that was left out."""

    type: Type


@dataclass(slots=True)
class TableRun:
    """The result of applying a table."""

    type: Type
    stmt: ir.ApplyTable
    table: object
    guard: list[ir.Stmt] = field(default_factory=list)  # follows the statement, or stands first in its branches


@dataclass(slots=True)
class Object:
    """An instance, table, action or value set: something with a name and no bits; see the modules that make them."""

    type: Type
    what: object


Val = (
    Scalar
    | Number
    | Text
    | StructVal
    | HeaderVal
    | HeaderLit
    | UnionVal
    | StackVal
    | ListVal
    | Invalid
    | DynamicSlice
    | Chosen
    | Extern
    | Packet
    | Missing
    | TableRun
    | Object
)

NOTHING = Missing(Simple("void"))


def boolean(expr: ir.Expr) -> Scalar:
    """A truth value."""
    return Scalar(BOOL, expr)


def parts(value: Val) -> Iterator[Scalar]:
    """The scalars of a struct, tuple, literal or header, in order of declaration."""
    match value:
        case Scalar():
            yield value
        case StructVal() | HeaderLit():
            for item in value.fields.values():
                yield from parts(item)
        case HeaderVal():
            for flat in flat_fields(value.type):
                yield value.leaf(flat)
        case ListVal():
            for item in value.items:
                yield from parts(item)
        case StackVal():
            for element in value.elements():
                yield from parts(element)
        case UnionVal():
            for member in value.members():
                yield from parts(member)
        case _:
            return
