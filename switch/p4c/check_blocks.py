"""Parsers, controls and actions."""

from __future__ import annotations

from collections.abc import Callable as Function

from switch.p4c import tree
from switch.p4c.binding import param_types
from switch.p4c.check_decls import declare_params
from switch.p4c.check_keysets import check_keyset
from switch.p4c.check_stmts import check_decl, check_stmts
from switch.p4c.context import Context
from switch.p4c.reachability import check_reachable
from switch.p4c.rules import check_distinct, forbid_optional
from switch.p4c.source import Span
from switch.p4c.typesys import (
    BOOL,
    STATE,
    UNKNOWN,
    VOID,
    Bits,
    BlockType,
    Callable,
    Enum,
    Tuple,
    Type,
    TypeVar,
    base_of,
)


def _block_type(cx: Context, decl: tree.ParserDecl | tree.ControlDecl, kind: str) -> None:
    decl.type = BlockType(kind, decl.name, decl.type_vars, param_types(decl.params), decl)


def _control(cx: Context, decl: tree.ControlDecl) -> None:
    with cx.inside("control"):
        _open(cx, decl, "control")
        with cx.inside("locals"):
            for local in decl.locals:
                check_decl(cx, local)
            with cx.inside("block"):
                check_stmts(cx, decl.body.body)
        cx.block = None
    cx.declare(decl)


def _open(cx: Context, decl: tree.ParserDecl | tree.ControlDecl, kind: str) -> None:
    decl.type_vars = cx.new_vars(decl, decl.type_params)
    declare_params(cx, decl.params, kind)
    check_distinct(cx, decl)
    with cx.inside("constructor"):
        declare_params(cx, decl.ctor_params, "constructor")
    for param in decl.ctor_params:
        if isinstance(cx.scope.add(param.name, param), TypeVar):
            cx.error(param, f"'{param.name}' is already a type parameter")
    forbid_optional(cx, decl.ctor_params)
    _block_type(cx, decl, kind)
    cx.block = decl


def _action(cx: Context, decl: tree.ActionDecl) -> None:
    with cx.inside("action"):
        declare_params(cx, decl.params, "action")
        with cx.inside("block"):
            check_stmts(cx, decl.body.body)
    decl.type = Callable("action", param_types(decl.params), VOID)
    cx.declare(decl)


# --- parsers ----------------------------------------------------------------------------------------------------------


def _parser(cx: Context, decl: tree.ParserDecl) -> None:
    with cx.inside("parser"):
        _open(cx, decl, "parser")
        with cx.inside("locals"):
            for local in decl.locals:
                check_decl(cx, local)
            with cx.inside("states"):
                _states(cx, decl)
        check_reachable(cx, decl)
        cx.block = None
    cx.declare(decl)


def _states(cx: Context, decl: tree.ParserDecl) -> None:
    for name in ("accept", "reject"):
        cx.scope.add(name, final_state(name, decl.span))
    for state in decl.states:
        if state.name in ("accept", "reject"):
            cx.error(state, f"state '{state.name}' is built in and cannot be declared")
        else:
            cx.declare(state)
    if not any(s.name == "start" for s in decl.states):
        cx.error(decl, f"parser '{decl.name}' has no state 'start'")
    for state in decl.states:
        with cx.inside("state"):
            check_stmts(cx, state.body)
            state.transition = _transition(cx, state)


def final_state(name: str, span: Span) -> tree.StateDecl:
    """What the names `accept` and `reject` mean."""
    return tree.StateDecl(span=span, name=name, body=[])


def _transition(cx: Context, state: tree.StateDecl) -> tree.Expr | None:
    if state.transition is None:
        cx.warn(state, "parser-transition", f"state '{state.name}' has no transition: the packet is rejected")
        return None
    if isinstance(state.transition, tree.Name):
        _target(cx, state.transition)
        return state.transition
    return cx.expr(state.transition)


def _target(cx: Context, name: tree.Name) -> None:
    checked = cx.expr(name)
    if checked.type not in (STATE, UNKNOWN):
        cx.error(name, f"'{name.name}' is not a state")


def _selectable(type_: Type) -> bool:
    plain = base_of(type_)
    if isinstance(plain, Tuple):
        return all(map(_selectable, plain.elements))
    return isinstance(plain, Bits | Enum) or plain in (BOOL, UNKNOWN)


def select(cx: Context, expr: tree.Select, hint: object) -> tree.Expr:
    """`select(keys) { ... }`."""
    expr.keys = [cx.expr(key) for key in expr.keys]
    types = [key.type or UNKNOWN for key in expr.keys]
    for type_ in types:
        if not _selectable(type_):
            cx.error(expr, f"a value of type '{type_}' cannot be used in 'select'")
            types = [UNKNOWN] * len(types)
            break
    default: tree.SelectCase | None = None
    for case in expr.cases:
        if default is not None:
            cx.warn(case, "parser-transition", "this case is never reached", (default.span, "matches everything"))
        default = case if isinstance(case.keyset, tree.DefaultExpr) else default
        case.keyset = check_keyset(cx, case.keyset, types)
        _target(cx, case.state)
    expr.type = STATE
    return expr


HANDLERS: dict[type, Function[..., None]] = {
    tree.ControlDecl: _control,
    tree.ParserDecl: _parser,
    tree.ActionDecl: _action,
}
EXPR_HANDLERS = {tree.Select: select}
