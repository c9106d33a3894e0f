"""The engine alone: packets in memory, one core, looped in C; all times are what the thread itself ran.

python -m bench engine                         the built-in cases
python -m bench.engine PROGRAM.json HEX...     a program of your own and its packets, given to port 1
"""

from __future__ import annotations

import argparse
import random
import statistics
import struct
import time
from collections.abc import Callable, Sequence

from bench.row import FULL, Budget, Goal, Row, at_least
from bench.servers import BenchError
from switch.engine import ActionCall, Engine, OpKind, TableOp
from tests.engine.programs import ipv4, router

needs = ("cc",)
ROUNDS = 5
BURST = 1024  # packets of one replay
SECONDS = 0.5  # of packets for one figure
FEW_MASKS = (0xFFFFFF00, 0xFFFF0000, 0xFFFFFFFF, 0)


def measure(budget: Budget = FULL) -> list[Row]:
    """The simple router, ternary tables small and large, and insertions."""
    return [*routers(budget), *ternary(budget), insertions(budget)]


def checksum(header: bytes) -> int:
    """The Internet checksum of a header."""
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def packet(destination: int, size: int = 64) -> bytes:
    """A UDP-sized IPv4 packet."""
    head = struct.pack(">BBHHHBBHII", 0x45, 0, size - 14, 1, 0, 64, 17, 0, 0x0A000001, destination)
    head = head[:10] + checksum(head).to_bytes(2) + head[12:]
    return (bytes(12) + b"\x08\x00" + head).ljust(size, b"\0")


def mpps(engine: Engine, packets: Sequence[tuple[int, bytes]], seconds: float = SECONDS) -> float:
    """Million packets a second: the median of some rounds."""
    engine.replay(packets, 3)
    per_round = max(engine.replay(packets, 3) / 3, 1)
    count = max(int(seconds * 1e9 / per_round / ROUNDS), 1)
    return statistics.median(len(packets) * count / engine.replay(packets, count) * 1e3 for _ in range(ROUNDS))


def check(engine: Engine, packets: Sequence[tuple[int, bytes]], port: int | None = None) -> None:
    """Raises BenchError unless every packet leaves (by that port): a drop is quick, and no figure to be proud of."""
    ports = [out for _, out, _ in engine.process_batch(packets)]
    if len(ports) != len(packets) or (port is not None and set(ports) != {port}):
        raise BenchError(f"{len(ports)} of {len(packets)} packets left the program, by ports {sorted(set(ports))}")


def rate(name: str, value: float, goal: Goal | None = None, note: str = "") -> Row:
    """A row of a packet rate, with the time of one packet."""
    return Row(name, value, "Mpps", goal, note=f"{1e3 / value:.0f} ns/packet{'; ' if note else ''}{note}")


def fill_router(engine: Engine, routes: int, hops: int, lengths: Sequence[int], rng: random.Random) -> list[int]:
    """Random routes of the given prefix lengths over random next hops; returns destinations that match."""
    route, arp = engine.tables["route"], engine.tables["arp"]
    next_hops = rng.sample(range(1, 1 << 32), hops)
    arp_data = bytes(11) + b"\1"
    arp.write_batch(
        [TableOp(OpKind.INSERT, hop.to_bytes(4), action=ActionCall("set_dmac", arp_data)) for hop in next_hops]
    )
    ops: list[TableOp] = []
    destinations: list[int] = []
    seen: set[tuple[int, int]] = set()
    while len(ops) < routes:
        length = rng.choice(lengths)
        mask = ((1 << length) - 1) << (32 - length)
        value = rng.getrandbits(32) & mask
        if (value, mask) in seen:
            continue
        seen.add((value, mask))
        data = rng.choice(next_hops).to_bytes(4) + rng.randrange(1, 500).to_bytes(2)
        ops.append(TableOp(OpKind.INSERT, value.to_bytes(4), mask.to_bytes(4), 0, ActionCall("set_nhop", data)))
        destinations.append(value | rng.getrandbits(32) & ~mask & 0xFFFFFFFF)
    route.write_batch(ops)
    return destinations


def routers(budget: Budget) -> list[Row]:
    """The simple router with small and large tables."""
    rng = random.Random(1)
    many = budget.entries
    cases = ((16, 16, (24,)), (many // 100, many // 1000 + 1, (16, 24, 32)), (many, 1000, tuple(range(8, 33))))
    rows: list[Row] = []
    for routes, hops, lengths in cases:
        with Engine(router().text()) as engine:
            destinations = fill_router(engine, routes, hops, lengths, rng)
            packets = [(1, packet(rng.choice(destinations))) for _ in range(BURST)]
            check(engine, packets)
            note = f"{hops:,} next hops, prefixes from /{lengths[0]} to /{lengths[-1]}"
            speed = mpps(engine, packets, SECONDS * budget.seconds)
            rows.append(rate(f"simple router, 64 B, {routes:,} routes", speed, None if rows else at_least(5), note))
    return rows


def acl(kind: str) -> str:
    """A program with one wide ternary or range table."""
    b = ipv4()
    permit = b.action(
        "permit",
        {"port": 9},
        {
            "op": "assign",
            "parameters": [
                {"type": "field", "value": ["standard_metadata", "egress_spec"]},
                {"type": "runtime_data", "value": 0},
            ],
        },
    )
    keys = [("ternary", "ipv4.src"), ("ternary", "ipv4.dst"), ("ternary", "ipv4.protocol"), (kind, "ipv4.id")]
    b.table(
        "ingress",
        "acl",
        keys,
        [permit],
        "range" if kind == "range" else "ternary",
        None,
        permit,
        ["0x1"],
        max_size=1 << 20,
    )
    return b.text()


def ternary(budget: Budget) -> list[Row]:
    """Ternary entries: few masks, prefixes of all lengths, wild masks, ranges; 10 of them, then 10,000."""
    rng = random.Random(2)

    def prefix(width: int) -> int:
        return ((1 << (length := rng.randrange(width + 1))) - 1) << (width - length)

    def ends() -> tuple[int, int]:
        return rng.choice((0, 255)), rng.choice((0, 0xFFFF))

    shapes: dict[str, Callable[[], tuple[int, int, int, int | None]]] = {
        "few masks": lambda: (rng.choice(FEW_MASKS), rng.choice(FEW_MASKS), *ends()),
        "prefixes of any length": lambda: (prefix(32), prefix(32), *ends()),
        "wild masks": lambda: (rng.getrandbits(32), rng.getrandbits(32), rng.getrandbits(8), rng.getrandbits(16)),
        "ranges": lambda: (rng.choice(FEW_MASKS), rng.choice(FEW_MASKS), ends()[0], None),
    }
    rows: list[Row] = []
    for name, shape in shapes.items():
        few, _, _ = acl_rate(name, 10, shape, rng, budget)
        many, held, inserts = acl_rate(name, min(budget.entries, 10_000), shape, rng, budget)
        note = f"{1e3 / many:.0f} ns/packet; with 10 entries {few:.1f} Mpps; {inserts / 1e3:.0f} k inserts/s"
        what = f"{held:,} {'range' if name == 'ranges' else 'ternary'} entries, {name}"
        rows.append(Row(what, many, "Mpps", at_least(0.01, "10 entries"), many / few, note))
    return rows


def acl_rate(
    name: str, count: int, shape: Callable[[], tuple[int, int, int, int | None]], rng: random.Random, budget: Budget
) -> tuple[float, int, float]:
    """Mpps through a table of so many entries, how many it holds, and insertions a second."""
    with Engine(acl("range" if name == "ranges" else "ternary")) as engine:
        ops = [acl_entry(rng, shape()) for _ in range(count)]
        start = time.thread_time()
        engine.tables["acl"].write_batch(ops)
        taken = time.thread_time() - start
        packets = [(1, packet(rng.getrandbits(32))) for _ in range(BURST)]
        check(engine, packets)
        held = len(engine.tables["acl"])
        return mpps(engine, packets, SECONDS * budget.seconds), held, held / taken


def acl_entry(rng: random.Random, masks: tuple[int, int, int, int | None]) -> TableOp:
    """A random entry under the given masks; None stands for a range."""
    key, mask = b"", b""
    for size, bits in zip((4, 4, 1, 2), masks, strict=True):
        value = rng.getrandbits(8 * size)
        if bits is None:
            low, high = sorted((value, rng.getrandbits(16)))
            key, mask = key + low.to_bytes(2), mask + high.to_bytes(2)
        else:
            key, mask = key + (value & bits).to_bytes(size), mask + bits.to_bytes(size)
    return TableOp(OpKind.INSERT, key, mask, rng.randrange(1, 1 << 20), ActionCall("permit", b"\0\1"))


def insertions(budget: Budget) -> Row:
    """Exact entries, prepared: what the C side takes for an insertion."""
    rng = random.Random(3)
    with Engine(router().text()) as engine:
        table, count = engine.tables["arp"], 5 * budget.entries
        data = ActionCall("set_dmac", bytes(12))
        keys = rng.sample(range(1 << 32), count)
        packed = b"".join(table.pack(TableOp(OpKind.INSERT, key.to_bytes(4), action=data)) for key in keys)
        start = time.thread_time()
        table.write_packed(packed, count)
        taken = time.thread_time() - start
        return Row(f"{count:,} prepared exact insertions", count / taken / 1e3, "k/s", at_least(500))


def main() -> None:
    """Measures a program of the user's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="BMv2 JSON")
    parser.add_argument("packets", nargs="*", help="packets in hexadecimal")
    arguments = parser.parse_args()
    with open(arguments.program, "rb") as file, Engine(file.read()) as engine:
        packets = [(1, bytes.fromhex(text)) for text in arguments.packets] or [(1, packet(0x0A000001))]
        print(f"{arguments.program}: {mpps(engine, packets * 64):.2f} Mpps")


if __name__ == "__main__":
    main()
