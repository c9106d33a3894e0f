"""Default actions and constant entries that tables bring along."""

from __future__ import annotations

from dataclasses import dataclass

from .actions import ActionSpec
from .jsonpath import Json
from .keys import KeyKind, KeySpec, key_kind, prefix_mask


@dataclass(frozen=True, slots=True)
class ConstEntry:
    """An entry that the program brings; encoded as the table's keys and action data are."""

    key: bytes
    mask: bytes
    priority: int
    action: int
    data: bytes


@dataclass(frozen=True, slots=True)
class DefaultEntry:
    """A default action: its index in the table's actions, its data, and what is constant about it."""

    action: int
    data: bytes
    const_action: bool
    const_entry: bool


def read_action_data(where: Json, action: ActionSpec) -> bytes:
    """Reads `action_data`: one hexadecimal string per parameter; bits beyond the width are cut, as BMv2 does."""
    items = where.items()
    if len(items) != len(action.params):
        raise where.fail(f"action {action.name!r} takes {len(action.params)} arguments, got {len(items)}")
    data = b""
    for item, param in zip(items, action.params, strict=True):
        data += (item.hex() & ((1 << param.width) - 1)).to_bytes((param.width + 7) // 8)
    return data


def _index(where: Json, actions: tuple[ActionSpec, ...]) -> int:
    number = where.number()
    for index, action in enumerate(actions):
        if action.id == number:
            return index
    raise where.fail(f"the table has no action with id {number}")


def read_default(where: Json, actions: tuple[ActionSpec, ...]) -> DefaultEntry | None:
    """Reads `default_entry`, if there is one."""
    entry = where.get("default_entry")
    if entry is None:
        return None
    index = _index(entry["action_id"], actions)
    data = read_action_data(entry["action_data"], actions[index])
    return DefaultEntry(index, data, entry.flag("action_const"), entry.flag("action_entry_const"))


def read_entries(
    where: Json, keys: tuple[KeySpec, ...], ordered: bool, actions: tuple[ActionSpec, ...]
) -> tuple[ConstEntry, ...] | None:
    """Reads `entries`; JSON's smaller priority number wins, ours the larger, so they are turned around."""
    if where.get("entries") is None:
        return None
    listed = where.items("entries")
    top = max((item["priority"].number() for item in listed if item.get("priority")), default=0)
    entries: list[ConstEntry] = []
    for item in listed:
        key, mask = _read_match(item["match_key"], keys)
        action = item["action_entry"]
        index = _index(action["action_id"], actions)
        data = read_action_data(action["action_data"], actions[index])
        priority = top - item["priority"].number() + 1 if ordered else 0
        entries.append(ConstEntry(key, mask, priority, index, data))
    return tuple(entries)


def _read_match(where: Json, keys: tuple[KeySpec, ...]) -> tuple[bytes, bytes]:
    items = where.items()
    if len(items) != len(keys):
        raise where.fail(f"expected {len(keys)} fields, got {len(items)}")
    key, mask = b"", b""
    for item, spec in zip(items, keys, strict=True):
        value, bits = _read_field(item, spec)
        key += value.to_bytes(spec.size)
        mask += bits.to_bytes(spec.size)
    return key, mask


def _read_field(item: Json, spec: KeySpec) -> tuple[int, int]:
    full = (1 << spec.width) - 1
    kind = key_kind(item["match_type"])
    if kind is not spec.kind and not {kind, spec.kind} <= {KeyKind.TERNARY, KeyKind.OPTIONAL}:
        raise item["match_type"].fail(f"the key field is {spec.kind.value}")
    match kind:
        case KeyKind.VALID:
            return int(item["key"].truth()), full
        case KeyKind.EXACT:
            value, mask = item["key"].hex(), full
        case KeyKind.LPM:
            mask = prefix_mask(spec.width, item["prefix_length"].number(0, spec.width))
            value = item["key"].hex() & mask
        case KeyKind.TERNARY | KeyKind.OPTIONAL:
            mask = item["mask"].hex() & full
            value = item["key"].hex() & mask
        case _:
            value, mask = item["start"].hex(), item["end"].hex()
    if not (0 <= value <= full and 0 <= mask <= full):
        raise item.fail(f"does not fit {spec.width} bits")
    if kind is KeyKind.RANGE and value > mask:
        raise item.fail("the range is empty")
    return value, mask
