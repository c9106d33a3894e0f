"""Makes instances: what declarations in a program, control or parser stand for, with their control-plane names."""

from __future__ import annotations

from collections.abc import Sequence

from switch.p4c import tree
from switch.p4c import typesys as ts
from switch.p4c.midend import values as v
from switch.p4c.midend.body import Body, Context
from switch.p4c.midend.convert import coerce
from switch.p4c.midend.frame import Frame, control_name
from switch.p4c.midend.objects import ActionObject, BlockInstance, TableObject, ValueSetObject
from switch.p4c.midend.walk import walk

Args = Sequence[tree.Argument | None]


def declare_globals(context: Context) -> None:
    """Gives a meaning to the instances and actions of the program itself."""
    body = Body(context, context.globals, [])
    for decl in context.source.decls:
        match decl:
            case tree.ActionDecl():
                made = ActionObject(decl, context.globals, control_name("", decl))
                context.globals.values[decl] = v.Object(ts.VOID, made)
            case tree.Instantiation() if decl.name != "main" and isinstance(decl.type, ts.Extern | ts.BlockType):
                if not (isinstance(decl.type, ts.BlockType) and decl.type.kind == "package"):
                    made = instance(body, decl)
                    context.globals.values[decl] = made
                    if isinstance(made, v.Extern):
                        context.register(made)


def instance(body: Body, decl: tree.Instantiation) -> v.Val:
    """What `T(args) name;` makes."""
    kind = body.type(decl.type)
    name = control_name(body.frame.path, decl)
    return construct(body, kind, decl.bound or list(decl.args), name, decl)


def construct(body: Body, kind: ts.Type, args: Args, name: str, decl: tree.Decl | tree.Call) -> v.Val:
    """A new instance of an extern, control or parser under a control-plane name."""
    if isinstance(kind, ts.Extern):
        return _extern(body, kind, args, name, decl)
    target = kind.decl if isinstance(kind, ts.BlockType) else None
    if not isinstance(target, tree.ControlDecl | tree.ParserDecl):
        body.refuse(decl.span, f"an instance of {kind} is not supported here")
    frame_kind = "control" if isinstance(target, tree.ControlDecl) else "parser"
    frame = Frame(frame_kind, path=name, prefix=name, decl=target, stable={})
    values = [_argument(body, arg) for arg in args]
    for param, value in zip(target.ctor_params, values, strict=False):
        frame.values[param] = _default(body, param, value)
    made = BlockInstance(target, frame, first=len(body.context.order) - 0.5)
    _declare_locals(body.context, made)
    return v.Object(kind, made)


def _argument(body: Body, arg: tree.Argument | None) -> v.Val | None:
    return None if arg is None or arg.expr is None else body.expr(arg.expr)


def _default(body: Body, param: tree.Param, value: v.Val | None) -> v.Val:
    kind = body.type(param.type)
    if value is None and param.default is not None:
        value = body.expr(param.default)
    return coerce(body, value, kind) if value is not None else v.Missing(kind)


def _extern(body: Body, kind: ts.Extern, args: Args, name: str, decl: tree.Decl | tree.Call) -> v.Extern:
    methods = kind.decl.methods if kind.decl is not None else []
    made = next((m for m in methods if m.name == kind.name and len(m.params) == len(args)), None)
    params = made.params if made is not None else []
    values = [_argument(body, arg) for arg in args]
    named = {p.name: value for p, value in zip(params, values, strict=False) if value is not None}
    notes, doc = (decl.annotations, decl.doc) if isinstance(decl, tree.Decl) else ([], "")
    body.context.declare("extern", name)
    result = v.Extern(kind, kind.name, name, named, decl, notes, doc)
    if isinstance(decl, tree.Instantiation):
        result.methods = {d.name: d for d in decl.initializer or () if isinstance(d, tree.FunctionDecl)}
    return result


def _declare_locals(context: Context, made: BlockInstance) -> None:
    frame = made.frame
    body = Body(context, frame, [])
    for decl in made.decl.locals:
        name = control_name(frame.path, decl)
        match decl:
            case tree.ActionDecl():
                context.declare("action", name)
                frame.values[decl] = v.Object(ts.VOID, ActionObject(decl, frame, name))
            case tree.TableDecl():
                context.declare("table", name)
                frame.values[decl] = v.Object(ts.Table(decl.name), TableObject(decl, frame, name))
            case tree.ValueSetDecl():
                context.declare("set", name)
                frame.values[decl] = v.Object(body.type(decl.type), ValueSetObject(decl, frame, name))
            case tree.Instantiation():
                value = instance(body, decl)
                frame.values[decl] = value
                if isinstance(value, v.Extern):
                    made.externs.append(value)
            case tree.ConstDecl():
                frame.values[decl] = coerce(body, body.expr(decl.init), body.type(decl.type))
    for node in walk(made.decl):
        if isinstance(node, tree.Call) and (kind := applied_type(node)) is not None and kind.decl is not None:
            frame.values[node] = construct(body, kind, [], control_name(frame.path, kind.decl), kind.decl)


def applied_type(call: tree.Call) -> ts.BlockType | None:
    """The control or parser of `Block.apply(...)`, which makes an instance for this one call."""
    callee = call.callee
    if isinstance(callee, tree.Member) and callee.name == "apply" and isinstance(callee.base, tree.TypeExpr):
        kind = callee.base.node.type
        return kind if isinstance(kind, ts.BlockType) else None
    return None


def begin(body: Body, made: BlockInstance) -> None:
    """Marks an instance as used: what it declares becomes part of the program; its variables get storage."""
    if made.used:
        return
    made.used = True
    for extern in made.externs:
        body.context.register(extern)
    inner = body.within(made.frame)
    for decl in made.decl.locals:
        if isinstance(decl, tree.VarDecl):
            made.frame.values[decl] = body.context.storage.place(inner.type(decl.type), inner.name(decl.name))
