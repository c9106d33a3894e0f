"""The entries that one switch should hold, by who wants them; entries are kept as bytes, since there may be many."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping

from finsy.proto import p4r

Key = bytes  # a serialized TableEntry without its action
Action = bytes  # a serialized TableAction


def packed(entry: p4r.TableEntry) -> tuple[Key, Action]:
    """An entry as key and action; numbers without leading zeros, as P4Runtime has them, whatever the switch answers."""
    key = p4r.TableEntry(table_id=entry.table_id, priority=entry.priority)
    for match in sorted(entry.match, key=lambda match: match.field_id):
        _canonical_match(key.match.add(), match)
    action = p4r.TableAction()
    action.CopyFrom(entry.action)
    for param in action.action.params:
        param.value = _canonical(param.value)
    return key.SerializeToString(deterministic=True), action.SerializeToString(deterministic=True)


def unpacked(key: Key, action: Action) -> p4r.TableEntry:
    """The entry of a key and an action."""
    entry = p4r.TableEntry.FromString(key)
    entry.action.ParseFromString(action)
    return entry


class Desired:
    """What a switch should hold. Where two want the same key, the one that came first has it."""

    def __init__(self) -> None:
        self.entries: dict[Key, Action] = {}
        self._by_owner: dict[Hashable, tuple[Key, ...]] = {}
        self._owners: dict[Key, Hashable] = {}
        self._waiting: dict[Key, list[tuple[Hashable, Action]]] = {}

    def __len__(self) -> int:
        return len(self.entries)

    def owners(self) -> Iterable[Hashable]:
        """Who wants something."""
        return tuple(self._by_owner)

    def conflicts(self) -> Iterator[Key]:
        """Keys that two want with different actions."""
        for key, others in self._waiting.items():
            if any(action != self.entries[key] for _, action in others):
                yield key

    def set(self, owner: Hashable, wanted: Mapping[Key, Action]) -> set[Key]:
        """Says everything that one owner wants; returns the keys whose entry is now another, or gone, or new."""
        changed: set[Key] = set()
        for key in self._by_owner.pop(owner, ()):
            if key not in wanted and self._drop(key, owner):
                changed.add(key)
        for key, action in wanted.items():
            if self._want(key, owner, action):
                changed.add(key)
        if wanted:
            self._by_owner[owner] = tuple(wanted)
        return changed

    def _want(self, key: Key, owner: Hashable, action: Action) -> bool:
        holder = self._owners.setdefault(key, owner)
        if holder == owner:
            before = self.entries.get(key)
            self.entries[key] = action
            return before != action
        others = [other for other in self._waiting.get(key, ()) if other[0] != owner]
        self._waiting[key] = [*others, (owner, action)]
        return False

    def _drop(self, key: Key, owner: Hashable) -> bool:
        others = [other for other in self._waiting.pop(key, ()) if other[0] != owner]
        if self._owners[key] != owner:
            if others:
                self._waiting[key] = others
            return False
        before = self.entries.pop(key)
        del self._owners[key]
        if not others:
            return True
        self._owners[key], self.entries[key] = others[0]
        if others[1:]:
            self._waiting[key] = others[1:]
        return self.entries[key] != before


def _canonical_match(into: p4r.FieldMatch, match: p4r.FieldMatch) -> None:
    into.CopyFrom(match)
    match match.WhichOneof("field_match_type"):
        case "exact":
            into.exact.value = _canonical(match.exact.value)
        case "lpm":
            into.lpm.value = _canonical(match.lpm.value)
        case "ternary":
            into.ternary.value = _canonical(match.ternary.value)
            into.ternary.mask = _canonical(match.ternary.mask)
        case "range":
            into.range.low = _canonical(match.range.low)
            into.range.high = _canonical(match.range.high)
        case "optional":
            into.optional.value = _canonical(match.optional.value)
        case _:
            pass


def _canonical(value: bytes) -> bytes:
    return value.lstrip(b"\0") or b"\0" if value[:1] == b"\0" else value
