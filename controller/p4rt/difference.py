"""What turns the entries of a switch into others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from finsy.proto import p4r

Key = tuple[int, int, tuple[bytes, ...]]


@dataclass(frozen=True)
class Difference:
    """What has to be written: deletions first, then modifications, then insertions in the plan's order."""

    delete: tuple[p4r.TableEntry, ...]
    modify: tuple[p4r.TableEntry, ...]
    insert: tuple[p4r.TableEntry, ...]

    def updates(self) -> list[p4r.Update]:
        """The updates in the order in which they are written."""
        kinds = ((p4r.Update.DELETE, self.delete), (p4r.Update.MODIFY, self.modify), (p4r.Update.INSERT, self.insert))
        return [
            p4r.Update(type=kind, entity=p4r.Entity(table_entry=entry)) for kind, entries in kinds for entry in entries
        ]

    def __bool__(self) -> bool:
        return bool(self.delete or self.modify or self.insert)


def difference(desired: Iterable[p4r.TableEntry], actual: Iterable[p4r.TableEntry]) -> Difference:
    """What turns `actual` into `desired`; entries that the program itself fixes (const) are left alone."""
    have = {_key(entry): entry for entry in actual if not entry.is_const and not entry.is_default_action}
    want = {_key(entry): entry for entry in desired}
    return Difference(
        delete=tuple(entry for key, entry in have.items() if key not in want),
        modify=tuple(entry for key, entry in want.items() if key in have and have[key].action != entry.action),
        insert=tuple(entry for key, entry in want.items() if key not in have),
    )


def _key(entry: p4r.TableEntry) -> Key:
    match = sorted(field.SerializeToString(deterministic=True) for field in entry.match)
    return entry.table_id, entry.priority, tuple(match)
