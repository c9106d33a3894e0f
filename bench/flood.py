"""The best rate of small packets that get through, over a ladder of offered rates."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.contenders import ROUTER_MAC, SINK, SINK_MAC, Contender, Tools
from bench.servers import BenchError, cpu_seconds
from tests.switch.world import World

LADDER_KPPS = (10, 15, 20, 25, 30, 40, 50, 70, 100, 140, 200, 250, 300, 400, 600, 800, 10_000)
LENGTH, FLOWS = 64, 256
RAMP = 0.2  # of a rung, before counting: queues fill first, so that draining them is not counted as a rate
COLLAPSE = 0.7  # of the best rate so far: two rungs below that end the ladder
PATIENCE_S = 0.2  # for the first packet
DRAIN_S = 1.0  # for the last
GRACE_S = 20.0


@dataclass(frozen=True)
class Best:
    """The best rung, in kpps. `sent` is what its sender managed; `share` of a core is what the contender ran."""

    received: float
    sent: float
    offered: float
    share: float = 0

    @property
    def capacity(self) -> float | None:
        """Thousands of packets for a second of the contender's CPU; None when it has no process to ask."""
        return self.received / self.share if self.share > 0 else None

    @property
    def limited_by_sender(self) -> bool:
        """Whether nothing was lost although no more could be sent: then the sender (or its core) was measured."""
        return self.sent < 0.9 * self.offered and self.received > 0.97 * self.sent


def best_rate(
    world: World, contender: Contender, process: int | None, tools: Tools, seconds: float, known_kpps: float = 0
) -> Best:
    """Climbs the ladder; a contender of which a rate is known begins at half of that."""
    rungs = [rung for rung in LADDER_KPPS if rung >= known_kpps / 2]
    best = Best(0, 0, 0)
    low = 0
    with _received(world) as received:
        for offered in rungs:
            found = _rung(world, contender, process, tools, offered, seconds, received)
            best = max(best, found, key=lambda one: one.received)
            low = low + 1 if found.received < COLLAPSE * best.received else 0
            if low == 2:
                break
    return best


class _Counter:
    """Packets that an interface has received, from a file that is open since it was in the right namespace."""

    def __init__(self, descriptor: int, device: str) -> None:
        self._descriptor = descriptor
        self._device = device

    def __call__(self) -> int:
        text = os.pread(self._descriptor, 1 << 14, 0).decode()
        line = next(line for line in text.splitlines() if line.strip().startswith(f"{self._device}:"))
        return int(line.partition(":")[2].split()[1])


@contextmanager
def _received(world: World) -> Iterator[_Counter]:
    with world.enter(world.hosts[1]):
        descriptor = os.open("/proc/thread-self/net/dev", os.O_RDONLY)
    try:
        yield _Counter(descriptor, "eth0")
    finally:
        os.close(descriptor)


def _wait_for_first(received: _Counter) -> None:
    """Returns when the first packet has come, for processes do not start at once."""
    before, deadline = received(), time.monotonic() + PATIENCE_S
    while received() == before and time.monotonic() < deadline:
        time.sleep(0.001)


def _wait_for_last(received: _Counter) -> None:
    """Returns when queues have run empty, so that the next rung counts its own packets only."""
    before, deadline = -1, time.monotonic() + DRAIN_S
    while received() != before and time.monotonic() < deadline:
        before = received()
        time.sleep(0.03)


def _rung(
    world: World,
    contender: Contender,
    process: int | None,
    tools: Tools,
    offered: float,
    seconds: float,
    received: _Counter,
) -> Best:
    mac = ROUTER_MAC if contender.routes else SINK_MAC
    words = ["eth0", str(offered * 1e3), str(seconds), str(LENGTH), str(FLOWS), mac, SINK]
    command = [*world.inside(world.hosts[0]), tools.flood, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
        try:
            _wait_for_first(received)
            time.sleep(RAMP * seconds)
            first, start, ran = received(), time.monotonic(), _cpu(process)
            time.sleep((1 - 2 * RAMP) * seconds)
            count, taken, ran = received() - first, time.monotonic() - start, _cpu(process) - ran
            out, _ = sender.communicate(timeout=GRACE_S)
        finally:
            sender.kill()
    _wait_for_last(received)
    if not out:
        raise BenchError("the sender of small packets failed")
    return Best(count / taken / 1e3, int(out) / seconds / 1e3, offered, ran / taken)


def _cpu(process: int | None) -> float:
    return 0 if process is None else cpu_seconds(process)
