"""Flow tracking in the full vrouter alone: established flows, first packets, memory, a full table; one core.

UDP from one instance to another on the far host, each flow with ports of its own; the sender's router tracks them,
without plugins and with security groups and network ACLs. The memory of the registers is there from the start
(--prefault). Linux does the same in the same run.
"""

from __future__ import annotations

import binascii
import random
import statistics
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

from bench.conntrack import linux
from bench.engine import SECONDS, check, mpps, rate
from bench.row import FULL, Budget, Row, at_least, at_most
from bench.vrouter import FAR, V4, Frames, World
from controller.loader import Manifest, discover
from controller.loader.installed import plugin_folders
from controller.plan import FlowPlan
from switch.engine import Engine
from switch.engine.codegen.register_groups import group_registers
from topologies.region import load_region

needs = ("cc",)
PLUGINS = ("security_group", "nacl")
PORTS = slice(34, 38)  # of a frame from an instance: behind Ethernet and IPv4
FLOWS_PER_ENTRY = 10  # 1,000,000 flows with a full budget
COLUMNS = ("flow_ends", "flow_own", "flow_other", "flow_local", "flow_remote", "flow_last", "flow_state")
WAYS = 4
FILL = 100_000  # insertions of one step while the table is filled
NEVER = 1 << 31  # the limit of an interface that may have any number of flows


def measure(budget: Budget = FULL) -> list[Row]:
    """Established flows, first packets, bytes a flow, refused insertions, tuples chosen to collide; Linux."""
    rows: list[Row] = []
    plain = World(load_region("two_tenants"), FlowPlan(limit=NEVER))
    try:
        rows += [*_rates(plain, budget, "without plugins"), *_fill(plain), _collisions(plain, budget)]
    finally:
        plain.close()
    guarded = World(load_region("two_tenants"), FlowPlan(limit=NEVER), _manifests())
    try:
        rows += _rates(guarded, budget, "groups and ACLs")
    finally:
        guarded.close()
    return [*rows, *linux(budget)]


def _manifests() -> list[Manifest]:
    found = {manifest.name: manifest for manifest in discover(*plugin_folders(), broken=[])}
    return [found[name] for name in PLUGINS]


def _rates(world: World, budget: Budget, which: str) -> Iterator[Row]:
    count = FLOWS_PER_ENTRY * budget.entries
    with world.engine(FAR, prefault=True) as engine:
        frames = _frames(world, engine, range(count))
        first = engine.replay(frames, 1)
        held = _live(engine, world)
        check(engine, frames[:64], world.wire[0])
        random.Random(6).shuffle(frames)
        speed = statistics.median(count / engine.replay(frames, 1) * 1e3 for _ in range(3))
        yield rate(f"established, {held:,} flows, {which}", speed, at_least(1))
        one = mpps(engine, frames[:1] * 1024, SECONDS * budget.seconds)
        yield rate(f"established, one flow, {which}", one)
        note = f"{first / count:.0f} ns/packet; {count:,} flows, all tuples new"
        yield Row(f"first packets, {which}", count / first * 1e6, "k/s", at_least(300), note=note)


def _fill(world: World) -> Iterator[Row]:
    """Fills the table to 75 %."""
    with world.engine(FAR, prefault=True) as engine:
        ways = engine.registers["flow_buckets"].size * WAYS
        count = ways * 3 // 4
        for start in range(0, count, FILL):
            engine.replay(_frames(world, engine, range(start, min(start + FILL, count))), 1)
        lost = count + 1 - _live(engine, world)
        note = f"{lost:,} of {count:,} in a table of {ways:,}"
        yield Row(f"refused insertions up to {count / ways:.0%} load", 100 * lost / count, "%", at_most(1), note=note)
        yield Row("memory of a flow", _bytes(engine), "bytes", at_most(128), note="record and its part of the bucket")


def _collisions(world: World, budget: Budget) -> Row:
    """Ports chosen so that CRC-32 and CRC-16 of the tuple have the same low bits: how many share the fullest bucket."""
    wanted, frame = min(4096, 4 * budget.entries), world.outward(V4)
    chosen: list[int] = []
    number = 0
    while len(chosen) < wanted:
        tuple_ = frame[26:34] + number.to_bytes(4) + b"\x11"
        if zlib.crc32(tuple_) & 0x3F == 0 or binascii.crc_hqx(tuple_, 0) & 0x3F == 0:
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
        return Row("flows in the fullest bucket, CRC of all alike", fullest, "flows", at_most(3), note=note)


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
