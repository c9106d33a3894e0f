"""Implicit conversions: making an expression fit the type that its place wants (specification 8.11.2, 8.12)."""

from __future__ import annotations

from switch.p4c import consteval, tree
from switch.p4c.check_types import is_header, type_node
from switch.p4c.context import Context
from switch.p4c.generics import type_vars
from switch.p4c.typesys import (
    BOOL,
    DONT_CARE,
    INT,
    UNKNOWN,
    Bits,
    BlockType,
    Enum,
    Extern,
    ListOf,
    ListValue,
    NewType,
    Set,
    Stack,
    Struct,
    Tuple,
    Type,
    base_of,
    number_type,
)
from switch.p4c.unify import Unifier


def same(one: Type, other: Type) -> bool:
    """Whether the types are equal; what could not be checked, and `_`, equals everything."""
    if one is other or UNKNOWN in (one, other) or DONT_CARE in (one, other):
        return True
    match one, other:
        case Tuple(), Tuple():
            return len(one.elements) == len(other.elements) and all(map(same, one.elements, other.elements))
        case (Struct(), Struct()) | (Extern(), Extern()):
            return one.name == other.name and len(one.args) == len(other.args) and all(map(same, one.args, other.args))
        case (ListOf(), ListOf()) | (Set(), Set()):
            return same(one.element, other.element)
        case Stack(), Stack():
            return one.size == other.size and same(one.element, other.element)
        case BlockType(), BlockType():
            return Unifier(()).unify(one, other)
    return one == other


def convert(cx: Context, expr: tree.Expr, target: Type, *, at: tree.Node | None = None) -> tree.Expr:
    """The expression made to fit the type; reports at `at` (else at the expression) if it cannot."""
    source = expr.type or UNKNOWN
    if UNKNOWN in (source, target):
        return expr
    handler = _LITERALS.get(type(expr))
    if handler is not None and (
        isinstance(expr, tree.DefaultExpr | tree.InvalidExpr) or not same(source, target) or _untyped(expr)
    ):
        return handler(cx, expr, target, at or expr)
    if isinstance(target, BlockType) and isinstance(source, BlockType):
        if not Unifier(type_vars(target) | type_vars(source), strict=True).unify(target, source):
            cx.error(at or expr, f"'{source}' does not fit the type '{target}'{_why(target, source)}")
        return expr
    if same(source, target):
        return expr
    if isinstance(expr, tree.Conditional):
        return _conditional(cx, expr, target, at or expr)
    if implicit(source, target) or (isinstance(source, Bits) and target == INT):
        return cast_to(cx, expr, target)
    cx.error(at or expr, f"a value of type '{source}' cannot be used as '{target}'")
    return expr


def _why(target: BlockType, source: BlockType) -> str:
    """Where two parsers or controls differ."""
    if target.kind != source.kind:
        return f": it is a {source.kind}, not a {target.kind}"
    if len(target.params) != len(source.params):
        return f": it has {len(source.params)} parameters instead of {len(target.params)}"
    for wanted, given in zip(target.params, source.params, strict=True):
        if wanted.direction != given.direction:
            words = (given.direction or "without direction", wanted.direction or "without direction")
            return f": parameter '{given.name}' is {words[0]} instead of {words[1]}"
        if not Unifier(type_vars(wanted.type) | type_vars(given.type), strict=True).unify(wanted.type, given.type):
            return f": parameter '{given.name}' has type '{given.type}' instead of '{wanted.type}'"
    return ""


def _untyped(expr: tree.Expr) -> bool:
    return isinstance(expr.type, Tuple | Struct) and isinstance(expr, tree.ListExpr | tree.StructExpr)


def implicit(source: Type, target: Type) -> bool:
    """Whether a value of the source type converts to the target type unasked."""
    if source == INT:
        return isinstance(base_of(target), Bits)
    if isinstance(source, Enum) and source.base is not None:
        return source.base == target
    return False


def cast_to(cx: Context, expr: tree.Expr, target: Type) -> tree.Expr:
    """The expression in an implicit cast."""
    value = None
    if expr.value is not None:
        value = consteval.cast(expr.value, target)
        if expr.type == INT and isinstance(expr.value, int):
            warn_overflow(cx, expr, expr.value, target)
    return tree.Cast(
        span=expr.span, target=type_node(target, expr), operand=expr, implicit=True, type=target, value=value
    )


def warn_overflow(cx: Context, expr: tree.Expr, number: int, target: Type) -> None:
    """Warns when a literal number loses bits."""
    target = base_of(target)
    if isinstance(target, Bits) and not consteval.fits(number, target):
        if not target.signed and number < 0:
            cx.warn(expr, "mismatch", f"negative value {number} with unsigned type '{target}'")
        else:
            cx.warn(expr, "overflow", f"{number} does not fit in '{target}'")


def _conditional(cx: Context, expr: tree.Conditional, target: Type, at: tree.Node) -> tree.Expr:
    expr.then = convert(cx, expr.then, target, at=at)
    expr.otherwise = convert(cx, expr.otherwise, target, at=at)
    expr.type = target
    if expr.value is not None:
        expr.value = consteval.cast(expr.value, target)
    return expr


# --- literals of structure --------------------------------------------------------------------------------------------


def _list(cx: Context, expr: tree.ListExpr, target: Type, at: tree.Node) -> tree.Expr:
    wanted = list_components(target, len(expr.items), dots=expr.dots)
    if wanted is None:
        cx.error(at, f"a list of {len(expr.items)} values cannot be used as '{target}'")
        return expr
    if len(wanted) < len(expr.items) or (len(wanted) > len(expr.items) and not expr.dots):
        cx.error(at, f"'{target}' has {len(wanted)} components, but {len(expr.items)} are given")
        return expr
    expr.items = [convert(cx, item, type_) for item, type_ in zip(expr.items, wanted, strict=False)]
    expr.type = target
    names = tuple(f.name for f in target.fields) if isinstance(target, Struct) else ()
    expr.value = None if expr.dots else list_value([i.value for i in expr.items], names)
    return expr


def list_components(target: Type, count: int, *, dots: bool) -> list[Type] | None:
    """The types that the elements of a list literal take when it is used as the type; None if it cannot be."""
    match target:
        case Struct() if target.kind != "header_union":
            return [f.type for f in target.fields]
        case Tuple():
            return list(target.elements)
        case ListOf():
            return [target.element] * count
        case Stack():
            return [target.element] * target.size
        case _:
            return None


def list_value(values: list[object], names: tuple[str, ...] = ()) -> ListValue | None:
    """The value of a literal, if all parts have one."""
    if any(v is None for v in values):
        return None
    return ListValue(tuple(values), names)  # type: ignore[arg-type]


def _struct(cx: Context, expr: tree.StructExpr, target: Type, at: tree.Node) -> tree.Expr:
    if not isinstance(target, Struct) or target.kind == "header_union":
        cx.error(at, f"a list of named values cannot be used as '{target}'")
        return expr
    if expr.target is not None:
        if same(expr.type or UNKNOWN, target):
            return expr
        cx.error(at, f"a value of type '{expr.type}' cannot be used as '{target}'")
        return expr
    given = {f.name: f for f in expr.fields}
    for name, named in given.items():
        wanted = target.field_type(name)
        if wanted is None:
            cx.error(at, f"'{target}' has no field '{name}'")
        else:
            named.expr = convert(cx, named.expr, wanted)
    missing = [f.name for f in target.fields if f.name not in given]
    if missing and not expr.dots:
        cx.error(at, f"no value is given for field '{missing[0]}' of '{target}'")
    expr.type = target
    values = [given[f.name].expr.value if f.name in given else None for f in target.fields]
    expr.value = list_value(list(values), tuple(f.name for f in target.fields))
    return expr


def _invalid(cx: Context, expr: tree.InvalidExpr, target: Type, at: tree.Node) -> tree.Expr:
    if not is_header(target):
        cx.error(at, f"{{#}} is a header or header union, and cannot be used as '{target}'")
    expr.type = target
    return expr


def _default(cx: Context, expr: tree.DefaultExpr, target: Type, at: tree.Node) -> tree.Expr:
    if expr.word != "...":
        cx.error(at, f"'{expr.word}' has no value")
    elif isinstance(target, Extern | BlockType | ListOf):
        cx.error(at, f"'{target}' has no default value")
    expr.type = target
    return expr


_LITERALS = {
    tree.ListExpr: _list,
    tree.StructExpr: _struct,
    tree.InvalidExpr: _invalid,
    tree.DefaultExpr: _default,
}


# --- explicit casts ---------------------------------------------------------------------------------------------------


def castable(source: Type, target: Type) -> bool:
    """Whether `(target) source` is allowed, for values without structure."""
    if same(source, target):
        return True
    if isinstance(target, NewType) or isinstance(source, NewType):
        one, other = base_of(source), base_of(target)
        return same(one, other) or (one == INT and isinstance(other, Bits))
    if isinstance(source, Enum):
        return source.base is not None and source.base == (target.base if isinstance(target, Enum) else target)
    if isinstance(target, Enum):
        return target.base is not None and source in (target.base, INT)
    return _castable_numbers(source, target)


def _castable_numbers(source: Type, target: Type) -> bool:
    match source, target:
        case Bits(), Bits():
            return source.width == target.width or source.signed == target.signed
        case Bits(), _ if target == BOOL:
            return source == Bits(1)
        case Bits(), _:
            return target == INT
        case _, Bits():
            return source == INT or (source == BOOL and target == Bits(1))
        case _:
            return source == INT and target == BOOL


def plain(cx: Context, expr: tree.Expr) -> tree.Expr:
    """A serializable enum as its representation, anything else as it is."""
    plain = number_type(expr.type or UNKNOWN)
    return expr if plain == expr.type else cast_to(cx, expr, plain)


def balance(cx: Context, left: tree.Expr, right: tree.Expr) -> tuple[tree.Expr, tree.Expr] | None:
    """Both operands with a common type, None if there is none (nothing is reported)."""
    one, other = left.type or UNKNOWN, right.type or UNKNOWN
    if _is_literal(right) and not _is_literal(left):
        return left, convert(cx, right, one)
    if _is_literal(left) and not _is_literal(right):
        return convert(cx, left, other), right
    if same(one, other):
        return left, right
    if isinstance(one, NewType) or isinstance(other, NewType):
        return None  # a number can be assigned to one, but not be compared with one
    if implicit(other, one):
        return left, convert(cx, right, one)
    if implicit(one, other):
        return convert(cx, left, other), right
    if number_type(one) != one or number_type(other) != other:
        left, right = convert(cx, left, number_type(one)), convert(cx, right, number_type(other))
        return balance(cx, left, right)
    return None


def _is_literal(expr: tree.Expr) -> bool:
    return isinstance(expr, tree.ListExpr | tree.InvalidExpr | tree.StructExpr) and not (
        isinstance(expr, tree.StructExpr) and expr.target is not None
    )
