"""Between two network interfaces: small packets, TCP and ping, through each contender in turns.

The figures are medians of the rounds. A ratio is the median of the pairs, each from one round, so that a machine that
is slower for a while slows both sides of it. The bare C loop receives with recvmmsg; the switch maps a ring, which
costs less for small packets, and sends through AF_XDP. Where the sender is the limit, packets for a second of the
contender's own CPU time say more: what the kernel does on its behalf while it sends is in it, what the sender pays for
(putting packets into the contender's ring) is not.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.contenders import BUSY, LINUX, LOOP, Contender, Tools, between, build, contenders, require_forwarding
from bench.flood import best_rate
from bench.row import FULL, Budget, Row, at_least, at_most, median, ratio
from bench.servers import BMV2, OURS, BenchError
from tests.switch.world import World

needs = ("cc", "ip", "ping", "iperf3", "ethtool", "sysctl")
QUICK_CONTENDERS = (LOOP, OURS, LINUX, BMV2)
CONTENDERS = (*QUICK_CONTENDERS, BUSY)
SMALL, CAPACITY, PING = "64 B, best received rate", "64 B, for a second of its CPU", "ping"
TCP, TCP_LARGE, TCP_OFFLOAD = "TCP, MTU 1500", "TCP, MTU 9001", "TCP, MTU 1500, offloads on"
UNITS = {SMALL: "kpps", CAPACITY: "k packets", PING: "ms", TCP: "Gbit/s", TCP_LARGE: "Gbit/s", TCP_OFFLOAD: "Gbit/s"}
COMPARISONS = (  # measure, ours, theirs (measure and contender), goal
    (SMALL, OURS, (SMALL, LOOP), None),
    (SMALL, OURS, (SMALL, LINUX), at_least(1, LINUX)),
    (SMALL, OURS, (SMALL, BMV2), at_least(8, BMV2)),
    (CAPACITY, OURS, (CAPACITY, LOOP), None),
    (CAPACITY, OURS, (CAPACITY, BMV2), None),
    (TCP, OURS, (TCP, LOOP), at_least(0.85, LOOP)),
    (TCP_LARGE, OURS, (TCP_LARGE, LOOP), at_least(0.85, LOOP)),
    (TCP, BUSY, (TCP, BMV2), at_least(4, BMV2)),
    (TCP_LARGE, BUSY, (TCP_LARGE, BMV2), at_least(2.5, BMV2)),
    (TCP_OFFLOAD, OURS, (TCP, BMV2), at_least(10, f"{BMV2} without offloads")),
)
VALUE_GOALS = {(PING, OURS): at_most(0.2)}
PINGS_PER_SECOND = 100

Found = defaultdict[str, defaultdict[str, dict[int, float]]]  # values by measure, contender and round


class Round:
    """One turn of a contender: what is measured goes to `found`, remarks to `notes`."""

    def __init__(self, turn: int, name: str, contender: Contender, tools: Tools, budget: Budget) -> None:
        self.turn = turn
        self.name = name
        self.contender = contender
        self._tools = tools
        self._budget = budget
        self.notes: dict[str, str] = {}

    def measure(self, found: Found) -> None:
        """Everything that this contender can do, in a world of its own."""
        with between(self.contender, self._tools) as (world, process):
            require_forwarding(self.name, world)
            for measure, value in self._values(world, process, found):
                found[measure][self.name][self.turn] = value

    def _values(self, world: World, process: int | None, found: Found) -> Iterator[tuple[str, float]]:
        seconds = self._budget.seconds
        yield PING, world.ping(max(round(seconds * PINGS_PER_SECOND), 5), 1 / PINGS_PER_SECOND)
        if self.name != BUSY:  # under load nobody waits, so polling changes nothing
            yield from self._small(world, process, median(found[SMALL], self.name) or 0)
        yield TCP, self._tcp(world, 1500)
        yield TCP_LARGE, self._tcp(world, 9001)
        if self.contender.carries_offload:
            world.offloads("on")
            yield TCP_OFFLOAD, self._tcp(world, 1500)

    def _small(self, world: World, process: int | None, known: float) -> Iterator[tuple[str, float]]:
        best = best_rate(world, self.contender, process, self._tools, self._budget.seconds / 2, known)
        if best.limited_by_sender:
            self.notes[SMALL] = f"nothing lost at the most that could be sent ({best.sent:.0f} kpps)"
        yield SMALL, best.received
        if best.capacity is not None:
            yield CAPACITY, best.capacity

    def _tcp(self, world: World, mtu: int) -> float:
        world.set_mtu(mtu)
        report = world.iperf(max(round(self._budget.seconds), 1))  # iperf3 knows whole seconds only
        return report["end"]["sum_received"]["bits_per_second"] / 1e9


def measure(budget: Budget = FULL) -> list[Row]:
    """Every contender that can run here, in turns; ratios and the goals that they are held to."""
    found: Found = defaultdict(lambda: defaultdict(dict))
    notes: dict[tuple[str, str], str] = {}
    failures: list[Row] = []
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tools = build(Path(folder))
        names = budget.contenders or (CONTENDERS if budget.wide else QUICK_CONTENDERS)
        chosen = {name: one for name, one in contenders().items() if name in names}
        for turn in range(budget.rounds):
            if not budget.may_go_on(start, turn):
                break
            for name in chosen if turn % 2 == 0 else reversed(chosen):
                one = Round(turn, name, chosen[name], tools, budget)
                try:
                    one.measure(found)
                except (BenchError, AssertionError, subprocess.TimeoutExpired) as error:
                    failures.append(Row(f"{name}, round {turn + 1}", None, "", note=f"failed: {error}", broken=True))
                notes |= {(measure, name): note for measure, note in one.notes.items()}
    return [*_values(found, notes), *_comparisons(found), *failures]


def _values(found: Found, notes: Mapping[tuple[str, str], str]) -> Iterator[Row]:
    for measure, turns in found.items():
        for name in turns:
            goal = VALUE_GOALS.get((measure, name))
            rounds = f"median of {len(turns[name])}"
            note = f"{rounds}; {notes[(measure, name)]}" if (measure, name) in notes else rounds
            yield Row(f"{measure}: {name}", median(turns, name), UNITS[measure], goal, note=note)


def _comparisons(found: Found) -> Iterator[Row]:
    for measure, ours, (their_measure, theirs), goal in COMPARISONS:
        turns = {ours: found[measure].get(ours, {}), theirs: found[their_measure].get(theirs, {})}
        absent = " and ".join(name for name, values in turns.items() if not values)
        name = f"{measure}: {ours} to {theirs}"
        note = f"{absent} did not run" if absent else ""
        yield Row(name, median(turns, ours), UNITS[measure], goal, ratio(turns, ours, theirs), note)
