"""Runs two BMv2 JSONs of one program side by side on our engine: same packets, same table entries, same results?"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import zip_longest

from switch.engine import ActionCall, BuildOptions, Clock, Engine, EngineError, KeyKind, KeySpec, Table, TableSpec

PACKETS = 150
ENTRIES = 6


def difference(ours: str, theirs: str, seed: int = 1) -> str:
    """ "" if both behave the same for random packets, without and with random entries in their tables; else the first
    difference."""
    quick = BuildOptions(optimize=("-O1",))
    with (
        Engine(ours, clock=Clock.VIRTUAL, seed=1, options=quick) as left,
        Engine(theirs, clock=Clock.VIRTUAL, seed=1, options=quick) as right,
    ):
        rng = random.Random(seed)
        for round_ in ("without entries", "with entries"):
            for number in range(PACKETS):
                port, data = rng.randrange(1, 8), _packet(rng)
                a, b = left.process(port, data), right.process(port, data)
                if a != b:
                    return f"{round_}, packet {number}: {data.hex()} into port {port}: {_first(a, b)}"
            problem = _fill(left, right, rng)
            if problem:
                return problem
    return ""


def _first(ours: list[tuple[int, bytes]], theirs: list[tuple[int, bytes]]) -> str:
    for a, b in zip_longest(ours, theirs):
        if a != b:
            return f"ours {_shown(a)}, p4c's {_shown(b)}"
    return ""


def _shown(left: tuple[int, bytes] | None) -> str:
    return "nothing" if left is None else f"port {left[0]} {left[1].hex()}"


def _packet(rng: random.Random) -> bytes:
    """Few different values, so that conditions and keys are met; now and then an Ethernet and IPv4 header."""
    size = rng.choice((1, 4, 14, 20, 34, 54, 64, 100, 200))
    data = bytearray(rng.choice((0, 0, 0, 1, 1, 2, 3, 4, 8, 16, 0x80, 0xFF, rng.randrange(256))) for _ in range(size))
    if size >= 34 and rng.random() < 0.6:
        data[12:14] = b"\x08\x00"
        data[14] = rng.choice((0x45, 0x45, 0x45, 0x46))
        data[22:24] = bytes((rng.choice((0, 1, 2, 64)), rng.choice((6, 17, 1, 0))))
    return bytes(data)


def _fill(left: Engine, right: Engine, rng: random.Random) -> str:
    """The same entries in all tables that both have with the same keys and actions; says if only one takes an entry."""
    for name, table in left.tables.items():
        other = right.tables.get(name)
        if other is None or not _alike(table.spec, other.spec) or table.spec.action_profile or table.spec.entries:
            continue
        for priority in range(1, ENTRIES + 1):
            key, mask = _key(table.spec, rng)
            action = rng.choice(table.spec.actions)
            call = ActionCall(action.name, b"".join(_value(p.width, rng) for p in action.params))
            outcomes = [_insert(t, key, mask, priority, call) for t in (table, other)]
            if outcomes[0] != outcomes[1]:
                return f"an entry is taken in {name} by {'ours' if outcomes[0] else 'theirs'} only"
    return ""


def _insert(table: Table, key: bytes, mask: bytes, priority: int, call: ActionCall) -> bool:
    try:
        table.insert(key, mask, priority, call)
    except EngineError:  # full, or twice: both must say so
        return False
    return True


def _alike(left: TableSpec, right: TableSpec) -> bool:
    return list(_signature(left)) == list(_signature(right))


def _signature(spec: TableSpec) -> Iterator[object]:
    yield from ((key.kind, key.width) for key in spec.keys)
    yield from sorted((action.name, tuple(param.width for param in action.params)) for action in spec.actions)


def _value(width: int, rng: random.Random) -> bytes:
    number = rng.choice((0, 1, 2, 3, rng.getrandbits(max(1, width)))) & ((1 << width) - 1)
    return number.to_bytes((width + 7) // 8)


def _key(spec: TableSpec, rng: random.Random) -> tuple[bytes, bytes]:
    parts = [_field(key, rng) for key in spec.keys]
    return b"".join(key for key, _ in parts), b"".join(mask for _, mask in parts)


def _field(key: KeySpec, rng: random.Random) -> tuple[bytes, bytes]:
    full = (1 << key.width) - 1
    value = int.from_bytes(_value(key.width, rng))
    mask = full
    if key.kind is KeyKind.LPM:
        mask = full & ~(full >> rng.randrange(key.width + 1))
    elif key.kind is KeyKind.TERNARY:
        mask = rng.choice((0, full, full & 0xF, full >> 1))
    elif key.kind is KeyKind.OPTIONAL:
        mask = rng.choice((0, full))
    elif key.kind is KeyKind.RANGE:
        return value.to_bytes(key.size), rng.randint(value, full).to_bytes(key.size)
    elif key.kind is KeyKind.VALID:
        return (value & 1).to_bytes(1), b"\x01"
    return (value & mask).to_bytes(key.size), mask.to_bytes(key.size)
