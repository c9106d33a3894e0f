"""Expressions: BMv2's expression objects as a typed tree.

Arithmetic is on unbounded integers; where a value is stored decides how much of it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .headers import FieldSpec, HeaderSpace, HeaderSpec, HeaderType, StackSpec, UnionSpec, UnionStackSpec, field_of
from .jsonpath import Json

MAX_DEPTH = 150


class Sort(Enum):
    """What an expression evaluates to."""

    DATA = "data"
    BOOL = "bool"
    HEADER = "header"
    STACK = "header stack"
    UNION = "header union"
    UNION_STACK = "header union stack"


@dataclass(frozen=True, slots=True)
class RegisterSpec:
    """An array of `size` cells of `width` bits."""

    name: str
    id: int
    size: int
    width: int


@dataclass(frozen=True, slots=True)
class Const:
    """An integer."""

    value: int


@dataclass(frozen=True, slots=True)
class BoolConst:
    """True or false."""

    value: bool


@dataclass(frozen=True, slots=True)
class Local:
    """A parameter of the enclosing action, or a field of the enclosing header in a length expression."""

    index: int


@dataclass(frozen=True, slots=True)
class HeaderRef:
    """A header instance."""

    header: HeaderSpec


@dataclass(frozen=True, slots=True)
class StackRef:
    """A header stack."""

    stack: StackSpec


@dataclass(frozen=True, slots=True)
class UnionRef:
    """A header union."""

    union: UnionSpec


@dataclass(frozen=True, slots=True)
class UnionStackRef:
    """A header union stack."""

    stack: UnionStackSpec


@dataclass(frozen=True, slots=True)
class StackElement:
    """The header of a stack at a computed index; `index` None means the last extracted one."""

    stack: StackSpec
    index: Expr | None


@dataclass(frozen=True, slots=True)
class UnionElement:
    """The union of a union stack at a computed index; `index` None means the last extracted one."""

    stack: UnionStackSpec
    index: Expr | None


@dataclass(frozen=True, slots=True)
class UnionMember:
    """The `index`-th header of a union."""

    union: UnionRef | UnionElement
    index: int


HeaderExpr = HeaderRef | StackElement | UnionMember


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field of a header, which may be known at run time only; `$valid$` included."""

    header: HeaderExpr
    field: FieldSpec


@dataclass(frozen=True, slots=True)
class RegisterCell:
    """The cell of a register array."""

    array: RegisterSpec
    index: Expr


@dataclass(frozen=True, slots=True)
class Unary:
    """One operand."""

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? left : right`."""

    condition: Expr
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Lookahead:
    """Bits of the packet ahead of the parser's position."""

    offset: int
    width: int


Expr = (
    Const
    | BoolConst
    | Local
    | HeaderRef
    | StackRef
    | UnionRef
    | UnionStackRef
    | StackElement
    | UnionElement
    | UnionMember
    | FieldRef
    | RegisterCell
    | Unary
    | Binary
    | Choice
    | Lookahead
)

ARITHMETIC = {"+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "two_comp_mod", "usat_cast", "sat_cast"}
COMPARISON = {"==", "!=", "<", "<=", ">", ">="}
_UNARY = {
    "~": (Sort.DATA, Sort.DATA),
    "not": (Sort.BOOL, Sort.BOOL),
    "valid": (Sort.HEADER, Sort.BOOL),
    "valid_union": (Sort.UNION, Sort.BOOL),
    "d2b": (Sort.DATA, Sort.BOOL),
    "b2d": (Sort.BOOL, Sort.DATA),
    "last_stack_index": (Sort.STACK, Sort.DATA),
    "size_stack": (Sort.STACK, Sort.DATA),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may name."""

    headers: HeaderSpace
    registers: dict[str, RegisterSpec] = field(default_factory=dict)
    locals: int = 0


def sort_of(expr: Expr) -> Sort:
    """What `expr` evaluates to."""
    match expr:
        case BoolConst():
            return Sort.BOOL
        case HeaderRef() | StackElement() | UnionMember():
            return Sort.HEADER
        case StackRef():
            return Sort.STACK
        case UnionRef() | UnionElement():
            return Sort.UNION
        case UnionStackRef():
            return Sort.UNION_STACK
        case Unary(op):
            return _UNARY[op][1]
        case Binary(op):
            return Sort.DATA if op in ARITHMETIC else Sort.BOOL
        case Choice(_, left):
            return sort_of(left)
        case _:
            return Sort.DATA


def read_field(where: Json, headers: HeaderSpace) -> FieldRef:
    """A `[header, field]` reference to a fixed header."""
    header, name = where.exactly(2)
    spec = headers.header(header)
    return FieldRef(HeaderRef(spec), field_of(spec.type, name))


def read_expression(where: Json, scope: Scope, sort: Sort | None = None, depth: int = 0) -> Expr:
    """Reads a `{"type", "value"}` object, checking that it is of `sort` where one is asked for."""
    if depth > MAX_DEPTH:
        raise where.fail("nested too deeply")
    expr = _read(where, scope, depth)
    if sort is not None and sort_of(expr) is not sort:
        raise where.fail(f"expected {sort.value}, got {sort_of(expr).value}")
    return expr


def _read(where: Json, scope: Scope, depth: int) -> Expr:
    kind, value = where["type"].text(), where["value"]
    headers = scope.headers
    match kind:
        case "expression":
            if not value.isnull() and "op" not in value.value and "type" in value.value:
                return read_expression(value, scope, depth=depth + 1)
            return _read_operation(value, scope, depth)
        case "field":
            return _read_field_of(value, scope, depth)
        case "hexstr":
            return Const(value.hex())
        case "bool":
            return BoolConst(value.truth())
        case "local" | "runtime_data":
            return Local(value.number(0, scope.locals - 1))
        case "header":
            return HeaderRef(headers.header(value))
        case "header_stack":
            return StackRef(headers.stack(value))
        case "header_union":
            return UnionRef(headers.union(value))
        case "header_union_stack":
            return UnionStackRef(headers.union_stack(value))
        case "stack_field":
            name, member = value.exactly(2)
            stack = headers.stack(name)
            return FieldRef(StackElement(stack, None), field_of(stack.type, member))
        case "union_stack_field":
            return _read_union_stack_field(value, headers)
        case "register":
            name, index = value.exactly(2)
            return RegisterCell(register_named(name, scope), read_expression(index, scope, Sort.DATA, depth + 1))
        case "lookahead":
            offset, width = value.exactly(2)
            return Lookahead(offset.number(0, 1 << 20), width.number(1, 1 << 16))
        case _:
            raise where["type"].fail(f"unknown expression type {kind!r}")


def register_named(where: Json, scope: Scope) -> RegisterSpec:
    """The register array that `where` names."""
    name = where.text()
    if name not in scope.registers:
        raise where.fail(f"no register array {name!r}")
    return scope.registers[name]


def _read_field_of(value: Json, scope: Scope, depth: int) -> FieldRef:
    """A `[header, field]` reference; p4c also writes an operation for a header of a stack."""
    header, name = value.exactly(2)
    if not isinstance(header.value, dict):
        return read_field(value, scope.headers)
    found = _read_operation(header, scope, depth + 1)
    if not isinstance(found, HeaderRef | StackElement | UnionMember):
        raise header.fail("expected a header")
    return FieldRef(found, field_of(header_type(found), name))


def _read_union_stack_field(value: Json, headers: HeaderSpace) -> FieldRef:
    name, member, member_field = value.exactly(3)
    stack = headers.union_stack(name)
    for index, (known, kind) in enumerate(stack.type.members):
        if known == member.text():
            return FieldRef(UnionMember(UnionElement(stack, None), index), field_of(kind, member_field))
    raise member.fail(f"union type {stack.type.name!r} has no member {member.text()!r}")


def _read_operation(where: Json, scope: Scope, depth: int) -> Expr:
    op = where["op"].text()
    deeper = depth + 1
    if op == "?":
        condition = read_expression(where["cond"], scope, Sort.BOOL, deeper)
        left = read_expression(where["left"], scope, None, deeper)
        return Choice(condition, left, read_expression(where["right"], scope, sort_of(left), deeper))
    if op in _UNARY:
        operand = where["right" if where.get("right") else "left"]
        return Unary(op, read_expression(operand, scope, _UNARY[op][0], deeper))
    if op in ("+", "-") and where.get("left") is None:
        return Binary(op, Const(0), read_expression(where["right"], scope, Sort.DATA, deeper))
    if op in ("dereference_header_stack", "dereference_union_stack", "access_field", "access_union_header"):
        return _read_access(op, where, scope, deeper)
    return _read_binary(op, where, scope, deeper)


def _read_binary(op: str, where: Json, scope: Scope, depth: int) -> Expr:
    if op in ARITHMETIC or op in ("<", "<=", ">", ">="):
        sort = Sort.DATA
    elif op in ("and", "or"):
        sort = Sort.BOOL
    elif op in ("==", "!="):
        sort = None
    else:
        raise where["op"].fail(f"unknown operation {op!r}")
    left = read_expression(where["left"], scope, sort, depth)
    right = read_expression(where["right"], scope, sort_of(left), depth)
    narrows = op in ("two_comp_mod", "usat_cast", "sat_cast")
    if narrows and not (isinstance(right, Const) and 1 <= right.value <= 1 << 16):
        raise where["right"].fail("expected a constant width")
    return Binary(op, left, right)


def _read_access(op: str, where: Json, scope: Scope, depth: int) -> Expr:
    left = where["left"]
    if op == "dereference_header_stack":
        stack = read_expression(left, scope, Sort.STACK, depth)
        assert isinstance(stack, StackRef)
        return StackElement(stack.stack, read_expression(where["right"], scope, Sort.DATA, depth))
    if op == "dereference_union_stack":
        union_stack = read_expression(left, scope, Sort.UNION_STACK, depth)
        assert isinstance(union_stack, UnionStackRef)
        return UnionElement(union_stack.stack, read_expression(where["right"], scope, Sort.DATA, depth))
    if op == "access_union_header":
        union = read_expression(left, scope, Sort.UNION, depth)
        if not isinstance(union, UnionRef | UnionElement):
            raise left.fail("expected a union or an element of a union stack")
        kind = union.union.type if isinstance(union, UnionRef) else union.stack.type
        return UnionMember(union, where["right"].number(0, len(kind.members) - 1))
    header = read_expression(left, scope, Sort.HEADER, depth)
    if not isinstance(header, HeaderRef | StackElement | UnionMember):
        raise left.fail("expected a header")
    fields = header_type(header).fields
    index = where["right"].number(0, len(fields))
    chosen = fields[index] if index < len(fields) else FieldSpec("$valid$", 1)
    return FieldRef(header, chosen)


def header_type(header: HeaderExpr) -> HeaderType:
    """The type of the header that `header` denotes."""
    match header:
        case HeaderRef(spec):
            return spec.type
        case StackElement(stack):
            return stack.type
        case UnionMember(UnionRef(union), index):
            return union.type.members[index][1]
        case UnionMember(UnionElement(stack), index):
            return stack.type.members[index][1]
        case _:
            raise AssertionError(header)
