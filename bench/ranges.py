"""Range tables with thousands of entries: wide and narrow ranges of one field, alone and beside masks."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from bench.engine import BURST, FEW_MASKS, SECONDS, check, mpps, packet, rate
from bench.row import FULL, Budget, Row, at_least
from switch.engine import ActionCall, Engine, OpKind, TableOp
from tests.engine.json_builder import call, f, param
from tests.engine.programs import ipv4

needs = ("cc",)
FULL_32 = (1 << 32) - 1
KEYS = {
    "range of one field": (("range", "ipv4.dst"),),
    "range beside masks": (("ternary", "ipv4.src"), ("range", "ipv4.dst")),
}
Ends = tuple[int, int]


def wide(rng: random.Random) -> Ends:
    """Any two addresses."""
    low, high = sorted((rng.getrandbits(32), rng.getrandbits(32)))
    return low, high


def narrow(rng: random.Random) -> Ends:
    """Short stretches, so that most addresses lie in a few of them."""
    low = rng.getrandbits(32)
    return low, min(low + rng.randrange(1 << 20), FULL_32)


def measure(budget: Budget = FULL) -> list[Row]:
    """Random addresses against random ranges."""
    rng = random.Random(4)
    count = min(budget.entries, 10_000)
    rows: list[Row] = []
    for what, keys in KEYS.items():
        for shape in (wide, narrow):
            speed, inserts = _rates(keys, [_entry(rng, keys, shape) for _ in range(count)], rng, budget)
            goal = at_least(2) if len(keys) == 1 else None
            note = f"{inserts / 1e3:.0f} k inserts/s"
            rows.append(rate(f"{count:,} entries, {what}, {shape.__name__}", speed, goal, note))
    return rows


def _program(keys: tuple[tuple[str, str], ...]) -> str:
    b = ipv4()
    permit = b.action("permit", {"port": 9}, call("assign", f("standard_metadata.egress_spec"), param(0)))
    b.table("ingress", "acl", list(keys), [permit], "range", None, permit, ["0x1"], max_size=1 << 20)
    return b.text()


def _entry(rng: random.Random, keys: tuple[tuple[str, str], ...], shape: Callable[[random.Random], Ends]) -> TableOp:
    low, high = shape(rng)
    key, mask = low.to_bytes(4), high.to_bytes(4)
    if len(keys) == 2:
        bits = rng.choice(FEW_MASKS)
        key, mask = (0x0A000001 & bits).to_bytes(4) + key, bits.to_bytes(4) + mask
    return TableOp(OpKind.INSERT, key, mask, rng.randrange(1, 1 << 20), ActionCall("permit", b"\0\1"))


def _rates(
    keys: tuple[tuple[str, str], ...], ops: list[TableOp], rng: random.Random, budget: Budget
) -> tuple[float, float]:
    with Engine(_program(keys)) as engine:
        start = time.thread_time()
        engine.tables["acl"].write_batch(ops)
        taken = time.thread_time() - start
        packets = [(1, packet(rng.getrandbits(32))) for _ in range(BURST)]
        check(engine, packets, 1)
        return mpps(engine, packets, SECONDS * budget.seconds), len(ops) / taken
