"""Lookups against naive models: whatever was inserted, modified and deleted, packets see the same winner."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switch.engine import (
    ActionCall,
    BadValue,
    DuplicateEntry,
    Engine,
    NoSuchEntry,
    OpKind,
    ReadOnly,
    TableFull,
    TableOp,
)

from .json_builder import Builder, call, egress_to, extract, f, n, param

A, B = 16, 12  # widths of the two key fields


def program(first: str, second: str, match_type: str, size: int = 1024) -> str:
    """One table over two fields; a hit writes the entry's number into the packet."""
    b = Builder()
    b.header_type("k_t", a=A, b=B, pad=4, result=16)
    b.header("k", "k_t")
    b.state("start", [extract("k")], default=None)
    b.run("ingress", "go", egress_to(1), next_="t")
    hit = b.action("hit", {"number": 16}, call("assign", f("k.result"), param(0)))
    miss = b.action("miss", {}, call("assign", f("k.result"), n(0xFFFF)))
    b.table(
        "ingress",
        "t",
        [(first, "k.a"), (second, "k.b")],
        [hit, miss],
        match_type,
        None,
        miss,
        max_size=size,
        with_counters=True,
    )
    return b.text()


@dataclass
class Model:
    """A table as a list of (value, mask or bounds, priority, number)."""

    kinds: tuple[str, str]
    entries: dict[tuple, int] = field(default_factory=dict)

    def lookup(self, key: tuple[int, int]) -> int:
        """The winner's number."""
        best, number = -1, 0xFFFF
        for (values, masks, priority), candidate in self.entries.items():
            parts = zip(key, values, masks, self.kinds, strict=True)
            if all(v <= k <= m if kind == "range" else (k ^ v) & m == 0 for k, v, m, kind in parts):
                rank = sum(m.bit_count() for m in masks) if "lpm" in self.kinds and priority == 0 else priority
                if rank > best:
                    best, number = rank, candidate
        return number


def encode(values: tuple[int, int]) -> bytes:
    """A key or mask."""
    return values[0].to_bytes(2) + values[1].to_bytes(2)


def ask(engine: Engine, key: tuple[int, int]) -> int:
    """What the engine finds."""
    ((_, out),) = engine.process(0, (key[0] << 16 | key[1] << 4).to_bytes(4) + b"\0\0")
    return int.from_bytes(out[4:6])


def part(kind: str, width: int) -> st.SearchStrategy[tuple[int, int]]:
    """A value with its mask, or bounds."""
    full = (1 << width) - 1
    value = st.integers(0, full)
    small = st.one_of(value, st.integers(0, 7).map(lambda v: v << (width - 3)))
    if kind == "exact":
        return small.map(lambda v: (v, full))
    if kind == "lpm":
        return st.tuples(small, st.integers(0, width)).map(
            lambda t: (t[0] & (m := ((1 << t[1]) - 1) << (width - t[1])), m)
        )
    if kind == "range":
        return st.tuples(value, value).map(lambda t: (min(t), max(t)))
    if kind == "optional":
        return st.tuples(small, st.booleans()).map(lambda t: (t[0], full) if t[1] else (0, 0))
    return st.tuples(small, value).map(lambda t: (t[0] & t[1], t[1]))


SHAPES = {
    "exact": ("exact", "exact", "exact"),
    "lpm": ("lpm", "exact", "lpm"),
    "lpm alone first": ("exact", "lpm", "lpm"),
    "ternary": ("ternary", "ternary", "ternary"),
    "optional": ("optional", "ternary", "ternary"),
    "range": ("range", "ternary", "range"),
    "two ranges": ("range", "range", "range"),
    "lpm in ternary": ("lpm", "ternary", "ternary"),
}


@pytest.fixture(scope="module", params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Iterator[tuple[tuple[str, str], bool, Engine]]:
    """The kinds of the two fields, whether priorities count, and an engine."""
    first, second, match_type = SHAPES[request.param]
    with Engine(program(first, second, match_type)) as engine:
        yield (first, second), match_type in ("ternary", "range"), engine


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_packets_find_what_a_naive_table_finds(shape: tuple, data: st.DataObject) -> None:
    kinds, ordered, engine = shape
    table, model = engine.tables["t"], Model(kinds)
    table.clear()
    pair = st.tuples(part(kinds[0], A), part(kinds[1], B), st.integers(1, 40))
    for number, (first, second, priority) in enumerate(data.draw(st.lists(pair, max_size=40))):
        values, masks = (first[0], second[0]), (first[1], second[1])
        rank = priority * 64 + number if ordered else 0
        identity = (values, masks, rank)
        if identity in model.entries:
            with pytest.raises(DuplicateEntry):
                table.insert(encode(values), encode(masks), rank, ActionCall("hit", b"\0\0"))
        else:
            table.insert(encode(values), encode(masks), rank, ActionCall("hit", number.to_bytes(2)))
            model.entries[identity] = number
    for identity in data.draw(st.lists(st.sampled_from(sorted(model.entries) or [None]), max_size=20)):
        if identity in model.entries:
            handle = table.find(encode(identity[0]), encode(identity[1]), identity[2])
            assert handle is not None
            table.delete(handle)
            del model.entries[identity]
    assert len(table) == len(model.entries)
    keys = st.tuples(st.integers(0, (1 << A) - 1), st.integers(0, (1 << B) - 1))
    probes = data.draw(st.lists(keys, max_size=20)) + [identity[0] for identity in model.entries]
    for key in probes:
        assert ask(engine, key) == model.lookup(key)


def test_thousands_of_ternary_entries_with_wild_masks_agree_with_the_model() -> None:
    rng, model = random.Random(5), Model(("ternary", "ternary"))
    with Engine(program("ternary", "ternary", "ternary", size=1 << 20)) as engine:
        table = engine.tables["t"]
        ops = []
        for number in range(3000):
            masks = (rng.getrandbits(A), rng.getrandbits(B))
            values = (rng.getrandbits(A) & masks[0], rng.getrandbits(B) & masks[1])
            rank = rng.randrange(1 << 30)
            model.entries[values, masks, rank] = number
            ops.append(
                TableOp(OpKind.INSERT, encode(values), encode(masks), rank, ActionCall("hit", number.to_bytes(2)))
            )
        assert all(isinstance(result, int) for result in table.write_batch(ops))
        gone = rng.sample(sorted(model.entries), 1500)
        table.write_batch([TableOp(OpKind.DELETE, encode(v), encode(m), p) for v, m, p in gone])
        for identity in gone:
            del model.entries[identity]
        for _ in range(300):
            key = (rng.getrandbits(A), rng.getrandbits(B))
            assert ask(engine, key) == model.lookup(key)


@pytest.fixture(scope="module")
def exact() -> Iterator[Engine]:
    """A small exact table."""
    with Engine(program("exact", "exact", "exact", size=4)) as engine:
        yield engine


def test_a_full_table_refuses_and_says_so(exact: Engine) -> None:
    table = exact.tables["t"]
    table.clear()
    for number in range(4):
        table.insert(encode((number, 0)), None, 0, ActionCall("hit", b"\0\1"))
    with pytest.raises(TableFull, match="table t"):
        table.insert(encode((9, 0)), None, 0, ActionCall("hit", b"\0\1"))


def test_a_modified_entry_keeps_its_handle_and_counter(exact: Engine) -> None:
    table = exact.tables["t"]
    table.clear()
    handle = table.insert(encode((1, 2)), None, 0, ActionCall("hit", b"\0\1"))
    assert ask(exact, (1, 2)) == 1
    table.modify(handle, ActionCall("hit", b"\0\2"))
    assert ask(exact, (1, 2)) == 2
    assert table.counter(handle) == (2, 12)
    assert table.entry(handle).action == ActionCall("hit", b"\0\2")


def test_a_deleted_entrys_handle_names_nothing_ever_again(exact: Engine) -> None:
    table = exact.tables["t"]
    table.clear()
    handle = table.insert(encode((1, 2)), None, 0, ActionCall("hit", b"\0\1"))
    table.delete(handle)
    other = table.insert(encode((1, 2)), None, 0, ActionCall("hit", b"\0\1"))
    assert other != handle
    with pytest.raises(NoSuchEntry):
        table.delete(handle)


def test_values_that_do_not_fit_are_refused(exact: Engine) -> None:
    table = exact.tables["t"]
    with pytest.raises(BadValue):
        table.insert(b"\0\0\xff\xff", None, 0, ActionCall("hit", b"\0\1"))
    with pytest.raises(BadValue):
        table.insert(b"\0\0", None, 0, ActionCall("hit", b"\0\1"))
    with pytest.raises(BadValue):
        table.insert(b"\0\0\0\0", None, 0, ActionCall("hit", b"\1"))
    with pytest.raises(BadValue):
        table.insert(b"\0\0\0\0", None, 0, ActionCall("nothing"))


def test_default_actions_change_and_come_back(exact: Engine) -> None:
    table = exact.tables["t"]
    table.clear()
    table.set_default(ActionCall("hit", b"\0\7"))
    assert ask(exact, (5, 5)) == 7
    table.reset_default()
    assert ask(exact, (5, 5)) == 0xFFFF


def test_constant_entries_are_there_and_cannot_be_changed() -> None:
    b = Builder()
    b.header_type("k_t", a=8, result=8)
    b.header("k", "k_t")
    b.state("start", [extract("k")], default=None)
    b.run("ingress", "go", egress_to(1), next_="t")
    hit = b.action("hit", {"number": 8}, call("assign", f("k.result"), param(0)))
    table = b.table("ingress", "t", [("ternary", "k.a")], [hit], "ternary", None, hit, ["0xff"])
    table["entries"] = [
        {
            "match_key": [{"match_type": "ternary", "key": key, "mask": mask}],
            "priority": priority,
            "action_entry": {"action_id": hit, "action_data": [data]},
        }
        for key, mask, priority, data in (("0x10", "0xf0", 2, "0x02"), ("0x12", "0xff", 1, "0x01"))
    ]
    with Engine(b.text()) as engine:
        assert engine.process(0, b"\x12\0") == [(1, b"\x12\x01")]
        assert engine.process(0, b"\x13\0") == [(1, b"\x13\x02")]
        with pytest.raises(ReadOnly):
            engine.tables["t"].insert(b"\1", b"\xff", 1, ActionCall("hit", b"\1"))
        assert [entry.is_const for entry in engine.tables["t"].entries()] == [True, True]


@pytest.mark.parametrize("width", [24, 32, 64, 65, 100, 128, 200])
def test_prefixes_of_any_width_agree_with_the_model(width: int) -> None:
    rng = random.Random(width)
    b = Builder()
    b.header_type("k_t", a=width, table=8, pad=-width % 8 or 8, result=16)
    b.header("k", "k_t")
    b.state("start", [extract("k")], default=None)
    b.run("ingress", "go", egress_to(1), next_="t")
    hit = b.action("hit", {"number": 16}, call("assign", f("k.result"), param(0)))
    b.table("ingress", "t", [("exact", "k.table"), ("lpm", "k.a")], [hit], "lpm", None, hit, ["0xffff"], max_size=9999)
    size, full = (width + 7) // 8, (1 << width) - 1
    entries: dict[tuple[int, int, int], int] = {}
    pool = [rng.getrandbits(width) for _ in range(6)]

    def value() -> int:
        keep = rng.randrange(width)
        return (rng.choice(pool) >> keep << keep | rng.getrandbits(keep + 1)) & full

    with Engine(b.text()) as engine:
        table = engine.tables["t"]
        for number in range(600):
            length = rng.choice([0, width, rng.randrange(width + 1)])
            mask = full >> (width - length) << (width - length)
            identity = (rng.randrange(3), value() & mask, mask)
            encoded = bytes([identity[0]]) + identity[1].to_bytes(size)
            masks = b"\xff" + mask.to_bytes(size)
            if identity in entries:
                handle = table.find(encoded, masks, 0)
                assert handle is not None
                table.delete(handle)
                del entries[identity]
            else:
                table.insert(encoded, masks, 0, ActionCall("hit", number.to_bytes(2)))
                entries[identity] = number
        for _ in range(300):
            which, key = rng.randrange(4), value()
            bits = key << 8 | which
            packet = (bits << (-width % 8 or 8)).to_bytes((width + 8 + (-width % 8 or 8)) // 8) + bytes(2)
            matching = [(m.bit_count(), e) for (t, v, m), e in entries.items() if t == which and key & m == v]
            ((_, out),) = engine.process(0, packet)
            assert int.from_bytes(out[-2:]) == max(matching, default=(0, 0xFFFF))[1]
