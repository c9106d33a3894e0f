"""Priorities of entries (specification 14.2.1.4)."""

from __future__ import annotations

from switch.p4c import consteval, tree
from switch.p4c.context import Context

_WITHOUT = ("exact", "lpm")  # match kinds that never need a priority


def check_priorities(cx: Context, table: tree.TableDecl, prop: tree.TableProperty, keys: list[tree.KeyElement]) -> None:
    """Reports priorities where there can be none, and those that are missing, out of order or out of range."""
    given = [e for e in prop.entries if e.priority is not None]
    if not given:
        return
    if prop.const:
        cx.error(given[0], "the entries of 'const entries' cannot have priorities")
    elif all(k.match_kind.name in _WITHOUT for k in keys):
        place = (keys[0].span, "the key") if keys else (table.span, "the table")
        cx.error(given[0], "entries have no priorities where all keys are exact or lpm", place)
    elif prop.entries[0].priority is None:
        cx.error(prop.entries[0], "the first entry must have a priority, for another has one", (given[0].span, "this"))
    else:
        _sequence(cx, table, prop)


def _sequence(cx: Context, table: tree.TableDecl, prop: tree.TableProperty) -> None:
    largest = _property(table, "largest_priority_wins") is not False
    delta = _property(table, "priority_delta")
    step = (delta if isinstance(delta, int) else 1) * (-1 if largest else 1)
    previous: int | None = None
    used: dict[int, tree.TableEntry] = {}
    ordered = True
    for entry in prop.entries:
        number = previous + step if previous is not None else 0
        if entry.priority is not None:
            given = consteval.as_int(entry.priority.value)
            if given is None:
                cx.error(entry.priority, "a priority must be a compile-time number")
                return
            number = given
        if number < 0:
            cx.error(entry, f"this entry would have the priority {number}", (table.span, "in this table"))
            return
        if number in used:
            cx.warn(
                entry,
                "duplicate_priorities",
                f"two entries have the priority {number}",
                (used[number].span, "the other"),
            )
        used[number] = entry
        if previous is not None and ordered and (number > previous if largest else number < previous):
            ordered = False
            cx.warn(entry, "entries_out_of_priority_order", "the entries are not in the order of their priorities")
        previous = number


def _property(table: tree.TableDecl, name: str) -> object:
    prop = table.property(name)
    return prop.value.value if prop is not None and isinstance(prop.value, tree.Expr) else None
