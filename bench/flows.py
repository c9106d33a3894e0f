"""Flow tracking in the full vrouter alone: established flows, first packets, memory, a full table; one core.

UDP from one instance to another on the far host, each flow with ports of its own; the sender's router tracks them.
New flows are timed twice: into memory that was never touched (the kernel hands out each page then), and into an emptied
table.
"""

from __future__ import annotations

import random
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

from bench.engine import SECONDS, mpps, rate
from bench.row import FULL, Budget, Row, at_least, at_most
from bench.vrouter import FAR, V4, Frames, World
from controller.plan import FlowPlan
from switch.engine import Engine
from switch.engine.codegen.register_groups import group_registers
from topologies.region import load_region

needs = ("cc",)
PORTS = slice(34, 38)  # of a frame from an instance: behind Ethernet and IPv4
FLOWS_PER_ENTRY = 10  # 1,000,000 flows with a full budget
COLUMNS = ("flow_ends", "flow_own", "flow_other", "flow_local", "flow_remote", "flow_last", "flow_state")
WAYS = 4
NEVER = 1 << 31  # the limit of an interface that may have any number of flows


def measure(budget: Budget = FULL) -> list[Row]:
    """Established flows, first packets, bytes a flow, refused insertions at 75 %, and tuples chosen to collide."""
    world = World(load_region("two_tenants"), FlowPlan(limit=NEVER))
    try:
        return [*_rates(world, budget), *_fill(world, budget), _collisions(world, budget)]
    finally:
        world.close()


def _rates(world: World, budget: Budget) -> Iterator[Row]:
    count = FLOWS_PER_ENTRY * budget.entries
    with world.engine(FAR) as engine:
        frames = _frames(world, engine, range(count))
        first = engine.replay(frames, 1)
        held = _live(engine, world)
        random.Random(6).shuffle(frames)
        speed = mpps(engine, frames, SECONDS * budget.seconds)
        yield rate(f"established, {held:,} flows", speed, at_least(1))
        engine.registers["flow_buckets"].clear()
        engine.registers["flow_live"].clear()
        again = engine.replay(frames, 1)
        note = f"{count:,} flows, all tuples new"
        yield Row("first packets, table in memory", count / again * 1e6, "k/s", at_least(300), note=note)
        yield Row("first packets, memory never touched before", count / first * 1e6, "k/s", note=note)
        yield Row("memory of a flow", _bytes(engine), "bytes", at_most(128), note="record and its part of the bucket")


def _fill(world: World, budget: Budget) -> Iterator[Row]:
    """Fills a part of the table to 75 %: only buckets below the mark are free."""
    with world.engine(FAR) as engine:
        ways = engine.registers["flow_buckets"].size * WAYS
        count = ways * 3 // 4 if budget is FULL else 1000
        engine.replay(_frames(world, engine, range(count)), 1)
        lost = count - _live(engine, world)
        note = f"{lost:,} of {count:,} in a table of {ways:,}"
        yield Row(f"refused insertions up to {count / ways:.0%} load", 100 * lost / count, "%", at_most(1), note=note)


def _collisions(world: World, budget: Budget) -> Row:
    """Ports chosen so that a CRC of the tuple has the same low bits: how many share the fullest bucket."""
    wanted, frame = min(4096, 4 * budget.entries), world.outward(V4)
    chosen: list[int] = []
    number = 0
    while len(chosen) < wanted:
        tuple_ = frame[26:34] + number.to_bytes(4) + b"\x11"
        if zlib.crc32(tuple_) & 0xFF == 0:
            chosen.append(number)
        number += 1
    with world.engine(FAR) as engine:
        engine.replay(_frames(world, engine, chosen), 1)
        cells = engine.registers["flow_buckets"].read_all()
        busy = Counter(
            sum(cells[i + j : i + j + 2] != b"\0\0" for j in (0, 4, 8, 12)) for i in range(0, len(cells), 16)
        )
        fullest = max(busy)
        note = f"{_live(engine, world):,} of {wanted:,} recorded; buckets by flows: {dict(sorted(busy.items()))}"
        return Row("flows in the fullest bucket, CRC-32 of all alike", fullest, "flows", at_most(3), note=note)


def _frames(world: World, engine: Engine, numbers: Sequence[int] | range) -> Frames:
    """A frame for each number, in its ports. The first packet of all makes the router learn the destination."""
    frame = world.outward(V4)
    engine.process(world.eni.port, frame)
    head, tail = frame[: PORTS.start], frame[PORTS.stop :]
    return [(world.eni.port, head + number.to_bytes(4) + tail) for number in numbers]


def _live(engine: Engine, world: World) -> int:
    return engine.registers["flow_live"].read(world.eni.port)


def _bytes(engine: Engine) -> float:
    """Bytes of the rows that hold the columns, as the engine lays them out, and a quarter of a bucket's word."""
    groups, places = group_registers(engine.program)
    rows = {places[name].group for name in COLUMNS}
    return sum(groups[row].stride for row in rows) + engine.registers["flow_buckets"].width / 8 / WAYS
