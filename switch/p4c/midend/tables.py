"""Tables: keys before each apply, and the table itself at its first."""

from __future__ import annotations

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import values as v
from switch.p4c.midend.actions import lower_action
from switch.p4c.midend.assign import assign
from switch.p4c.midend.body import Body, Refused
from switch.p4c.midend.convert import pure
from switch.p4c.midend.entries import lower_entries
from switch.p4c.midend.exits import flag_of, guarded
from switch.p4c.midend.frame import is_relative, plain_name
from switch.p4c.midend.instances import construct
from switch.p4c.midend.objects import TableObject
from switch.p4c.midend.places import protect
from switch.p4c.midend.shapes import is_scalar, scalar_shape, strip


def apply_table(body: Body, table: TableObject, expr: tree.Call) -> v.Val:
    """`t.apply()`: computes the keys, then the apply statement whose branches the caller may fill."""
    inner = body.within(table.frame)
    inner.span = body.span
    keys = _keys(inner, table)
    if table.made is None:
        table.made = _make(inner, table, keys)
    stmt = ir.ApplyTable(table.name)
    body.emit(stmt)
    run = v.TableRun(body.type(expr.type) if expr.type is not None else ts.VOID, stmt, table)
    flag = flag_of(body, table.frame)
    if flag is not None:
        guarded(body, run, flag)
    return run


def _elements(decl: tree.TableDecl) -> list[tree.KeyElement]:
    prop = decl.property("key")
    return prop.keys if prop is not None else []


def _keys(body: Body, table: TableObject) -> list[ir.Expr]:
    """The places to match on; computed keys are put into fields of their own."""
    values: list[v.Val] = []
    for number, element in enumerate(_elements(table.decl)):
        mark = len(body.out)
        value = _place(body, table, number, body.expr(element.expr), element)
        if len(body.out) > mark:
            values = [protect(body, earlier, mark) for earlier in values]
        values.append(value)
    return [pure(body, value, body.span) for value in values]


def _place(body: Body, table: TableObject, number: int, value: v.Val, element: tree.KeyElement) -> v.Val:
    if not is_scalar(value.type) and not isinstance(value, v.DynamicSlice):
        body.refuse(element.span, f"a key of type {value.type} is not supported")
    expr = pure(body, value, element.span)
    if isinstance(expr, ir.FieldRef) or (isinstance(expr, ir.IsValid) and expr.index is None):
        return value
    if number not in table.temps:
        table.temps[number] = body.temp(value.type, f"{table.decl.name}.key")
    assign(body, table.temps[number], value)
    return table.temps[number]


def _make(body: Body, table: TableObject, keys: list[ir.Expr]) -> ir.Table:
    decl = table.decl
    elements = _elements(decl)
    made = ir.Table(
        table.name,
        [_key(body, element, expr) for element, expr in zip(elements, keys, strict=True)],
        actions=[],
        default=ir.ActionUse("NoAction"),
        default_const=False,
        size=_number(body, decl, "size"),
        entries=[],
        entries_const=False,
        annotations=decl.annotations,
        doc=decl.doc,
        span=decl.span,
    )
    body.context.program.tables.append(made)
    with body.block():
        _actions(body, table, made)
        _default(body, table, made)
        _attach(body, table, made)
        made.largest_priority_wins = _flag(body, decl, "largest_priority_wins", True)
        made.priority_delta = _number(body, decl, "priority_delta") or 1
        made.support_timeout = _flag(body, decl, "support_timeout", False)
        lower_entries(body, table, made, use_action)
    actions = {action.name: action for action in body.context.program.actions}
    effects = body.context.effects
    used = [actions[use.action] for use in made.actions if use.action in actions]
    body.context.table_writes[table.name] = frozenset(u for a in used for u in effects.writes(a.body))
    return made


def _key(body: Body, element: tree.KeyElement, expr: ir.Expr) -> ir.Key:
    kind = body.type(element.expr.type)
    return ir.Key(expr, element.match_kind.name, key_name(element), kind, element.annotations)


def key_name(element: tree.KeyElement) -> str:
    """The control-plane name of a key: its @name, else its source text."""
    for note in element.annotations:
        if note.name == "name" and note.items and isinstance(note.items[0], tree.StringLit):
            return note.items[0].text.removeprefix(".")
    return source_text(element.expr) or "key"


def source_text(expr: tree.Expr) -> str | None:
    """The text of an expression that may name a key."""
    match expr:
        case tree.Name():
            return expr.name
        case tree.Member():
            return _member_text(expr)
        case tree.Index():
            return f"{source_text(expr.base)}[{source_text(expr.index)}]"
        case tree.Slice():
            return f"{source_text(expr.base)}[{_literal(expr.high)}:{_literal(expr.low)}]"
        case tree.Call() if isinstance(expr.callee, tree.Member) and expr.callee.name == "isValid":
            return f"{source_text(expr.callee.base)}.$valid$"
        case tree.Cast() if expr.implicit:
            return source_text(expr.operand)
        case tree.Binary(op="&"):
            mask = expr.right.value
            return f"{source_text(expr.left)} & {mask:#x}" if isinstance(mask, int) else None
    return _literal(expr)


def _member_text(expr: tree.Member) -> str:
    """A member by its @name, which may be absolute."""
    kind = strip(expr.base.type) if expr.base.type is not None else None
    fields = kind.decl.fields if isinstance(kind, ts.Struct) and kind.decl is not None else []
    name = next((plain_name(f) for f in fields if f.name == expr.name), expr.name)
    base = source_text(expr.base)
    if not is_relative(name) or base is None:
        return name.removeprefix(".")
    return f"{base}.{name}"


def _literal(expr: tree.Expr) -> str | None:
    if isinstance(expr, tree.Cast) and expr.implicit:
        return _literal(expr.operand)
    if isinstance(expr.value, bool):
        return str(expr.value).lower()
    return str(expr.value) if isinstance(expr.value, int) else None


def _value(body: Body, decl: tree.TableDecl, name: str) -> v.Val | None:
    prop = decl.property(name)
    if prop is None or not isinstance(prop.value, tree.Expr):
        return None
    if isinstance(prop.value, tree.Call) and isinstance(prop.value.callee, tree.TypeExpr):
        call = prop.value
        made = construct(body, body.type(call.type), call.bound or list(call.args), _property_name(prop), call)
        if isinstance(made, v.Extern):
            made.annotations = prop.annotations
            body.context.register(made)
        return made
    return body.expr(prop.value)


def _property_name(prop: tree.TableProperty) -> str:
    for note in prop.annotations:
        if note.name == "name" and note.items and isinstance(note.items[0], tree.StringLit):
            return note.items[0].text.removeprefix(".")
    return prop.name


def _number(body: Body, decl: tree.TableDecl, name: str) -> int | None:
    value = _value(body, decl, name)
    if isinstance(value, v.Number):
        return value.value
    if isinstance(value, v.Scalar) and isinstance(value.expr, ir.Const):
        return value.expr.value
    return None


def _flag(body: Body, decl: tree.TableDecl, name: str, default: bool) -> bool:
    value = _value(body, decl, name)
    if isinstance(value, v.Scalar) and isinstance(value.expr, ir.Const):
        return bool(value.expr.value)
    return default


def _actions(body: Body, table: TableObject, made: ir.Table) -> None:
    prop = table.decl.property("actions")
    for ref in prop.actions if prop is not None else []:
        try:
            made.actions.append(ir.ActionUse(lower_action(body, table, ref.expr), [], ref.annotations))
        except Refused:
            continue


def _default(body: Body, table: TableObject, made: ir.Table) -> None:
    prop = table.decl.property("default_action")
    if prop is not None and prop.value is not None:
        chosen: object = prop.value
        expr = chosen.expr if isinstance(chosen, tree.ActionRef) else prop.value
        made.default = use_action(body, table, expr)
        made.default_const = prop.const
        return
    actions = (d for d in body.context.source.decls if isinstance(d, tree.ActionDecl))
    nothing = next((d for d in actions if d.name == "NoAction"), None)
    if nothing is not None:
        name = tree.Name(name="NoAction", decl=nothing, span=table.decl.span)
        action = lower_action(body, table, name)
        made.default = ir.ActionUse(action)
        if all(use.action != action for use in made.actions):
            made.actions.append(ir.ActionUse(action, [], [tree.Annotation(name="defaultonly")]))


def use_action(body: Body, table: TableObject, expr: tree.Expr) -> ir.ActionUse:
    """An action with constant arguments, as a default or in an entry."""
    decl = expr.target if isinstance(expr, tree.Call) else getattr(expr, "decl", None)
    assert isinstance(decl, tree.ActionDecl)
    name = table.actions.get(decl) or lower_action(body, table, expr)
    given = (expr.bound or list(expr.args)) if isinstance(expr, tree.Call) else []
    args: list[ir.Const] = []
    for number, param in enumerate(decl.params):
        if param.direction:
            continue
        arg = given[number] if number < len(given) else None
        source = arg.expr if arg is not None and arg.expr is not None else param.default
        if source is None:
            body.refuse(expr.span, f"no argument for {plain_name(param)}")
        value = pure(body, body.expr(source), source.span)
        if not isinstance(value, ir.Const):
            body.refuse(source.span, "action arguments in tables must be compile-time constants")
        width = scalar_shape(body.type(param.type))[0]
        args.append(value if value.width == width else ir.Const(width, value.value))
    return ir.ActionUse(name, args)


def _attach(body: Body, table: TableObject, made: ir.Table) -> None:
    direct = body.context.cache.setdefault("direct", {})
    assert isinstance(direct, dict)
    slots = {"counters": "direct_counter", "meters": "direct_meter", "implementation": "action_profile"}
    for name, slot in slots.items():
        value = _value(body, table.decl, name)
        if isinstance(value, v.Extern):
            setattr(made, slot, value.name)
            direct.setdefault(value.name, made.name)
