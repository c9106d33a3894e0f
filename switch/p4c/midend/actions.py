"""Actions of tables: one for each action of a control instance, with its directed arguments already in place."""

from __future__ import annotations

from switch.p4c import ir, tree
from switch.p4c.midend import values as v
from switch.p4c.midend.arguments import Passed, bind, copy_out, evaluate
from switch.p4c.midend.body import Body
from switch.p4c.midend.frame import Frame, plain_name
from switch.p4c.midend.objects import ActionObject, TableObject
from switch.p4c.midend.shapes import is_scalar, scalar_shape
from switch.p4c.midend.tidy import tidy


def lower_action(body: Body, table: TableObject, expr: tree.Expr) -> str:
    """The control-plane name of the action that a table's list names; it becomes part of the program.

    `body` is in the frame of the table's control.
    """
    decl = expr.target if isinstance(expr, tree.Call) else getattr(expr, "decl", None)
    if not isinstance(decl, tree.ActionDecl):
        body.refuse(expr.span, "this is not an action")
    given = (expr.bound or list(expr.args)) if isinstance(expr, tree.Call) else []
    found = body.frame.find(decl) or body.context.globals.find(decl)
    assert isinstance(found, v.Object)
    assert isinstance(found.what, ActionObject)
    directed = any(p.direction for p in decl.params)
    body.context.order.setdefault(("action", found.what.name), body.context.section)
    key = ("action", found.what, table if directed else None)
    known = body.context.cache.get(key)
    if not isinstance(known, str):
        known = body.context.cache[key] = _lower(body, found.what, given)
    table.actions[decl] = known
    return known


def _lower(body: Body, action: ActionObject, given: list[tree.Argument | None]) -> str:
    decl = action.decl
    frame = Frame("action", parent=action.frame, caller=body.frame, path=action.frame.path, prefix=action.name)
    frame.in_table = True
    params = [_param(body, p) for p in decl.params if not p.direction]
    for param, shown in zip((p for p in decl.params if not p.direction), params, strict=True):
        width, signed, _ = scalar_shape(shown.type)
        frame.values[param] = v.Scalar(shown.type, ir.ParamRef(width, shown.name, signed=signed))
    with body.block() as stmts:
        passed = _directed(body, frame, decl, given)
        bind(body, frame, passed, decl)
        frame.label = body.context.label(f"end_{action.name}")
        with body.block() as inner:
            body.within(frame).stmts(decl.body.body)
        body.emit(ir.Labelled(frame.label, inner))
        copy_out(body, frame)
    made = ir.Action(action.name, params, tidy(stmts), decl.annotations, decl.doc, decl.span)
    return _add(body, made, any(p.direction for p in decl.params))


def _add(body: Body, made: ir.Action, directed: bool) -> str:
    """Adds an action to the program and gives its unique name; an equal one is there only once."""
    actions = body.context.program.actions
    actions[:] = [a for a in actions if not (a.called_only and a.name == made.name)]
    same = [a for a in actions if (a.shown or a.name) == made.name]
    for other in same:
        if other.params == made.params and other.body == made.body:
            return other.name
    if same and directed:
        made.name, made.shown = f"{made.name}#{len(same)}", made.name
    actions.append(made)
    return made.name


def note_call(body: Body, action: ActionObject) -> None:
    """Shows an action that an apply block calls to the control plane, as p4c does."""
    actions = body.context.program.actions
    if body.frame.around("action") is not None or any((a.shown or a.name) == action.name for a in actions):
        return
    decl = action.decl
    body.context.order.setdefault(("action", action.name), body.context.section)
    actions.append(ir.Action(action.name, [], [], decl.annotations, decl.doc, decl.span, called_only=True))


def _directed(body: Body, frame: Frame, decl: tree.ActionDecl, given: list[tree.Argument | None]) -> list[Passed]:
    """The arguments that the table gives: those of the parameters with a direction."""
    pairs = [(p, given[i] if i < len(given) else None) for i, p in enumerate(decl.params) if p.direction]
    return evaluate(body, frame, [p for p, _ in pairs], [a for _, a in pairs])


def _param(body: Body, param: tree.Param) -> ir.ActionParam:
    kind = body.type(param.type)
    if not is_scalar(kind):
        body.refuse(param.span, f"an action parameter of type {kind} is not supported")
    width, signed, _ = scalar_shape(kind)
    return ir.ActionParam(plain_name(param), width or 1, signed, kind, param.annotations)
