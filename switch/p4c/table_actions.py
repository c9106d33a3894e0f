"""Actions of tables: as listed, and with all arguments as default action or in an entry."""

from __future__ import annotations

from collections.abc import Sequence

from switch.p4c import tree
from switch.p4c.binding import bind, check_arguments, pass_argument, report_binding
from switch.p4c.check_members import action_name, table_actions
from switch.p4c.context import Context
from switch.p4c.defaults import is_constant
from switch.p4c.equal_exprs import equal
from switch.p4c.typesys import UNKNOWN, VOID, Callable, ParamType


def _action(cx: Context, ref: tree.ActionRef) -> tree.ActionDecl | None:
    """The action that the reference names; reports it if there is none."""
    name = ref.expr.callee if isinstance(ref.expr, tree.Call) else ref.expr
    if not isinstance(name, tree.Name):
        cx.error(ref, "the name of an action is expected here")
        return None
    cx.expr(name)
    if name.type is UNKNOWN:
        return None
    if not isinstance(name.decl, tree.ActionDecl) or not isinstance(name.decl.type, Callable):
        cx.error(name, f"'{name.name}' is not an action")
        return None
    return name.decl


def check_listed(cx: Context, ref: tree.ActionRef) -> None:
    """Checks an action in a table's list: parameters with a direction must be bound there, the others must not."""
    decl = _action(cx, ref)
    ref.expr.type = ref.expr.type or UNKNOWN
    if decl is None or not isinstance(decl.type, Callable):
        return
    directed = [p for p in decl.type.params if p.direction]
    args = ref.expr.args if isinstance(ref.expr, tree.Call) else []
    check_arguments(cx, args)
    bound = _bind_prefix(decl.type.params, args)
    if bound is None:
        report_binding(cx, ref.expr, f"action '{decl.name}'", directed, args)
        return
    _pass(cx, decl.type.params, bound)
    for param, arg in zip(decl.type.params, bound, strict=True):
        if arg is not None and not param.direction:
            cx.error(arg, f"parameter '{param.name}' is bound by the control plane, not in the list of actions")
        elif arg is None and param.direction:
            cx.error(ref.expr, f"parameter '{param.name}' of action '{decl.name}' must be bound")
    _annotate(ref.expr, decl, bound)


def _bind_prefix(params: Sequence[ParamType], args: Sequence[tree.Argument]) -> list[tree.Argument | None] | None:
    loose = [ParamType(p.name, p.type, p.direction, True) for p in params]
    return bind(loose, args)


def _pass(cx: Context, params: Sequence[ParamType], bound: Sequence[tree.Argument | None]) -> None:
    for param, arg in zip(params, bound, strict=True):
        if arg is not None:
            pass_argument(cx, arg, param, param.type, constant=False)


def _annotate(expr: tree.Expr, decl: tree.ActionDecl, bound: list[tree.Argument | None]) -> None:
    if isinstance(expr, tree.Call):
        expr.target, expr.bound, expr.type = decl, bound, VOID


def listed(table: tree.TableDecl, ref: tree.ActionRef) -> tree.ActionRef | None:
    """The entry of the table's list that has the name of this reference."""
    return next((r for r in table_actions(table) if action_name(r) == action_name(ref)), None)


def _named(ref: tree.ActionRef) -> tree.Node | None:
    name = ref.expr.callee if isinstance(ref.expr, tree.Call) else ref.expr
    return name.decl if isinstance(name, tree.Name) else None


def check_supplied(cx: Context, table: tree.TableDecl, ref: tree.ActionRef) -> None:
    """Checks an action with all its arguments: a default action, or the action of an entry."""
    decl = _action(cx, ref)
    ref.expr.type = ref.expr.type or UNKNOWN
    args = ref.expr.args if isinstance(ref.expr, tree.Call) else []
    check_arguments(cx, args)
    if decl is None or not isinstance(decl.type, Callable):
        return
    found = listed(table, ref)
    if found is None:
        cx.error(ref.expr, f"action '{decl.name}' is not among the actions of table '{table.name}'")
        return
    if _named(found) is not decl:
        cx.error(ref.expr, f"another action '{decl.name}' is listed", (found.span, "listed here"))
        return
    bound = bind(decl.type.params, args)
    if bound is None:
        report_binding(cx, ref.expr, f"action '{decl.name}'", decl.type.params, args)
        return
    _pass(cx, decl.type.params, bound)
    _constants(cx, decl.type.params, bound)
    _agree(cx, ref.expr, found.expr, bound)
    _annotate(ref.expr, decl, bound)


def _constants(cx: Context, params: Sequence[ParamType], bound: Sequence[tree.Argument | None]) -> None:
    for param, arg in zip(params, bound, strict=True):
        if param.direction or arg is None or arg.expr is None or arg.expr.type is UNKNOWN:
            continue
        if not is_constant(arg.expr):
            cx.error(arg.expr, f"the argument for '{param.name}' must be a compile-time constant")


def _agree(cx: Context, expr: tree.Expr, listed: tree.Expr, bound: Sequence[tree.Argument | None]) -> None:
    """What is bound in the list of actions must be bound to the same here."""
    if not isinstance(listed, tree.Call) or not listed.bound:
        return
    for here, there in zip(bound, listed.bound, strict=False):
        if here is None or there is None or here.expr is None or there.expr is None:
            continue
        if not equal(here.expr, there.expr):
            cx.error(expr, "the arguments differ from those in the list of actions", (there.expr.span, "listed here"))
            return
