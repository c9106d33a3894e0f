"""The types of P4-16 as the checker knows them, and compile-time values.

Types are immutable and compare by structure, except that nominal types (headers, structs, enums ...) compare by name
and type arguments. Widths are bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switch.p4c.tree import (
        BlockTypeDecl,
        ControlDecl,
        EnumDecl,
        ExternDecl,
        Param,
        ParserDecl,
        StructDecl,
        TypedefDecl,
    )


class Type:
    """Any type."""


@dataclass(frozen=True)
class Bits(Type):
    """`bit<width>` or, signed, `int<width>`."""

    width: int
    signed: bool = False

    def __str__(self) -> str:
        return f"{'int' if self.signed else 'bit'}<{self.width}>"


@dataclass(frozen=True)
class Varbit(Type):
    """`varbit<width>`, width being the maximum."""

    width: int

    def __str__(self) -> str:
        return f"varbit<{self.width}>"


@dataclass(frozen=True)
class Simple(Type):
    """A type without parts.

    Its name is "bool", "int" (arbitrary precision), "string", "void", "error", "match_kind", "state" or "_" (anything).
    """

    name: str

    def __str__(self) -> str:
        return self.name


BOOL = Simple("bool")
INT = Simple("int")
STRING = Simple("string")
VOID = Simple("void")
ERROR = Simple("error")
MATCH_KIND = Simple("match_kind")
STATE = Simple("state")
DONT_CARE = Simple("_")
UNKNOWN = Simple("<error>")  # of what was found wrong: agrees with everything, so that one mistake is reported once


@dataclass(frozen=True)
class Enum(Type):
    """An enum; base is set for a serializable one."""

    name: str
    members: tuple[str, ...]
    base: Type | None = None
    decl: EnumDecl | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class StructField:
    """A field of a struct-like type."""

    name: str
    type: Type


@dataclass(frozen=True)
class Struct(Type):
    """kind is "header", "header_union" or "struct"; nominal: equal when name and args are."""

    kind: str
    name: str
    args: tuple[Type, ...] = ()
    fields: tuple[StructField, ...] = field(default=(), compare=False)
    decl: StructDecl | None = field(default=None, compare=False, repr=False)

    def field_type(self, name: str) -> Type | None:
        """The type of the field of that name."""
        return next((f.type for f in self.fields if f.name == name), None)

    def __str__(self) -> str:
        return self.name + (f"<{', '.join(map(str, self.args))}>" if self.args else "")


@dataclass(frozen=True)
class Stack(Type):
    """A header (or union) stack."""

    element: Type
    size: int

    def __str__(self) -> str:
        return f"{self.element}[{self.size}]"


@dataclass(frozen=True)
class Tuple(Type):
    """A tuple; also the type of a list expression `{a, b}` before it is given to something."""

    elements: tuple[Type, ...]

    def __str__(self) -> str:
        return f"tuple<{', '.join(map(str, self.elements))}>"


@dataclass(frozen=True)
class ListOf(Type):
    """`list<T>`."""

    element: Type

    def __str__(self) -> str:
        return f"list<{self.element}>"


@dataclass(frozen=True)
class Set(Type):
    """What a keyset expression has: a set of T."""

    element: Type

    def __str__(self) -> str:
        return f"set<{self.element}>"


@dataclass(frozen=True)
class NewType(Type):
    """`type T name`: distinct from its base."""

    name: str
    base: Type
    decl: TypedefDecl | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class TypeVar(Type):
    """A type parameter, free inside its declaration; `owner` keeps equal names of different declarations apart."""

    name: str
    owner: int = 0

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class ParamType:
    """One parameter of a callable type."""

    name: str
    type: Type
    direction: str = ""
    optional: bool = False  # marked @optional, or has a default value
    decl: Param | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Callable(Type):
    """kind is "function", "method", "action", "apply", "constructor"."""

    kind: str
    params: tuple[ParamType, ...]
    result: Type
    type_params: tuple[TypeVar, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(str(p.type) for p in self.params)})"


@dataclass(frozen=True)
class Extern(Type):
    """An extern object's type."""

    name: str
    args: tuple[Type, ...] = ()
    decl: ExternDecl | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return self.name + (f"<{', '.join(map(str, self.args))}>" if self.args else "")


@dataclass(frozen=True)
class BlockType(Type):
    """A parser, control or package type (kind), or the type of a particular parser or control declaration."""

    kind: str
    name: str
    args: tuple[Type, ...] = ()
    params: tuple[ParamType, ...] = field(default=(), compare=False)
    decl: BlockTypeDecl | ParserDecl | ControlDecl | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return self.name + (f"<{', '.join(map(str, self.args))}>" if self.args else "")


@dataclass(frozen=True)
class Table(Type):
    """A table, by name."""

    name: str

    def __str__(self) -> str:
        return f"table {self.name}"


@dataclass(frozen=True)
class ApplyResult(Type):
    """What `t.apply()` gives: hit, miss, action_run."""

    table: str

    def __str__(self) -> str:
        return f"apply result of {self.table}"


def base_of(type_: Type) -> Type:
    """The type without `type` names around it."""
    while isinstance(type_, NewType):
        type_ = type_.base
    return type_


def number_type(type_: Type) -> Type:
    """The type as operators see it: a serializable enum is its representation."""
    return type_.base if isinstance(type_, Enum) and type_.base is not None else type_


# --- compile-time values ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EnumValue:
    """A member of an enum, of `error` or of `match_kind`; number for serializable enums (and errors: their code)."""

    type_name: str
    member: str
    number: int | None = None


@dataclass(frozen=True)
class ListValue:
    """A compile-time tuple, list or struct (then names are set)."""

    items: tuple[Value, ...]
    names: tuple[str, ...] = ()


Value = int | bool | str | EnumValue | ListValue
