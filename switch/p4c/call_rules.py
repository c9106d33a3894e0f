"""Where calls are allowed, and what the methods of core.p4 take."""

from __future__ import annotations

from collections.abc import Callable as Function

from switch.p4c import tree
from switch.p4c.context import Context
from switch.p4c.defaults import is_constant
from switch.p4c.field_rules import has_varbit_or_union
from switch.p4c.lvalues import is_lvalue
from switch.p4c.typesys import (
    DONT_CARE,
    INT,
    UNKNOWN,
    VOID,
    BlockType,
    Extern,
    ListOf,
    Set,
    Stack,
    Struct,
    Table,
    Tuple,
    Type,
)

_PLACES = ("state", "action", "function", "table", "control", "parser")


def check_place(cx: Context, expr: tree.Call, target: tree.Node | None) -> None:
    """Reports a call of something that cannot be called from here."""
    place = cx.within(*_PLACES)
    match target:
        case tree.TableDecl():
            _apply_table(cx, expr, place)
        case tree.ControlDecl() | tree.ParserDecl() | tree.BlockTypeDecl():
            _apply_block(cx, expr, target, place)
        case tree.ActionDecl():
            _call_action(cx, expr, place)
        case tree.FunctionDecl(body=None, name="verify") if not isinstance(expr.callee, tree.Member):
            if place != "state" and not isinstance(cx.block, tree.ParserDecl):
                cx.error(expr, "'verify' can only be called in a parser")
        case None:
            _built_in(cx, expr)
    if cx.within("keyset") and not (target is None and _is_query(expr)):
        cx.error(expr, "functions cannot be called here")


def _is_query(expr: tree.Call) -> bool:
    return isinstance(expr.callee, tree.Member) and expr.callee.name not in ("push_front", "pop_front")


def _apply_table(cx: Context, expr: tree.Call, place: str | None) -> None:
    if place == "action":
        cx.error(expr, "a table cannot be applied in an action")
    elif place not in ("control", "table"):
        cx.error(expr, "a table can only be applied in the apply block of a control")


def _apply_block(
    cx: Context, expr: tree.Call, target: tree.ControlDecl | tree.ParserDecl | tree.BlockTypeDecl, place: str | None
) -> None:
    kind = target.kind if isinstance(target, tree.BlockTypeDecl) else type(target).__name__[:-4].lower()
    if place in ("action", "function"):
        cx.error(expr, f"a {kind} cannot be applied in {'an' if place == 'action' else 'a'} {place}")
    elif kind == "control" and place == "state":
        cx.error(expr, "a control cannot be applied in a parser")
    elif kind == "parser" and place == "control":
        cx.error(expr, "a parser cannot be applied in a control")


def _call_action(cx: Context, expr: tree.Call, place: str | None) -> None:
    if place == "function":
        cx.error(expr, "a function cannot call an action")
    elif place in ("state", "parser"):
        cx.error(expr, "a parser cannot call an action")


def _built_in(cx: Context, expr: tree.Call) -> None:
    callee = expr.callee
    if not isinstance(callee, tree.Member) or callee.name not in ("setValid", "setInvalid", "push_front", "pop_front"):
        return
    if not is_lvalue(callee.base):
        cx.error(callee, f"'{callee.name}' needs something that can be written")
    if callee.name in ("push_front", "pop_front"):
        if isinstance(cx.block, tree.ParserDecl):
            cx.error(callee, f"'{callee.name}' cannot be used in a parser")
        for arg in expr.args:
            if arg.expr is not None and not is_constant(arg.expr):
                cx.error(arg.expr, f"the count for '{callee.name}' must be a compile-time constant")


# --- what is passed ---------------------------------------------------------------------------------------------------


def contains_int(type_: Type | None) -> bool:
    """Whether a number of unknown width is part of the type."""
    match type_:
        case Struct(args=args):
            return any(map(contains_int, args))
        case Tuple(elements=elements):
            return any(map(contains_int, elements))
        case Stack(element=element) | ListOf(element=element) | Set(element=element):
            return contains_int(element)
        case _:
            return type_ == INT


def check_widths(cx: Context, args: list[tree.Argument], inferred: list[Type]) -> bool:
    """Whether all type arguments have widths; reports the numbers that have none."""
    if not any(map(contains_int, inferred)):
        return True
    for arg in args:
        if arg.expr is not None and contains_int(arg.expr.type):
            cx.error(arg.expr, "the width of this number is not known: write it as in 8w5, or cast it")
            return False
    return True


def check_passed(cx: Context, expr: tree.Call) -> None:
    """Reports arguments of types that a generic parameter would let through."""
    for arg in expr.args:
        if arg.expr is not None and isinstance(arg.expr.type, Table | BlockType):
            cx.error(arg.expr, f"an argument cannot have type '{arg.expr.type}'")
    for type_ in expr.inferred:
        if isinstance(type_, Struct) and type_.name == "":
            cx.error(expr, "the type of the argument is not known: write (T) { ... }")
    if isinstance(expr.callee, tree.Member) and isinstance(expr.callee.base.type, Extern):
        rule = _CORE.get((expr.callee.base.type.name, expr.callee.name))
        if rule is not None:
            rule(cx, expr)


def _extract(cx: Context, expr: tree.Call) -> None:
    arg = expr.args[0]
    type_ = arg.expr.type if arg.expr is not None else DONT_CARE
    if arg.expr is None or type_ in (DONT_CARE, UNKNOWN):
        return
    if not isinstance(type_, Struct) or type_.kind != "header":
        cx.error(arg.expr, f"only headers can be extracted, not '{type_}'")
    elif len(expr.args) == 1 and has_varbit_or_union(type_):
        cx.error(arg.expr, "the header has a varbit field: its size must be given")
    elif len(expr.args) == 2 and not has_varbit_or_union(type_):
        cx.error(arg.expr, "the header has no varbit field, so that no size can be given")
    else:
        _one_varbit(cx, type_)


def _one_varbit(cx: Context, type_: Struct) -> None:
    fields = type_.decl.fields if type_.decl is not None else []
    varbits = [f for f in fields if f.type is not None and has_varbit_or_union(f.type)]
    if len(varbits) > 1:
        cx.error(varbits[0], "a header can have one varbit field only", (varbits[1].span, "the second"))


def _lookahead(cx: Context, expr: tree.Call) -> None:
    for type_, node in zip(expr.inferred, expr.type_args or [expr], strict=False):
        if type_ == VOID:
            cx.error(node, "'lookahead' needs a type with a size, not 'void'")
        elif has_varbit_or_union(type_):
            cx.error(node, f"'lookahead' needs a type of fixed size, not '{type_}'")


def _emit(cx: Context, expr: tree.Call) -> None:
    for arg in expr.args:
        if arg.expr is not None and not _emittable(arg.expr.type or UNKNOWN):
            cx.error(arg.expr, "only headers, header stacks and unions, or structs of them, can be emitted")


def _emittable(type_: Type) -> bool:
    match type_:
        case Struct(kind="struct", fields=fields):
            return all(_emittable(f.type) for f in fields)
        case Tuple(elements=elements):
            return all(map(_emittable, elements))
        case Struct() | Stack():
            return True
        case _:
            return type_ is UNKNOWN


_CORE: dict[tuple[str, str], Function[[Context, tree.Call], None]] = {
    ("packet_in", "extract"): _extract,
    ("packet_in", "lookahead"): _lookahead,
    ("packet_out", "emit"): _emit,
}
