"""The entries of a table: keysets, priorities, duplicates."""

from __future__ import annotations

from switch.p4c import consteval, tree
from switch.p4c.annotations import check_annotations
from switch.p4c.check_keysets import check_keyset
from switch.p4c.context import Context
from switch.p4c.priorities import check_priorities
from switch.p4c.table_actions import check_supplied, listed
from switch.p4c.typesys import UNKNOWN, Bits, Value, number_type


def check_entries(cx: Context, table: tree.TableDecl, prop: tree.TableProperty) -> None:
    """Checks all entries against the table's keys and actions."""
    key = table.property("key")
    keys = key.keys if key else []
    if not keys and prop.entries:
        cx.error(prop, f"table '{table.name}' has no key, so that it can have no entries", (table.span, "the table"))
        return
    if key is not None and table.properties.index(key) > table.properties.index(prop):
        cx.error(prop, "the entries must stand after the key", (key.span, "the key"))
    types = [k.expr.type or UNKNOWN for k in keys]
    seen: dict[tuple[Value | None, ...], tree.TableEntry] = {}
    for entry in prop.entries:
        check_annotations(cx, entry.annotations)
        if entry.priority is not None:
            entry.priority = cx.expr(entry.priority)
        entry.keyset = check_keyset(cx, entry.keyset, types)
        for element, part in zip(keys, _parts(entry.keyset, len(keys)), strict=False):
            _check_part(cx, element, part)
        _duplicate(cx, keys, entry, seen)
        check_supplied(cx, table, entry.action)
        _annotated(cx, table, entry.action)
    check_priorities(cx, table, prop, keys)


def _parts(keyset: tree.Expr, count: int) -> list[tree.Expr]:
    if isinstance(keyset, tree.ListExpr) and len(keyset.items) == count:
        return keyset.items
    return [keyset] if count == 1 else []


def _check_part(cx: Context, key: tree.KeyElement, part: tree.Expr) -> None:
    """Reports keysets that are not constant, or that the kind of match cannot express."""
    kind = key.match_kind.name
    if isinstance(part, tree.DefaultExpr):
        return
    plain = not isinstance(part, tree.Mask | tree.Range)
    if kind in ("exact", "optional") and not plain:
        cx.error(part, f"'{kind}' keys match single values")
    elif kind in ("lpm", "ternary") and isinstance(part, tree.Range):
        cx.error(part, f"'{kind}' keys cannot match ranges")
    elif kind == "lpm" and isinstance(part, tree.Mask):
        _prefix(cx, key, part)


def _prefix(cx: Context, key: tree.KeyElement, part: tree.Mask) -> None:
    mask, type_ = consteval.as_int(part.mask.value), number_type(key.expr.type or UNKNOWN)
    if mask is None or not isinstance(type_, Bits):
        return
    ones = (1 << type_.width) - 1
    inverted = ~mask & ones
    if inverted & (inverted + 1):
        cx.error(part, f"the mask {mask:#x} is not a prefix mask, as 'lpm' needs")


def _duplicate(
    cx: Context,
    keys: list[tree.KeyElement],
    entry: tree.TableEntry,
    seen: dict[tuple[Value | None, ...], tree.TableEntry],
) -> None:
    if any(k.match_kind.name != "exact" for k in keys):
        return
    values = tuple(p.value for p in _parts(entry.keyset, len(keys)))
    if None in values or not values:
        return
    if values in seen:
        cx.error(entry, "two entries have the same key", (seen[values].span, "the first"))
    seen.setdefault(values, entry)


def _annotated(cx: Context, table: tree.TableDecl, ref: tree.ActionRef) -> None:
    found = listed(table, ref)
    if found is not None and any(a.name == "defaultonly" for a in found.annotations):
        cx.error(ref, "an action marked @defaultonly cannot be used in an entry", (found.span, "marked here"))
