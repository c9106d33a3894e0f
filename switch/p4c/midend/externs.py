"""Calls of core.p4's and v1model's externs, as primitives."""

from __future__ import annotations

from switch.p4c import tree
from switch.p4c import typesys as ts
from switch.p4c.midend import values as v
from switch.p4c.midend.arguments import Passed, evaluate
from switch.p4c.midend.body import Body
from switch.p4c.midend.frame import Frame
from switch.p4c.midend.invocation import Invocation
from switch.p4c.midend.packets import PACKET_METHODS
from switch.p4c.midend.v1model_calls import FUNCTIONS, METHODS


def call_method(body: Body, base: v.Extern | v.Packet, name: str, expr: tree.Call) -> v.Val:
    """A method of a packet or of an extern instance."""
    target = expr.target
    params = target.params if isinstance(target, tree.FunctionDecl) else []
    rule = METHODS.get((base.kind, name)) if isinstance(base, v.Extern) else PACKET_METHODS.get(name)
    if rule is None:
        body.refuse(expr.span, f"{base.type}.{name} is not supported by BMv2's v1model")
    return rule(body, Invocation(expr, base, _arguments(body, expr, params)))


def call_function(body: Body, expr: tree.Call, decl: tree.FunctionDecl) -> v.Val:
    """An extern function."""
    rule = FUNCTIONS.get(decl.name)
    if rule is None:
        body.refuse(expr.span, f"the extern function {decl.name} is not supported by BMv2's v1model")
    return rule(body, Invocation(expr, None, _arguments(body, expr, decl.params)))


def _arguments(body: Body, expr: tree.Call, params: list[tree.Param]) -> list[Passed]:
    frame = Frame("extern", caller=body.frame)
    target = expr.target
    if isinstance(target, tree.FunctionDecl) and isinstance(target.type, ts.Callable):
        kinds = (body.type(t) for t in expr.inferred)
        frame.types = dict(zip(target.type.type_params, kinds, strict=False))
    return evaluate(body, frame, params, expr.bound or list(expr.args))
