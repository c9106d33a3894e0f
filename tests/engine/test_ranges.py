"""Tables with range fields, many entries at once: against a list that is searched from end to end."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

import pytest

from switch.engine import ActionCall, Engine, OpKind, TableOp

from .json_builder import Builder, call, egress_to, extract, f, param

Entry = tuple[tuple[int, ...], tuple[int, ...], int]  # values or low ends, masks or high ends, priority
NOTHING = 0xFFFF


def program(fields: dict[str, tuple[str, int]]) -> str:
    """A table over the given fields (kind, width), which must make whole bytes."""
    b = Builder()
    b.header_type("k_t", **{name: width for name, (_, width) in fields.items()}, result=16)
    b.header("k", "k_t")
    b.state("start", [extract("k")], default=None)
    b.run("ingress", "go", egress_to(1), next_="t")
    hit = b.action("hit", {"number": 16}, call("assign", f("k.result"), param(0)))
    keys = [(kind, f"k.{name}") for name, (kind, _) in fields.items()]
    b.table("ingress", "t", keys, [hit], "range", None, hit, ["0xffff"], max_size=1 << 20)
    return b.text()


class World:
    """The table, and the list that says what it should find."""

    def __init__(self, engine: Engine, fields: dict[str, tuple[str, int]], rng: random.Random) -> None:
        self.fields = fields
        self.rng = rng
        self.entries: dict[Entry, int] = {}
        self._number = 0
        self._engine = engine
        self._table = engine.tables["t"]

    def key(self, values: tuple[int, ...]) -> bytes:
        sizes = [(width + 7) // 8 for _, width in self.fields.values()]
        return b"".join(value.to_bytes(size) for value, size in zip(values, sizes, strict=True))

    def insert(self, made: list[Entry]) -> None:
        ops = []
        for values, masks, priority in made:
            self._number = (self._number + 1) % NOTHING
            self.entries[values, masks, priority] = self._number
            ops.append(self._op(OpKind.INSERT, (values, masks, priority), self._number))
        assert all(isinstance(result, int) for result in self._table.write_batch(ops))

    def delete(self, gone: list[Entry]) -> None:
        assert all(isinstance(r, int) for r in self._table.write_batch([self._op(OpKind.DELETE, e, 0) for e in gone]))
        for entry in gone:
            del self.entries[entry]

    def _op(self, kind: OpKind, entry: Entry, number: int) -> TableOp:
        values, masks, priority = entry
        return TableOp(kind, self.key(values), self.key(masks), priority, ActionCall("hit", number.to_bytes(2)))

    def expected(self, key: tuple[int, ...]) -> int:
        kinds = [kind for kind, _ in self.fields.values()]
        best, number = -1, NOTHING
        for (values, masks, priority), candidate in self.entries.items():
            parts = zip(key, values, masks, kinds, strict=True)
            if priority > best and all(v <= k <= m if t == "range" else (k ^ v) & m == 0 for k, v, m, t in parts):
                best, number = priority, candidate
        return number

    def found(self, keys: list[tuple[int, ...]]) -> list[int]:
        packets = []
        for key in keys:
            bits, total = 0, 0
            for value, (_, width) in zip(key, self.fields.values(), strict=True):
                bits, total = bits << width | value, total + width
            packets.append((0, (bits << 16).to_bytes(total // 8 + 2)))
        return [int.from_bytes(out[-2:]) for _, _, out in self._engine.process_batch(packets)]

    def check(self, count: int) -> None:
        """Random keys, and keys at the ends of ranges and just beside them."""
        keys = [tuple(self.rng.getrandbits(width) for _, width in self.fields.values()) for _ in range(count)]
        for values, masks, _ in self.rng.sample(sorted(self.entries), min(count, len(self.entries))):
            near = zip(values, masks, self.fields.values(), strict=True)
            keys.append(tuple(self._near(v, m, kind, width) for v, m, (kind, width) in near))
        assert self.found(keys) == [self.expected(key) for key in keys]

    def _near(self, value: int, mask: int, kind: str, width: int) -> int:
        full = (1 << width) - 1
        if kind != "range":
            return value | self.rng.getrandbits(width) & ~mask & full
        at = self.rng.choice((value, mask, value - 1, mask + 1, self.rng.randint(value, mask)))
        return min(max(at, 0), full)


def anything(rng: random.Random, width: int) -> tuple[int, int]:
    low, high = sorted((rng.getrandbits(width), rng.getrandbits(width)))
    return low, high


def narrow(rng: random.Random, width: int) -> tuple[int, int]:
    low = rng.getrandbits(width)
    return low, min(low + rng.randrange(1, 40), (1 << width) - 1)


def mixed(rng: random.Random, width: int) -> tuple[int, int]:
    point, keep = rng.getrandbits(width), rng.randrange(width)
    wild, prefix = (0, (1 << width) - 1), (point >> keep << keep, (point >> keep << keep) | (1 << keep) - 1)
    return rng.choice((wild, wild, (point, point), prefix, anything(rng, width), narrow(rng, width)))


def masked(rng: random.Random, width: int) -> tuple[int, int]:
    mask = rng.choice((0, (1 << width) - 1, (1 << width) - 1 & ~0xF))
    return rng.choice((1, 2, rng.getrandbits(width))) & mask, mask


def wild_mask(rng: random.Random, width: int) -> tuple[int, int]:
    mask = rng.getrandbits(width)
    return rng.getrandbits(width) & mask, mask


Make = Callable[[random.Random, int], tuple[int, int]]
SHAPES: dict[str, dict[str, tuple[str, int, Make]]] = {
    "one field, wide ranges": {"a": ("range", 16, anything)},
    "one field, narrow ranges": {"a": ("range", 32, narrow)},
    "one field, all sorts": {"a": ("range", 16, mixed)},
    "odd widths": {"a": ("range", 13, mixed), "pad": ("ternary", 3, wild_mask)},
    "64 bits": {"a": ("range", 64, anything)},
    "wider than a word": {"a": ("range", 72, anything)},
    "two fields": {"a": ("range", 16, mixed), "b": ("range", 16, mixed)},
    "few masks beside": {"a": ("ternary", 32, masked), "b": ("range", 16, anything), "c": ("ternary", 8, masked)},
    "wild masks beside": {"a": ("ternary", 8, wild_mask), "b": ("range", 16, mixed)},
    "prefixes and options beside": {"a": ("exact", 8, lambda r, w: (r.randrange(3), 255)), "b": ("range", 24, mixed)},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_many_entries_with_ranges_agree_with_a_list_while_they_come_and_go(shape: str) -> None:
    fields = {name: (kind, width) for name, (kind, width, _) in SHAPES[shape].items()}
    makers = [(make, width) for _, width, make in SHAPES[shape].values()]
    rng = random.Random(shape)

    def fresh(count: int, world: World) -> list[Entry]:
        made: dict[Entry, None] = {}
        while len(made) < count:
            pairs = [make(rng, width) for make, width in makers]
            made[tuple(p[0] for p in pairs), tuple(p[1] for p in pairs), rng.randrange(1 << 30)] = None
        return [entry for entry in made if entry not in world.entries]

    with Engine(program(fields)) as engine:
        world = World(engine, fields, rng)
        for count, gone in ((30, 10), (400, 100), (700, 900), (300, 50)):
            world.insert(fresh(count, world))
            world.check(60)
            world.delete(rng.sample(sorted(world.entries), gone))
            world.check(60)
        world.delete(sorted(world.entries))
        world.check(20)


def test_an_entry_is_found_at_every_moment_while_others_make_its_group_grow_and_move() -> None:
    fields = {"a": ("range", 16), "b": ("ternary", 16)}
    with Engine(program(fields)) as engine:
        world = World(engine, fields, random.Random(9))
        full = 0xFFFF
        kept = [((100 * i, 0), (100 * i + 50, 0), 1 << 30) for i in range(20)]
        world.insert(kept)
        numbers = [world.entries[entry] for entry in kept]
        packets = [(100 * i + 25, 7) for i in range(20)]
        stop, missed = threading.Event(), []

        def churn() -> None:
            while not stop.is_set():
                others = [((i, 0), (i + 3000, 0), i + 1) for i in range(0, 60000, 300)]
                others += [((i, 5), (i + 10, full), i + 1) for i in range(0, 60000, 500)]
                world.insert(others)
                world.delete(others)

        thread = threading.Thread(target=churn)
        thread.start()
        for _ in range(400):
            found = world.found(packets)
            missed += [pair for pair in zip(numbers, found, strict=True) if pair[0] != pair[1]]
        stop.set()
        thread.join()

        assert missed == []
