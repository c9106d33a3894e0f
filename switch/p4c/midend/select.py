"""`transition select (...) { ... }`."""

from __future__ import annotations

from collections.abc import Callable

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.midend import values as v
from switch.p4c.midend.assign import assign
from switch.p4c.midend.body import Body
from switch.p4c.midend.convert import coerce
from switch.p4c.midend.expressions import in_order
from switch.p4c.midend.frame import plain_name
from switch.p4c.midend.keysets import bare, flat_types, rows
from switch.p4c.midend.objects import ValueSetObject
from switch.p4c.midend.shapes import field_types, is_scalar, scalar_shape


def lower_select(body: Body, select: tree.Select, state: ir.ParserState, target: Callable[[tree.Name], str]) -> None:
    """Fills in keys and cases of a state."""
    keys = in_order(body, select.keys)
    keys = [_sized(body, key, expr) for key, expr in zip(keys, select.keys, strict=True)]
    kinds = [key.type for key in keys]
    state.keys = [_key(body, part) for key in keys for part in v.parts(key)]
    for case in select.cases:
        next_state = target(case.state)
        keyset = bare(case.keyset)
        chosen = _value_set(body, keyset)
        if chosen is not None:
            state.cases.append(ir.SelectCase([], next_state, _use(body, chosen)))
            continue
        state.cases.extend(ir.SelectCase(list(row), next_state) for row in rows(body, keyset, kinds))


def _sized(body: Body, key: v.Val, expr: tree.Expr) -> v.Val:
    return coerce(body, key, body.type(expr.type)) if expr.type is not None and expr.type != ts.INT else key


def _key(body: Body, part: v.Scalar) -> ir.Expr:
    """A field or look-ahead to select on; anything else is computed into one."""
    match part.expr:
        case ir.FieldRef() | ir.Lookahead():
            return part.expr
        case ir.StackFieldRef() if part.expr.index == "last":
            return part.expr
    kept = body.temp(part.type, "select")
    assign(body, kept, part)
    assert isinstance(kept, v.Scalar)
    return kept.expr


def _value_set(body: Body, keyset: tree.Expr) -> ValueSetObject | None:
    if isinstance(keyset, tree.ListExpr) and len(keyset.items) == 1:
        keyset = bare(keyset.items[0])
    if isinstance(keyset, tree.Name) and isinstance(keyset.decl, tree.ValueSetDecl):
        found = body.expr(keyset)
        if isinstance(found, v.Object) and isinstance(found.what, ValueSetObject):
            return found.what
    return None


def _use(body: Body, chosen: ValueSetObject) -> str:
    if chosen.made is None:
        decl = chosen.decl
        kind = body.type(decl.type)
        kind = kind.element if isinstance(kind, ts.Set) else kind
        size = body.expr(decl.size)
        number = size.value if isinstance(size, v.Number) else getattr(getattr(size, "expr", None), "value", 0)
        chosen.made = ir.ValueSet(chosen.name, number, _members(kind, chosen), decl.annotations, decl.doc)
        body.context.program.value_sets.append(chosen.made)
    return chosen.name


def _members(kind: ts.Type, chosen: ValueSetObject) -> list[ir.ValueSetKey]:
    if is_scalar(kind):
        return [ir.ValueSetKey("", scalar_shape(kind)[0] or 1, "exact", kind, [])]
    notes = {}
    if isinstance(kind, ts.Struct) and kind.decl is not None:
        notes = {f.name: f for f in kind.decl.fields}
    keys: list[ir.ValueSetKey] = []
    for name, part in field_types(kind):
        decl = notes.get(name)
        annotations = decl.annotations if decl is not None else []
        shown = plain_name(decl) if decl is not None else name
        for flat in flat_types(part):
            keys.append(ir.ValueSetKey(shown, scalar_shape(flat)[0] or 1, _match_kind(annotations), part, annotations))
    return keys


def _match_kind(annotations: list[tree.Annotation]) -> str:
    for note in annotations:
        if note.name == "match":
            return note.text.strip() or "exact"
    return "exact"
