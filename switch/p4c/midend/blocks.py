"""Applies instances of controls and parsers by putting their bodies in place."""

from __future__ import annotations

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import values as v
from switch.p4c.midend.arguments import Passed, bind, copy_out, evaluate, is_data
from switch.p4c.midend.body import Body, Context
from switch.p4c.midend.effects import PACKET
from switch.p4c.midend.instances import begin
from switch.p4c.midend.objects import BlockInstance
from switch.p4c.midend.parsers import SubParser, lower_states, start_variables
from switch.p4c.midend.walk import walk


def apply_anonymous(body: Body, expr: tree.Call) -> v.Val:
    """`Block.apply(...)`: an instance for this one call, named like its type."""
    made = body.frame.find(expr)
    if not isinstance(made, v.Object) or not isinstance(made.what, BlockInstance):
        body.refuse(expr.span, "a control or parser cannot be applied here")
    return apply_block(body, made.what, expr)


def apply_block(body: Body, made: BlockInstance, expr: tree.Call) -> v.Val:
    """`instance.apply(arguments)`."""
    begin(body, made)
    decl, frame = made.decl, made.frame
    frame.caller, frame.copies = body.frame, []
    frame.shared = _is_shared(body, made)
    passed = evaluate(body, frame, decl.params, expr.bound or list(expr.args))
    if frame.shared:
        for one in passed:
            one.copied = is_data(one)
    bind_block(body, made, passed)
    if isinstance(decl, tree.ControlDecl):
        run_control(body, made)
    else:
        states = lower_states(body.within(frame), made, frame.path)
        body.emit(SubParser(states, frozenset(_written(body, states))))
    copy_out(body, frame)
    frame.caller = None
    return v.NOTHING


def _written(body: Body, states: list[ir.ParserState]) -> list[tuple[str, ...]]:
    return [unit for state in states for unit in body.context.effects.writes(state.body)]


def bind_block(body: Body, made: BlockInstance, passed: list[Passed]) -> None:
    """Gives a block's parameters their meaning."""
    from_packet = any(isinstance(one.value, v.Packet) for one in passed)
    bind(body, made.frame, passed, made.decl, {PACKET} if from_packet else None)


def run_control(body: Body, made: BlockInstance) -> None:
    """The local variables' first values, and the apply body."""
    frame = made.frame
    assert isinstance(made.decl, tree.ControlDecl)
    start_variables(body.within(frame), made.decl.locals)
    frame.label = body.context.label(f"end_{frame.path or made.decl.name}")
    with body.block() as stmts:
        body.within(frame).stmts(made.decl.body.body)
    body.emit(ir.Labelled(frame.label, stmts))


def _is_shared(body: Body, made: BlockInstance) -> bool:
    """Whether several calls must meet in the same parameters: it has tables and is applied with different arguments."""
    if not has_tables(body.context, made.decl):
        return False
    if body.frame.shared:
        return True
    caller = body.frame.decl
    calls = [] if caller is None else [c for c in _calls(body.context, caller) if _callee(body, c) is made]
    if len(calls) < 2:
        return False
    texts = [tuple(_chain(arg.expr) if arg else None for arg in call.bound or call.args) for call in calls]
    return any(None in text for text in texts) or len(set(texts)) > 1


def _calls(context: Context, decl: tree.Node) -> list[tree.Call]:
    known = context.cache.get(("calls", decl))
    if not isinstance(known, list):
        known = [n for n in walk(decl) if isinstance(n, tree.Call) and isinstance(n.callee, tree.Member)]
        context.cache[("calls", decl)] = known
    return known


def _callee(body: Body, call: tree.Call) -> object:
    callee = call.callee
    if isinstance(callee, tree.Member) and callee.name == "apply" and isinstance(callee.base, tree.Name):
        found = body.frame.find(callee.base.decl) if callee.base.decl is not None else None
        return found.what if isinstance(found, v.Object) else None
    return None


def _chain(expr: tree.Expr | None) -> object:
    match expr:
        case tree.Name():
            return expr.decl
        case tree.Member():
            base = _chain(expr.base)
            return (base, expr.name) if base is not None else None
    return None


def has_tables(context: Context, decl: tree.Node) -> bool:
    """Whether a control, or one inside it, has tables."""
    key = ("tables", decl)
    known = context.cache.get(key)
    if not isinstance(known, bool):
        known = any(
            isinstance(local, tree.TableDecl)
            or (
                isinstance(local, tree.Instantiation)
                and isinstance(local.type, ts.BlockType)
                and local.type.decl is not None
                and has_tables(context, local.type.decl)
            )
            for local in getattr(decl, "locals", ())
        )
        context.cache[key] = known
    return known
