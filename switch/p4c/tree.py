"""The syntax tree of a P4-16 program.

One class for each construct of the grammar (P4-16 specification 1.2.5, appendix G). The parser builds the nodes; the
checker fills in the fields that stand below "checker:" comments; nobody else changes a node. Nodes compare by identity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switch.p4c.source import NOWHERE, Span

if TYPE_CHECKING:
    from switch.p4c.typesys import Type, TypeVar, Value


@dataclass(eq=False, kw_only=True)
class Node:
    """Any piece of the tree."""

    span: Span = NOWHERE


@dataclass(eq=False, kw_only=True)
class Annotation(Node):
    """`@name`, `@name(...)` or `@name[...]`; `text` is the unparsed body, `items` and `pairs` its parsed form if it has one.

    `tokens` are the body's tokens, strings with their quotes; has_body tells `@name()` from `@name`.
    """

    name: str
    text: str = ""
    items: list[Expr] = field(default_factory=list)
    pairs: dict[str, Expr] = field(default_factory=dict)
    structured: bool = False  # written with square brackets
    tokens: list[str] = field(default_factory=list)
    has_body: bool = False


# --- types as written -------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class TypeNode(Node):
    """A type as it stands in the source."""

    # checker:
    type: Type | None = None


@dataclass(eq=False, kw_only=True)
class BaseTypeNode(TypeNode):
    """`bool`, `error`, `string`, `void`, `match_kind`, `int` (arbitrary precision), `_` (don't care, name "_")."""

    name: str


@dataclass(eq=False, kw_only=True)
class BitTypeNode(TypeNode):
    """`bit<w>` or `int<w>`; width None stands for plain `bit`, which is bit<1>."""

    width: Expr | None
    signed: bool


@dataclass(eq=False, kw_only=True)
class VarbitTypeNode(TypeNode):
    """`varbit<w>`."""

    width: Expr


@dataclass(eq=False, kw_only=True)
class NameTypeNode(TypeNode):
    """A named type, with type arguments if any; absolute when written with a leading dot."""

    name: str
    absolute: bool = False
    args: list[TypeNode] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class StackTypeNode(TypeNode):
    """`T[size]`."""

    element: TypeNode
    size: Expr


@dataclass(eq=False, kw_only=True)
class TupleTypeNode(TypeNode):
    """`tuple<...>`."""

    elements: list[TypeNode]


@dataclass(eq=False, kw_only=True)
class ListTypeNode(TypeNode):
    """`list<T>`."""

    element: TypeNode


# --- expressions ------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class Expr(Node):
    """Any expression."""

    # checker:
    type: Type | None = None  # its type; after checking never None
    value: Value | None = None  # its compile-time value, where it has one


@dataclass(eq=False, kw_only=True)
class IntLit(Expr):
    """An integer literal; width None means arbitrary precision."""

    number: int
    width: int | None = None
    signed: bool = False


@dataclass(eq=False, kw_only=True)
class BoolLit(Expr):
    truth: bool


@dataclass(eq=False, kw_only=True)
class StringLit(Expr):
    text: str


@dataclass(eq=False, kw_only=True)
class Name(Expr):
    """A name used as an expression; absolute when written with a leading dot."""

    name: str
    absolute: bool = False
    # checker:
    decl: Node | None = None  # what it means: a declaration, a Param, a Field of an enum, ...


@dataclass(eq=False, kw_only=True)
class TypeExpr(Expr):
    """A type name in front of a dot: `E.member`, `error.NoError`, `Header_t.minSizeInBits()`, `Control_t.apply()`."""

    node: TypeNode


@dataclass(eq=False, kw_only=True)
class Member(Expr):
    """`base.name`."""

    base: Expr
    name: str
    # checker:
    decl: Node | None = None  # method, state, table property ... it names; None for plain fields


@dataclass(eq=False, kw_only=True)
class Index(Expr):
    """`base[index]`."""

    base: Expr
    index: Expr


@dataclass(eq=False, kw_only=True)
class Slice(Expr):
    """`base[high:low]`, or `base[low +: width]` when plus is True (high holds the start, low the width)."""

    base: Expr
    high: Expr
    low: Expr
    plus: bool = False


@dataclass(eq=False, kw_only=True)
class Unary(Expr):
    """op is one of `-` `+` `!` `~`."""

    op: str
    operand: Expr


@dataclass(eq=False, kw_only=True)
class Binary(Expr):
    """op is one of `* / % + - |+| |-| << >> < > <= >= == != & ^ | ++ && ||`."""

    op: str
    left: Expr
    right: Expr


@dataclass(eq=False, kw_only=True)
class Conditional(Expr):
    """`condition ? then : otherwise`."""

    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(eq=False, kw_only=True)
class Cast(Expr):
    """`(type) operand`; implicit when the checker put it in."""

    target: TypeNode
    operand: Expr
    implicit: bool = False


@dataclass(eq=False, kw_only=True)
class Argument(Node):
    """One argument of a call: positional, or `name = expr`; expr None stands for `_`."""

    expr: Expr | None
    name: str | None = None


@dataclass(eq=False, kw_only=True)
class Call(Expr):
    """A call of a function, method, action, extern, table apply, or a constructor call (then callee is a TypeExpr)."""

    callee: Expr
    type_args: list[TypeNode] = field(default_factory=list)
    args: list[Argument] = field(default_factory=list)
    # checker:
    bound: list[Argument | None] = field(default_factory=list)  # one per parameter, in order; None: default or optional
    target: Node | None = None  # FunctionDecl, ActionDecl, MethodDecl, ControlDecl, ParserDecl, TableDecl, ExternDecl (constructor)...
    inferred: list[Type] = field(default_factory=list)  # the type arguments
    constructor: FunctionDecl | None = None  # of an extern's constructor call: the one chosen


@dataclass(eq=False, kw_only=True)
class ListExpr(Expr):
    """`{ a, b, c }` or a parenthesised tuple `(a, b)` in keysets."""

    items: list[Expr]
    dots: bool = False  # ends in `...`: the rest takes default values


@dataclass(eq=False, kw_only=True)
class StructExpr(Expr):
    """`{ f = a, g = b }` or `(T){ f = a }`."""

    fields: list[NamedExpr]
    target: TypeNode | None = None
    dots: bool = False


@dataclass(eq=False, kw_only=True)
class NamedExpr(Node):
    name: str
    expr: Expr


@dataclass(eq=False, kw_only=True)
class InvalidExpr(Expr):
    """`{#}`: an invalid header or header union."""


@dataclass(eq=False, kw_only=True)
class Mask(Expr):
    """`value &&& mask` in keysets."""

    operand: Expr
    mask: Expr


@dataclass(eq=False, kw_only=True)
class Range(Expr):
    """`low .. high` in keysets."""

    low: Expr
    high: Expr


@dataclass(eq=False, kw_only=True)
class DefaultExpr(Expr):
    """`default` or `_` in keysets and switch labels, or `...` as an initializer (word tells which)."""

    word: str


@dataclass(eq=False, kw_only=True)
class ThisExpr(Expr):
    """`this` inside an abstract method."""


# --- statements -------------------------------------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class Stmt(Node):
    """Any statement."""

    annotations: list[Annotation] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Block(Stmt):
    body: list[Stmt]


@dataclass(eq=False, kw_only=True)
class DeclStmt(Stmt):
    """A constant, variable or instance declared among statements."""

    decl: Decl


@dataclass(eq=False, kw_only=True)
class Assign(Stmt):
    """`target = value`, or with op `+`, `<<`, `|+|` ... for `target op= value`."""

    target: Expr
    value: Expr
    op: str | None = None


@dataclass(eq=False, kw_only=True)
class CallStmt(Stmt):
    call: Call


@dataclass(eq=False, kw_only=True)
class If(Stmt):
    condition: Expr
    then: Stmt
    otherwise: Stmt | None = None


@dataclass(eq=False, kw_only=True)
class Return(Stmt):
    value: Expr | None = None


@dataclass(eq=False, kw_only=True)
class Exit(Stmt):
    pass


@dataclass(eq=False, kw_only=True)
class Empty(Stmt):
    pass


@dataclass(eq=False, kw_only=True)
class SwitchCase(Node):
    """One label; body None falls through to the next case."""

    label: Expr
    body: Block | None


@dataclass(eq=False, kw_only=True)
class Switch(Stmt):
    subject: Expr
    cases: list[SwitchCase]


@dataclass(eq=False, kw_only=True)
class For(Stmt):
    """`for (init; condition; update) body`."""

    init: list[Stmt]
    condition: Expr
    update: list[Stmt]
    body: Stmt


@dataclass(eq=False, kw_only=True)
class ForIn(Stmt):
    """`for (variable in collection) body`; collection is an expression or a Range. variable is a VarDecl or a Name."""

    variable: VarDecl | Name
    collection: Expr
    body: Stmt


@dataclass(eq=False, kw_only=True)
class Break(Stmt):
    pass


@dataclass(eq=False, kw_only=True)
class Continue(Stmt):
    pass


# --- declarations -----------------------------------------------------------------------------------------------------


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
    """One property. key: keys is set; actions: actions; entries: entries; any other: value (a Name or a Call for default_action)."""

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
