"""Which argument goes to which parameter, and whether it fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from switch.p4c import tree
from switch.p4c.context import Context
from switch.p4c.convert import convert, same
from switch.p4c.defaults import is_constant
from switch.p4c.lvalues import is_lvalue
from switch.p4c.typesys import UNKNOWN, Callable, ParamType, Type, TypeVar


@dataclass
class Candidate:
    """Something that a call may mean; `outer` are the type arguments of the extern instance it belongs to."""

    decl: tree.Node | None
    type: Callable
    outer: dict[TypeVar, Type] = field(default_factory=dict)


def param_types(params: Sequence[tree.Param]) -> tuple[ParamType, ...]:
    """The parameters of a declaration, as types have them."""
    return tuple(
        ParamType(p.name, p.type or UNKNOWN, p.direction, p.optional or p.default is not None, p) for p in params
    )


def check_arguments(cx: Context, args: Sequence[tree.Argument]) -> None:
    """Checks the arguments by themselves."""
    for arg in args:
        if arg.expr is not None:
            arg.expr = cx.expr(arg.expr)


def choose(
    cx: Context, site: tree.Node, args: Sequence[tree.Argument], candidates: list[Candidate]
) -> Candidate | None:
    """The candidate that the arguments fit; reports if none or several do."""
    if len(candidates) == 1:
        return candidates[0]
    fitting = [c for c in candidates if bind(c.type.params, args) is not None]
    if len(fitting) == 1:
        return fitting[0]
    notes = tuple((c.decl.span, "candidate") for c in fitting or candidates if c.decl is not None)
    if not fitting:
        cx.error(site, "no overload takes these arguments", *notes)
    else:
        cx.error(site, "ambiguous call: several overloads take these arguments", *notes)
    return None


def bind(params: Sequence[ParamType], args: Sequence[tree.Argument]) -> list[tree.Argument | None] | None:
    """The argument of each parameter, None where it is left out; None altogether if they do not fit."""
    bound: list[tree.Argument | None] = [None] * len(params)
    places = {p.name: i for i, p in enumerate(params)}
    for position, arg in enumerate(args):
        place = position if arg.name is None else places.get(arg.name)
        if place is None or place >= len(params) or bound[place] is not None:
            return None
        bound[place] = arg
    if any(b is None and not p.optional for b, p in zip(bound, params, strict=True)):
        return None
    return bound


def report_binding(
    cx: Context, site: tree.Node, what: str, params: Sequence[ParamType], args: Sequence[tree.Argument]
) -> None:
    """Says why `bind` failed."""
    names = {p.name for p in params}
    seen: set[str] = set()
    for arg in args:
        if arg.name is not None and arg.name in seen:
            cx.error(arg, f"argument '{arg.name}' is given twice")
            return
        if arg.name is not None and arg.name not in names:
            cx.error(arg, f"{what} has no parameter '{arg.name}'")
            return
        if arg.name is not None:
            seen.add(arg.name)
    if len(args) > len(params):
        cx.error(site, f"{what} takes {len(params)} arguments, but {len(args)} are given")
        return
    given = seen | {p.name for p, a in zip(params, args, strict=False) if a.name is None}
    missing = next((p.name for p in params if p.name not in given and not p.optional), None)
    if missing is None:
        cx.error(site, "positional and named arguments overlap")
    else:
        cx.error(site, f"{what} needs an argument for parameter '{missing}'")


def pass_argument(cx: Context, arg: tree.Argument, param: ParamType, type_: Type, *, constant: bool) -> None:
    """Checks one argument against its parameter, and inserts implicit casts; `constant`: if it has no direction."""
    if arg.expr is None:
        if param.direction != "out":
            cx.error(arg, f"'_' can only stand for an 'out' argument, and '{param.name}' is not one")
        return
    if param.direction in ("out", "inout"):
        if not is_lvalue(arg.expr):
            cx.error(arg.expr, f"the argument for '{param.direction}' parameter '{param.name}' must be assignable")
        elif not same(arg.expr.type or UNKNOWN, type_):
            cx.error(arg.expr, f"parameter '{param.name}' has type '{type_}', the argument '{arg.expr.type}'")
        return
    arg.expr = convert(cx, arg.expr, type_)
    if constant and not param.direction and arg.expr.type is not UNKNOWN and not is_constant(arg.expr):
        cx.error(arg.expr, f"the argument for '{param.name}' must be a compile-time constant")
