"""Declarations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.p4c.tree.exprs import Expr
from switch.p4c.tree.nodes import Node

if TYPE_CHECKING:
    from switch.p4c.tree.exprs import Argument, Name
    from switch.p4c.tree.nodes import Annotation
    from switch.p4c.tree.stmts import Block, Stmt
    from switch.p4c.tree.type_nodes import TypeNode
    from switch.p4c.typesys import Type, TypeVar, Value


@dataclass(eq=False, kw_only=True)
class Decl(Node):
    """Anything with a name. `span` is where the name stands (the keyword, for `error` and `match_kind`)."""

    name: str
    annotations: list[Annotation] = field(default_factory=list)
    doc: str = ""  # the comment directly in front, if it is a /** ... */ one


@dataclass(eq=False, kw_only=True)
class Param(Decl):
    """direction is "in", "out", "inout" or "" (directionless)."""

    type_node: TypeNode
    direction: str = ""
    default: Expr | None = None
    # checker:
    type: Type | None = None

    @property
    def optional(self) -> bool:
        """Marked @optional."""
        return any(a.name == "optional" for a in self.annotations)


@dataclass(eq=False, kw_only=True)
class ConstDecl(Decl):
    type_node: TypeNode
    init: Expr
    # checker:
    type: Type | None = None
    value: Value | None = None


@dataclass(eq=False, kw_only=True)
class VarDecl(Decl):
    type_node: TypeNode
    init: Expr | None = None
    # checker:
    type: Type | None = None


@dataclass(eq=False, kw_only=True)
class TypedefDecl(Decl):
    """`typedef T name` or, when new is True, `type T name`."""

    type_node: TypeNode
    new: bool = False
    # checker:
    type: Type | None = None


@dataclass(eq=False, kw_only=True)
class Field(Decl):
    type_node: TypeNode
    # checker:
    type: Type | None = None


@dataclass(eq=False, kw_only=True)
class StructDecl(Decl):
    """kind is "header", "header_union" or "struct"."""

    kind: str
    type_params: list[str]
    fields: list[Field]
    # checker:
    type: Type | None = None
    type_vars: tuple[TypeVar, ...] = ()  # what type_params are in types, here and below


@dataclass(eq=False, kw_only=True)
class EnumMember(Decl):
    init: Expr | None = None
    # checker:
    value: Value | None = None


@dataclass(eq=False, kw_only=True)
class EnumDecl(Decl):
    """base is set for a serializable enum, `enum bit<8> E { ... }`."""

    members: list[EnumMember]
    base: TypeNode | None = None
    # checker:
    type: Type | None = None


@dataclass(eq=False, kw_only=True)
class ErrorDecl(Decl):
    """`error { ... }`; name is "error"."""

    members: list[EnumMember]


@dataclass(eq=False, kw_only=True)
class MatchKindDecl(Decl):
    """`match_kind { ... }`; name is "match_kind"."""

    members: list[EnumMember]


@dataclass(eq=False, kw_only=True)
class FunctionDecl(Decl):
    """A function; body None for an extern function or an extern's method. result None for a constructor."""

    type_params: list[str]
    result: TypeNode | None
    params: list[Param]
    body: Block | None = None
    abstract: bool = False
    # checker:
    type: Type | None = None
    type_vars: tuple[TypeVar, ...] = ()


@dataclass(eq=False, kw_only=True)
class ExternDecl(Decl):
    """An extern object; methods whose name is the extern's own are its constructors."""

    type_params: list[str]
    methods: list[FunctionDecl]
    # checker:
    type: Type | None = None
    type_vars: tuple[TypeVar, ...] = ()


@dataclass(eq=False, kw_only=True)
class BlockTypeDecl(Decl):
    """`parser P<...>(...);`, `control C<...>(...);` or `package K<...>(...);` (kind says which)."""

    kind: str
    type_params: list[str]
    params: list[Param]
    # checker:
    type: Type | None = None
    type_vars: tuple[TypeVar, ...] = ()


@dataclass(eq=False, kw_only=True)
class StateDecl(Decl):
    """transition is None (implicit reject), a Name (direct), or a Select."""

    body: list[Stmt]
    transition: Expr | None = None


@dataclass(eq=False, kw_only=True)
class SelectCase(Node):
    keyset: Expr  # a ListExpr when there are several keys
    state: Name


@dataclass(eq=False, kw_only=True)
class Select(Expr):
    keys: list[Expr]
    cases: list[SelectCase]


@dataclass(eq=False, kw_only=True)
class ParserDecl(Decl):
    type_params: list[str]
    params: list[Param]
    ctor_params: list[Param]
    locals: list[Decl]
    states: list[StateDecl]
    # checker:
    type: Type | None = None
    type_vars: tuple[TypeVar, ...] = ()


@dataclass(eq=False, kw_only=True)
class ControlDecl(Decl):
    type_params: list[str]
    params: list[Param]
    ctor_params: list[Param]
    locals: list[Decl]
    body: Block
    # checker:
    type: Type | None = None
    type_vars: tuple[TypeVar, ...] = ()


@dataclass(eq=False, kw_only=True)
class ActionDecl(Decl):
    params: list[Param]
    body: Block
    # checker:
    type: Type | None = None


@dataclass(eq=False, kw_only=True)
class KeyElement(Node):
    expr: Expr
    match_kind: Name
    annotations: list[Annotation] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class ActionRef(Node):
    """An action in a table's list, as default, or in an entry: a Name or a Call with the arguments bound so far."""

    expr: Expr
    annotations: list[Annotation] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class TableEntry(Node):
    """`const? priority=...: keyset : action`."""

    keyset: Expr
    action: ActionRef
    priority: Expr | None = None
    const: bool = False
    annotations: list[Annotation] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class TableProperty(Node):
    """One property: `key` sets keys, `actions` actions, `entries` entries, any other value.

    The value of default_action is a Name or a Call.
    """

    name: str
    const: bool = False
    keys: list[KeyElement] = field(default_factory=list)
    actions: list[ActionRef] = field(default_factory=list)
    entries: list[TableEntry] = field(default_factory=list)
    value: Expr | None = None
    annotations: list[Annotation] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class TableDecl(Decl):
    properties: list[TableProperty]
    # checker:
    type: Type | None = None

    def property(self, name: str) -> TableProperty | None:
        """The property of that name, if the table has it."""
        return next((p for p in self.properties if p.name == name), None)


@dataclass(eq=False, kw_only=True)
class Instantiation(Decl):
    """`T(args) name;`, with an initializer block of declarations for abstract methods if any."""

    type_node: TypeNode
    args: list[Argument]
    initializer: list[Decl] | None = None
    # checker:
    type: Type | None = None
    bound: list[Argument | None] = field(default_factory=list)
    target: Node | None = None  # ExternDecl, ControlDecl, ParserDecl or a package's BlockTypeDecl
    inferred: list[Type] = field(default_factory=list)  # the type arguments
    constructor: FunctionDecl | None = None  # of an extern: the one chosen


@dataclass(eq=False, kw_only=True)
class ValueSetDecl(Decl):
    """`value_set<T>(size) name;`."""

    type_node: TypeNode
    size: Expr
    # checker:
    type: Type | None = None


@dataclass(eq=False, kw_only=True)
class Program(Node):
    """A whole translation unit, after preprocessing, the included core.p4 and architecture among it."""

    decls: list[Decl]
