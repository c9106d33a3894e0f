"""Calls: inlines functions, actions, controls and parsers; built-in methods; hands externs on."""

from __future__ import annotations

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.access import known, validity
from switch.p4c.midend.actions import note_call
from switch.p4c.midend.arguments import Passed, bind, copy_out, evaluate
from switch.p4c.midend.blocks import apply_anonymous, apply_block
from switch.p4c.midend.body import Body
from switch.p4c.midend.convert import coerce, pure
from switch.p4c.midend.externs import call_function, call_method
from switch.p4c.midend.frame import Frame
from switch.p4c.midend.instances import construct
from switch.p4c.midend.objects import ActionObject, BlockInstance, TableObject
from switch.p4c.midend.places import protect
from switch.p4c.midend.shapes import bit_width
from switch.p4c.midend.tables import apply_table
from switch.p4c.midend.walk import walk

SIZES = frozenset(("minSizeInBits", "minSizeInBytes", "maxSizeInBits", "maxSizeInBytes"))
HEADER_METHODS = frozenset(("isValid", "setValid", "setInvalid"))


def call(body: Body, expr: tree.Expr) -> v.Val:
    """The rule for tree.Call."""
    assert isinstance(expr, tree.Call)
    value = known(body, expr)
    if value is not None:
        return value
    target = expr.target
    if isinstance(target, tree.ActionDecl):
        return _call_action(body, expr, target)
    if isinstance(target, tree.FunctionDecl) and target.body is not None and not isinstance(expr.callee, tree.Member):
        return _call_function(body, expr, target)
    if isinstance(expr.callee, tree.Member):
        return _call_member(body, expr, expr.callee)
    if isinstance(expr.callee, tree.TypeExpr):
        return construct(body, body.type(expr.type), expr.bound or list(expr.args), body.name("anonymous"), expr)
    if isinstance(target, tree.FunctionDecl):
        return call_function(body, expr, target)
    body.refuse(expr.span, "this cannot be called")


def _call_member(body: Body, expr: tree.Call, callee: tree.Member) -> v.Val:
    if isinstance(callee.base, tree.TypeExpr):
        return _call_type(body, expr, callee, callee.base)
    base = body.expr(callee.base)
    match base:
        case v.Object(what=TableObject() as table):
            return apply_table(body, table, expr)
        case v.Object(what=BlockInstance() as block):
            return apply_block(body, block, expr)
        case v.Extern() | v.Packet():
            return call_method(body, base, callee.name, expr)
        case v.StackVal() if callee.name in ("push_front", "pop_front"):
            return _shift(body, base, callee.name, expr)
    if callee.name in HEADER_METHODS:
        return _header_method(body, base, callee.name, expr)
    if callee.name in SIZES:
        return _size(base.type, callee.name)
    body.refuse(expr.span, f"no method {callee.name} here")


def _call_type(body: Body, expr: tree.Call, callee: tree.Member, base: tree.TypeExpr) -> v.Val:
    kind = body.type(base.node.type if base.node.type is not None else base.type)
    if callee.name in SIZES:
        return _size(kind, callee.name)
    if isinstance(kind, ts.BlockType) and callee.name == "apply":
        return apply_anonymous(body, expr)
    body.refuse(expr.span, f"no method {callee.name} here")


def _size(kind: ts.Type, method: str) -> v.Val:
    bits = bit_width(kind)
    return v.Number(ts.INT, bits if method.endswith("Bits") else (bits + 7) // 8)


def _shift(body: Body, base: v.StackVal, method: str, expr: tree.Call) -> v.Val:
    arg = expr.args[0].expr if expr.args else None
    count = pure(body, body.expr(arg), expr.span) if arg is not None else fold.const(32, 1)
    if not isinstance(count, ir.Const):
        body.refuse(expr.span, f"{method} needs a constant")
    body.emit(ir.ShiftStack(base.name, count.value if method == "push_front" else -count.value))
    return v.NOTHING


def _header_method(body: Body, base: v.Val, method: str, expr: tree.Call) -> v.Val:
    if method == "isValid":
        return v.boolean(validity(body, base, expr))
    if isinstance(base, v.HeaderVal):
        body.emit(ir.SetValidity(base.ref, method == "setValid"))
    elif isinstance(base, v.UnionVal) and method == "setInvalid":
        for member in base.members():
            body.emit(ir.SetValidity(member.ref, False))
    else:
        body.refuse(expr.span, f"{method} needs a header")
    return v.NOTHING


def _arguments(expr: tree.Call) -> list[tree.Argument | None]:
    return expr.bound or list(expr.args)


def _call_action(body: Body, expr: tree.Call, decl: tree.ActionDecl) -> v.Val:
    found = body.frame.find(decl) or body.context.globals.find(decl)
    home = body.frame
    if isinstance(found, v.Object) and isinstance(found.what, ActionObject):
        home = found.what.frame
        note_call(body, found.what)
    frame = Frame("action", parent=home, caller=body.frame, path=home.path, prefix=body.name(decl.name))
    passed = evaluate(body, frame, decl.params, _arguments(expr))
    inline_action(body, decl, frame, passed)
    return v.NOTHING


def inline_action(body: Body, decl: tree.ActionDecl, frame: Frame, passed: list[Passed]) -> None:
    """Runs an action's body with these arguments."""
    bind(body, frame, passed, decl)
    run(body, frame, decl.body)
    copy_out(body, frame)


def run(body: Body, frame: Frame, block: tree.Block) -> None:
    """Runs a body that return may leave."""
    frame.label = body.context.label(f"end_{frame.prefix or 'body'}")
    with body.block() as stmts:
        body.within(frame).stmts(block.body)
    body.emit(ir.Labelled(frame.label, stmts))


def _call_function(body: Body, expr: tree.Call, decl: tree.FunctionDecl) -> v.Val:
    frame = Frame("function", caller=body.frame, path=body.frame.path, prefix=body.name(decl.name))
    kind = decl.type
    if isinstance(kind, ts.Callable) and kind.type_params:
        frame.types = dict(zip(kind.type_params, (body.type(t) for t in expr.inferred), strict=False))
    passed = evaluate(body, frame, decl.params, _arguments(expr))
    bind(body, frame, passed, decl)
    result = _run_function(body, frame, decl)
    mark = len(body.out)
    copy_out(body, frame)
    return protect(body, result, mark)


def _run_function(body: Body, frame: Frame, decl: tree.FunctionDecl) -> v.Val:
    assert decl.body is not None
    stmts = decl.body.body
    returns = sum(isinstance(node, tree.Return) for node in walk(decl.body))
    kind = decl.type.result if isinstance(decl.type, ts.Callable) else ts.VOID
    frame.result_type = body.frame.type(frame.type(kind))
    last = stmts[-1] if stmts else None
    if returns == 1 and isinstance(last, tree.Return) and last.value is not None:
        inner = body.within(frame)
        inner.stmts(stmts[:-1])
        return coerce(inner, inner.expr(last.value), frame.result_type)
    if frame.result_type != ts.VOID:
        frame.result = body.within(frame).temp(frame.result_type, "result")
    run(body, frame, decl.body)
    return frame.result if frame.result is not None else v.NOTHING
