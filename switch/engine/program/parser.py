"""The parser: states, their operations and transitions; and the deparser's order."""

from __future__ import annotations

from dataclasses import dataclass

from .actions import PrimitiveCall, read_primitive
from .expressions import (
    Const,
    Expr,
    FieldRef,
    HeaderExpr,
    HeaderRef,
    Lookahead,
    Scope,
    Sort,
    StackElement,
    UnionElement,
    UnionMember,
    header_type,
    read_expression,
    read_field,
)
from .externs import Externs, ValueSetSpec
from .headers import HeaderSpec
from .jsonpath import Json

CORE_ERRORS = (
    "NoError",
    "PacketTooShort",
    "NoMatch",
    "StackOutOfBounds",
    "HeaderTooShort",
    "ParserTimeout",
    "ParserInvalidArgument",
)


@dataclass(frozen=True, slots=True)
class Extract:
    """Extract a header; into a stack it goes to the next free element. `length` is the varbit's, in bits."""

    target: HeaderExpr
    length: Expr | None


@dataclass(frozen=True, slots=True)
class Set:
    """Assign to a field."""

    target: FieldRef
    value: Expr


@dataclass(frozen=True, slots=True)
class Verify:
    """Stop with an error unless the condition holds."""

    condition: Expr
    error: Expr


@dataclass(frozen=True, slots=True)
class Advance:
    """Skip bits."""

    bits: Expr


ParserOp = Extract | Set | Verify | Advance | PrimitiveCall


@dataclass(frozen=True, slots=True)
class Transition:
    """A case of a select: value and mask are byte-padded per key field; no case at all means always."""

    value: bytes | None
    mask: bytes | None
    value_set: ValueSetSpec | None
    next_state: str | None


@dataclass(frozen=True, slots=True)
class ParseState:
    """A parser state."""

    name: str
    ops: tuple[ParserOp, ...]
    key: tuple[FieldRef | Lookahead, ...]
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True)
class ParserSpec:
    """A parser: its states by name and where it begins."""

    name: str
    start: str | None
    states: dict[str, ParseState]


@dataclass(frozen=True, slots=True)
class DeparserSpec:
    """What is emitted, in order, where valid; primitives run first."""

    name: str
    order: tuple[HeaderSpec, ...]
    primitives: tuple[PrimitiveCall, ...]


def read_errors(root: Json) -> dict[str, int]:
    """The error codes by name; core errors that the program did not number get numbers after its own."""
    errors: dict[str, int] = {}
    for item in root.items("errors"):
        name, value = item.exactly(2)
        if name.text() in errors:
            raise name.fail(f"the error {name.text()!r} is declared twice")
        errors[name.text()] = value.number()
    following = max(errors.values(), default=-1) + 1
    for name in CORE_ERRORS:
        if name not in errors:
            errors[name] = following
            following += 1
    return errors


def read_parsers(root: Json, scope: Scope, externs: Externs) -> dict[str, ParserSpec]:
    """Reads all parsers."""
    parsers: dict[str, ParserSpec] = {}
    for where in root.items("parsers"):
        states: dict[str, ParseState] = {}
        listed = where.items("parse_states")
        for item in listed:
            name = item["name"].text()
            if name in states:
                raise item["name"].fail(f"the name {name!r} is taken")
            states[name] = _read_state(item, scope, externs)
        for item in listed:
            _check_targets(item, states)
        start = where["init_state"]
        if not start.isnull() and start.text() not in states:
            raise start.fail(f"no parse state {start.text()!r}")
        parsers[where["name"].text()] = ParserSpec(where["name"].text(), start.value, states)
    return parsers


def _check_targets(where: Json, states: dict[str, ParseState]) -> None:
    for item in where.items("transitions"):
        target = item.get("next_state")
        if target is not None and target.text() not in states:
            raise target.fail(f"no parse state {target.text()!r}")


def _read_state(where: Json, scope: Scope, externs: Externs) -> ParseState:
    ops = tuple(_read_op(item, scope, externs) for item in where.items("parser_ops"))
    key = tuple(_read_key(item, scope) for item in where.items("transition_key"))
    transitions = tuple(_read_transition(item, key, externs) for item in where.items("transitions"))
    return ParseState(where["name"].text(), ops, key, transitions)


def _read_op(where: Json, scope: Scope, externs: Externs) -> ParserOp:
    op, params = where["op"].text(), where.items("parameters")
    sizes = {"extract": 1, "extract_VL": 2, "set": 2, "verify": 2, "shift": 1, "advance": 1, "primitive": 1}
    if op not in sizes:
        raise where["op"].fail(f"unknown parser operation {op!r}")
    if len(params) != sizes[op]:
        raise where.fail(f"{op} takes {sizes[op]} parameters")
    match op:
        case "extract":
            return _read_extract(params[0], None, scope)
        case "extract_VL":
            return _read_extract(params[0], read_expression(params[1], scope, Sort.DATA), scope)
        case "set":
            if params[0]["type"].text() != "field":
                raise params[0].fail("expected a field")
            return Set(read_field(params[0]["value"], scope.headers), read_expression(params[1], scope, Sort.DATA))
        case "verify":
            return Verify(read_expression(params[0], scope, Sort.BOOL), _read_error(params[1], scope))
        case "shift":
            return Advance(Const(8 * params[0].number()))
        case "advance":
            return Advance(read_expression(params[0], scope, Sort.DATA))
        case _:
            return read_primitive(params[0], scope, externs)


def _read_error(where: Json, scope: Scope) -> Expr:
    return Const(where.number()) if isinstance(where.value, int) else read_expression(where, scope, Sort.DATA)


def _read_extract(where: Json, length: Expr | None, scope: Scope) -> Extract:
    kind, value, headers = where["type"].text(), where["value"], scope.headers
    target: HeaderExpr
    if kind == "regular":
        target = HeaderRef(headers.header(value))
    elif kind == "stack":
        target = StackElement(headers.stack(value), None)
    elif kind == "union_stack":
        name, member = value.exactly(2)
        stack = headers.union_stack(name)
        names = [known for known, _ in stack.type.members]
        if member.text() not in names:
            raise member.fail(f"union type {stack.type.name!r} has no member {member.text()!r}")
        target = UnionMember(UnionElement(stack, None), names.index(member.text()))
    else:
        raise where["type"].fail(f"unknown extract type {kind!r}")
    spec = header_type(target)
    if spec.varbit is not None and length is None:
        if spec.length is None:
            raise where.fail(f"header type {spec.name!r} has a variable length and no expression for it")
        raise where.fail("length expressions of header types are not supported; use extract_VL")
    if spec.fixed_bits % 8:
        raise where.fail(f"header type {spec.name!r} is not a whole number of bytes")
    return Extract(target, length)


def _read_key(where: Json, scope: Scope) -> FieldRef | Lookahead:
    key = read_expression(where, scope, Sort.DATA)
    if not isinstance(key, FieldRef | Lookahead):
        raise where.fail("expected a field or a lookahead")
    if isinstance(key, FieldRef) and key.field.varbit:
        raise where.fail("a variable-length field cannot be a key")
    return key


def key_bytes(key: tuple[FieldRef | Lookahead, ...]) -> int:
    """Bytes of a transition key, each field padded to whole bytes."""
    return sum((_width(part) + 7) // 8 for part in key)


def _width(part: FieldRef | Lookahead) -> int:
    return part.width if isinstance(part, Lookahead) else part.field.width


def _read_transition(where: Json, key: tuple[FieldRef | Lookahead, ...], externs: Externs) -> Transition:
    kind_member, value = where.get("type"), where.get("value")
    kind = kind_member.text() if kind_member is not None else "hexstr"
    if kind == "hexstr" and value is not None and value.value == "default":
        kind = "default"
    target = where.get("next_state")
    next_state = None if target is None else target.text()
    mask = where.get("mask")
    size = key_bytes(key)
    if kind == "default":
        return Transition(None, None, None, next_state)
    if value is None:
        raise where.fail("lacks 'value'")
    mask_bytes = None if mask is None else mask.hexbytes(size)
    if kind == "hexstr":
        return Transition(value.hexbytes(size), mask_bytes, None, next_state)
    if kind == "parse_vset":
        if value.text() not in externs.value_sets:
            raise value.fail(f"no value set {value.text()!r}")
        return Transition(None, mask_bytes, externs.value_sets[value.text()], next_state)
    raise where["type"].fail(f"unknown transition type {kind!r}")


def read_deparsers(root: Json, scope: Scope, externs: Externs) -> dict[str, DeparserSpec]:
    """Reads all deparsers."""
    deparsers: dict[str, DeparserSpec] = {}
    for where in root.items("deparsers"):
        order = tuple(scope.headers.header(item) for item in where["order"].items())
        for spec, item in zip(order, where["order"].items(), strict=True):
            if spec.type.fixed_bits % 8:
                raise item.fail(f"header type {spec.type.name!r} is not a whole number of bytes")
        primitives = tuple(read_primitive(item, scope, externs) for item in where.items("primitives"))
        deparsers[where["name"].text()] = DeparserSpec(where["name"].text(), order, primitives)
    return deparsers
