"""Header types, header instances, stacks and unions, as the JSON declares them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .jsonpath import Json, unique

MAX_FIELD_BITS = 1 << 16
MAX_STACK = 4096
VALID_FIELD = "$valid$"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field of a header type; a varbit's width is its largest, in bits."""

    name: str
    width: int
    signed: bool = False
    saturating: bool = False
    varbit: bool = False


@dataclass(frozen=True, slots=True)
class HeaderType:
    """A header type; `max_bytes` bounds the whole header where it has a varbit (else 0)."""

    name: str
    fields: tuple[FieldSpec, ...]
    max_bytes: int = 0
    length: Json | None = field(default=None, compare=False)

    @property
    def fixed_bits(self) -> int:
        """Bits of all fields but the varbit."""
        return sum(f.width for f in self.fields if not f.varbit)

    @property
    def varbit(self) -> FieldSpec | None:
        """The variable-length field, if there is one."""
        return next((f for f in self.fields if f.varbit), None)

    def field(self, name: str) -> FieldSpec | None:
        """The field of that name."""
        return next((f for f in self.fields if f.name == name), None)


@dataclass(frozen=True, slots=True)
class HeaderSpec:
    """A header or metadata instance."""

    name: str
    id: int
    type: HeaderType
    metadata: bool


@dataclass(frozen=True, slots=True)
class StackSpec:
    """A header stack and its elements in order."""

    name: str
    type: HeaderType
    headers: tuple[HeaderSpec, ...]


@dataclass(frozen=True, slots=True)
class UnionType:
    """A header union type: member names and their header types."""

    name: str
    members: tuple[tuple[str, HeaderType], ...]


@dataclass(frozen=True, slots=True)
class UnionSpec:
    """A header union instance and its member headers in order."""

    name: str
    id: int
    type: UnionType
    headers: tuple[HeaderSpec, ...]


@dataclass(frozen=True, slots=True)
class UnionStackSpec:
    """A stack of header unions."""

    name: str
    type: UnionType
    unions: tuple[UnionSpec, ...]


@dataclass(frozen=True, slots=True)
class HeaderSpace:
    """All headers of a program, by name."""

    types: dict[str, HeaderType]
    headers: dict[str, HeaderSpec]
    stacks: dict[str, StackSpec]
    unions: dict[str, UnionSpec]
    union_stacks: dict[str, UnionStackSpec]

    def header(self, where: Json) -> HeaderSpec:
        """The header that `where` names."""
        name = where.text()
        if name not in self.headers:
            raise where.fail(f"no header {name!r}")
        return self.headers[name]

    def stack(self, where: Json) -> StackSpec:
        """The header stack that `where` names."""
        name = where.text()
        if name not in self.stacks:
            raise where.fail(f"no header stack {name!r}")
        return self.stacks[name]

    def union(self, where: Json) -> UnionSpec:
        """The header union that `where` names."""
        name = where.text()
        if name not in self.unions:
            raise where.fail(f"no header union {name!r}")
        return self.unions[name]

    def union_stack(self, where: Json) -> UnionStackSpec:
        """The header union stack that `where` names."""
        name = where.text()
        if name not in self.union_stacks:
            raise where.fail(f"no header union stack {name!r}")
        return self.union_stacks[name]


def field_of(kind: HeaderType, where: Json) -> FieldSpec:
    """The field of `kind` that `where` names; `$valid$` is a field of every header."""
    name = where.text()
    if name == VALID_FIELD:
        return FieldSpec(VALID_FIELD, 1)
    found = kind.field(name)
    if found is None:
        raise where.fail(f"header type {kind.name!r} has no field {name!r}")
    return found


def read_headers(root: Json) -> HeaderSpace:
    """Reads header_types, headers, header_stacks and the unions."""
    types = unique([_read_type(item) for item in root.items("header_types")])
    headers = unique([_read_header(item, types) for item in root.items("headers")])
    by_id: dict[int, HeaderSpec] = {}
    for spec, where in zip(headers.values(), root.items("headers"), strict=True):
        if by_id.setdefault(spec.id, spec) is not spec:
            raise where.fail(f"the id {spec.id} is taken")
    owned: set[int] = set()
    stacks = unique([_read_stack(item, types, by_id, owned) for item in root.items("header_stacks")])
    union_types = unique([_read_union_type(item, types) for item in root.items("header_union_types")])
    unions = unique([_read_union(item, union_types, by_id, owned) for item in root.items("header_unions")])
    union_by_id = {union.id: union for union in unions.values()}
    stacked: set[int] = set()
    union_stacks = unique(
        [_read_union_stack(item, union_types, union_by_id, stacked) for item in root.items("header_union_stacks")]
    )
    return HeaderSpace(types, headers, stacks, unions, union_stacks)


def _read_type(where: Json) -> tuple[str, HeaderType, Json]:
    name = where["name"].text()
    fields = [_read_field(item) for item in where.items("fields")]
    limit = where.get("max_length")
    fixed = sum(f.width for f in fields)
    varbits = [f for f in fields if f.varbit]
    if len(varbits) > 1:
        raise where.fail("more than one variable-length field")
    if len({f.name for f in fields}) != len(fields):
        raise where.fail("two fields of one name")
    max_bytes = 0
    if varbits:
        max_bytes = where["max_length"].number(0, MAX_FIELD_BITS // 8) if limit is not None else fixed // 8 + 256
        room = max(max_bytes * 8 - fixed, 0)
        fields = [FieldSpec(f.name, room, f.signed, f.saturating, True) if f.varbit else f for f in fields]
    return name, HeaderType(name, tuple(fields), max_bytes, where.get("length_exp")), where


def _read_field(where: Json) -> FieldSpec:
    items = where.items()
    if not 2 <= len(items) <= 4:
        raise where.fail("expected [name, width], perhaps with signed and saturating")
    signed = len(items) > 2 and _flag(items[2])
    saturating = len(items) > 3 and _flag(items[3])
    if items[1].value == "*":
        return FieldSpec(items[0].text(), 0, signed, saturating, varbit=True)
    width = items[1].number(1, MAX_FIELD_BITS)
    return FieldSpec(items[0].text(), width, signed, saturating)


def _flag(where: Json) -> bool:
    """A boolean; p4c also writes 0 and 1."""
    return bool(where.number(0, 1)) if type(where.value) is int else where.truth()


def _read_header(where: Json, types: dict[str, HeaderType]) -> tuple[str, HeaderSpec, Json]:
    name = where["name"].text()
    kind = _named(types, where["header_type"], "header type")
    metadata = where["metadata"].truth()
    if not metadata and kind.fixed_bits % 8:
        raise where.fail(f"header type {kind.name!r} is not a whole number of bytes")
    return name, HeaderSpec(name, where["id"].number(), kind, metadata), where


def _named(table: dict, where: Json, noun: str):
    name = where.text()
    if name not in table:
        raise where.fail(f"no {noun} {name!r}")
    return table[name]


def _by_id(where: Json, known: dict, owned: set[int], noun: str):
    number = where.number()
    if number not in known:
        raise where.fail(f"no {noun} with id {number}")
    if number in owned:
        raise where.fail(f"the {noun} with id {number} belongs to another stack or union")
    owned.add(number)
    return known[number]


def _read_stack(
    where: Json, types: dict[str, HeaderType], by_id: dict[int, HeaderSpec], owned: set[int]
) -> tuple[str, StackSpec, Json]:
    kind: HeaderType = _named(types, where["header_type"], "header type")
    headers = tuple(_by_id(item, by_id, owned, "header") for item in where.items("header_ids"))
    if not 0 < len(headers) <= MAX_STACK:
        raise where.fail("a stack needs at least one element")
    if any(header.type is not kind or header.metadata for header in headers):
        raise where.fail("an element's header type is not the stack's")
    return where["name"].text(), StackSpec(where["name"].text(), kind, headers), where


def _read_union_type(where: Json, types: dict[str, HeaderType]) -> tuple[str, UnionType, Json]:
    members = []
    for item in where.items("headers"):
        name, kind = item.exactly(2)
        members.append((name.text(), _named(types, kind, "header type")))
    return where["name"].text(), UnionType(where["name"].text(), tuple(members)), where


def _read_union(
    where: Json, types: dict[str, UnionType], by_id: dict[int, HeaderSpec], owned: set[int]
) -> tuple[str, UnionSpec, Json]:
    kind: UnionType = _named(types, where["union_type"], "header union type")
    headers = tuple(_by_id(item, by_id, owned, "header") for item in where.items("header_ids"))
    if [header.type for header in headers] != [member[1] for member in kind.members]:
        raise where.fail("the headers are not those of the union type")
    return where["name"].text(), UnionSpec(where["name"].text(), where["id"].number(), kind, headers), where


def _read_union_stack(
    where: Json, types: dict[str, UnionType], by_id: dict[int, UnionSpec], owned: set[int]
) -> tuple[str, UnionStackSpec, Json]:
    kind: UnionType = _named(types, where["union_type"], "header union type")
    unions = tuple(_by_id(item, by_id, owned, "header union") for item in where.items("header_union_ids"))
    if not 0 < len(unions) <= MAX_STACK or any(union.type is not kind for union in unions):
        raise where.fail("a union stack needs elements of its type")
    return where["name"].text(), UnionStackSpec(where["name"].text(), kind, unions), where
