"""Tables: keys, actions, default action, entries and the properties that the language knows."""

from __future__ import annotations

from collections.abc import Callable as Function

from switch.p4c import tree
from switch.p4c.annotations import check_annotations
from switch.p4c.check_entries import check_entries
from switch.p4c.check_members import action_name
from switch.p4c.context import Context
from switch.p4c.control_names import check_key_name
from switch.p4c.defaults import is_constant
from switch.p4c.table_actions import check_listed, check_supplied, listed
from switch.p4c.typesys import (
    BOOL,
    ERROR,
    INT,
    MATCH_KIND,
    UNKNOWN,
    Bits,
    Enum,
    Table,
    Type,
    base_of,
)


def _table(cx: Context, decl: tree.TableDecl) -> None:
    decl.type = Table(decl.name)
    seen: set[str] = set()
    with cx.inside("table") as scope:
        scope.add(decl.name, decl)  # found by what refers to the table from inside, and refused there
        for prop in decl.properties:
            check_annotations(cx, prop.annotations)
            if prop.name in seen:
                cx.error(prop, f"table '{decl.name}' has two properties '{prop.name}'")
            seen.add(prop.name)
            if prop.name not in _PROPERTIES and prop.name not in _OF_V1MODEL:
                cx.warn(prop, "ignore-prop", f"tables have no property '{prop.name}': it is ignored")
        for prop in sorted(decl.properties, key=_order):
            _PROPERTIES.get(prop.name, _other)(cx, decl, prop)
        _required(cx, decl)
    cx.declare(decl)


def _order(prop: tree.TableProperty) -> int:
    """Keys and actions come first, for the other properties refer to them."""
    return {"key": 0, "actions": 1, "default_action": 3, "entries": 4}.get(prop.name, 2)


def _required(cx: Context, decl: tree.TableDecl) -> None:
    if decl.property("actions") is None:
        cx.error(decl, f"table '{decl.name}' has no list of actions")
    names = [p.name for p in decl.properties]
    if "default_action" in names:
        if "actions" in names and names.index("default_action") < names.index("actions"):
            cx.error(decl, "the list of actions must stand before the default action")
        return
    _no_action(cx, decl)


def _no_action(cx: Context, decl: tree.TableDecl) -> None:
    found = cx.globals.find("NoAction")
    action = found[0] if found else None
    if action is None:
        cx.error(decl, "the default action is NoAction, which is not declared: include core.p4")
    elif not isinstance(action, tree.ActionDecl) or action.params:
        place = action if isinstance(action, tree.Decl) else decl
        cx.error(place, "NoAction must be an action without parameters: include core.p4", (decl.span, "used here"))


def _key(cx: Context, decl: tree.TableDecl, prop: tree.TableProperty) -> None:
    for element in prop.keys:
        check_annotations(cx, element.annotations)
        element.expr = cx.expr(element.expr)
        kind = element.match_kind
        found = cx.match_kind_members.get(kind.name)
        kind.type = MATCH_KIND
        if found is None:
            cx.error(kind, f"'{kind.name}' is not a match kind")
        else:
            kind.decl, kind.value = found, found.value
        check_key_name(cx, element)
        if not matchable(element.expr.type or UNKNOWN):
            cx.error(element.expr, f"a value of type '{element.expr.type}' cannot be a key")


def matchable(type_: Type) -> bool:
    """Whether a table can match on values of the type."""
    plain = base_of(type_)
    return isinstance(plain, Bits | Enum) or plain in (BOOL, ERROR, UNKNOWN)


def _actions(cx: Context, decl: tree.TableDecl, prop: tree.TableProperty) -> None:
    seen: dict[str, tree.ActionRef] = {}
    for ref in prop.actions:
        check_annotations(cx, ref.annotations)
        check_listed(cx, ref)
        name = action_name(ref)
        if name in seen:
            cx.error(ref, f"action '{name}' is listed twice", (seen[name].span, "the first"))
        seen[name] = ref


def _default_action(cx: Context, decl: tree.TableDecl, prop: tree.TableProperty) -> None:
    value = prop.value
    if value is None:
        return
    ref = value if isinstance(value, tree.ActionRef) else tree.ActionRef(span=value.span, expr=value)
    check_supplied(cx, decl, ref)
    if not isinstance(value, tree.ActionRef):
        prop.value = ref.expr
    found = listed(decl, ref)
    if found is not None and any(a.name == "tableonly" for a in found.annotations):
        cx.error(ref, "an action marked @tableonly cannot be the default action", (found.span, "marked here"))


def _entries(cx: Context, decl: tree.TableDecl, prop: tree.TableProperty) -> None:
    check_entries(cx, decl, prop)


def _size(cx: Context, decl: tree.TableDecl, prop: tree.TableProperty) -> None:
    _other(cx, decl, prop)
    value = prop.value
    if value is None or value.type is UNKNOWN:
        return
    if not (isinstance(value.type, Bits) or value.type == INT):
        cx.error(value, f"the size of a table must be a number, not '{value.type}'")
    elif not is_constant(value):
        cx.error(value, "the size of a table must be a compile-time constant")


def _other(cx: Context, decl: tree.TableDecl, prop: tree.TableProperty) -> None:
    """A property of the architecture: any expression."""
    value = prop.value
    if value is None:
        return
    if isinstance(value, tree.ActionRef):
        value = value.expr
    if isinstance(value, tree.ListExpr):
        value.items = [cx.expr(item) for item in value.items]
    prop.value = cx.expr(value)


def _largest_priority_wins(cx: Context, decl: tree.TableDecl, prop: tree.TableProperty) -> None:
    _other(cx, decl, prop)
    value = prop.value
    if value is not None and value.type not in (BOOL, UNKNOWN):
        cx.error(value, f"'{prop.name}' must be bool, not '{value.type}'")


def _priority_delta(cx: Context, decl: tree.TableDecl, prop: tree.TableProperty) -> None:
    _other(cx, decl, prop)
    value = prop.value
    if value is None or value.type is UNKNOWN:
        return
    if not (isinstance(value.type, Bits) or value.type == INT):
        cx.error(value, f"'{prop.name}' must be a number, not '{value.type}'")
    elif isinstance(value.value, int) and value.value <= 0:
        cx.error(value, f"'{prop.name}' must be positive")


_PROPERTIES: dict[str, Function[..., None]] = {
    "key": _key,
    "actions": _actions,
    "default_action": _default_action,
    "entries": _entries,
    "size": _size,
    "largest_priority_wins": _largest_priority_wins,
    "priority_delta": _priority_delta,
}
_OF_V1MODEL = {"implementation", "counters", "meters", "support_timeout"}
HANDLERS: dict[type, Function[..., None]] = {tree.TableDecl: _table}
