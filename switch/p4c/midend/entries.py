"""Constant and initial entries of tables, with their priorities."""

from __future__ import annotations

from collections.abc import Callable

from switch.p4c import ir, tree
from switch.p4c.midend import values as v
from switch.p4c.midend.body import Body, Refused
from switch.p4c.midend.keysets import bare, bounds, number, unsigned
from switch.p4c.midend.objects import TableObject
from switch.p4c.midend.shapes import scalar_shape

PRIORITISED = frozenset(("ternary", "range", "optional"))
UseAction = Callable[[Body, TableObject, tree.Expr], ir.ActionUse]


def lower_entries(body: Body, table: TableObject, made: ir.Table, use: UseAction) -> None:
    """Fills in the entries of a table."""
    prop = table.decl.property("entries")
    if prop is None:
        return
    made.entries_const = prop.const
    marks: list[int | None] = []
    for entry in prop.entries:
        try:
            made.entries.append(_entry(body, table, made, entry, use))
            marks.append(_mark(entry))
        except Refused:
            continue
    if any(key.match_kind in PRIORITISED for key in made.keys):
        if any(mark is not None for mark in marks):
            _from_marks(made, marks)
        else:
            _prioritise(made)


def _mark(entry: tree.TableEntry) -> int | None:
    """The number of a @priority annotation, by which BMv2 lets the smallest win."""
    for note in entry.annotations:
        if note.name == "priority" and note.items:
            item = note.items[0]
            return item.number if isinstance(item, tree.IntLit) else None
    return None


def _from_marks(made: ir.Table, marks: list[int | None]) -> None:
    places = [number if mark is None else mark for number, mark in enumerate(marks, 1)]
    order = sorted(range(len(places)), key=places.__getitem__)
    made.entries[:] = [made.entries[number] for number in order]
    _prioritise(made)


def _entry(body: Body, table: TableObject, made: ir.Table, entry: tree.TableEntry, use: UseAction) -> ir.Entry:
    keys = _keys(body, made.keys, entry.keyset)
    priority = body.expr(entry.priority) if entry.priority is not None else None
    given: int | None = None
    if isinstance(priority, v.Number):
        given = priority.value
    elif isinstance(priority, v.Scalar) and isinstance(priority.expr, ir.Const):
        given = unsigned(priority.expr)
    action = use(body, table, entry.action.expr)
    action.annotations = entry.action.annotations
    return ir.Entry(keys, action, given, entry.const or made.entries_const, entry.span)


def _keys(body: Body, keys: list[ir.Key], keyset: tree.Expr) -> list[ir.EntryKey]:
    keyset = bare(keyset)
    if isinstance(keyset, tree.DefaultExpr):
        return [_entry_key(body, key, keyset) for key in keys]
    items = keyset.items if isinstance(keyset, tree.ListExpr) else [keyset]
    return [_entry_key(body, key, bare(item)) for key, item in zip(keys, items, strict=False)]


def _entry_key(body: Body, key: ir.Key, item: tree.Expr) -> ir.EntryKey:
    kind = key.type
    if isinstance(item, tree.ListExpr) and len(item.items) == 1:
        item = bare(item.items[0])
    if isinstance(item, tree.DefaultExpr):
        return ir.EntryKey(None)
    if isinstance(item, tree.Mask):
        value, mask = number(body, item.operand, kind), number(body, item.mask, kind)
        return ir.EntryKey(value & mask, mask)
    if isinstance(item, tree.Range):
        low, high = bounds(body, item, kind)
        full = (1 << (scalar_shape(kind)[0] or 1)) - 1
        return ir.EntryKey(low & full, None, high & full)
    value = number(body, item, kind)
    return ir.EntryKey(value, None, value if key.match_kind == "range" else None)


def _prioritise(made: ir.Table) -> None:
    """Gives entries without a priority theirs: each one step behind the entry before it."""
    if not made.entries:
        return
    largest, delta = made.largest_priority_wins, made.priority_delta
    previous: int | None = None
    for entry in made.entries:
        if entry.priority is None:
            if previous is None:
                entry.priority = (len(made.entries) - 1) * delta + 1 if largest else 1
            else:
                entry.priority = previous - delta if largest else previous + delta
        previous = entry.priority
