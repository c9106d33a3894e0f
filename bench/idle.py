"""A switch with nothing to do but ticks: its share of a core, and its memory."""

from __future__ import annotations

import time

from bench.row import FULL, Budget, Row, at_most
from bench.servers import OURS, cpu_seconds, executable, free_port, listens, resident_mb, running
from tests.switch.world import World
from topologies import programs

needs = ("cc", "ip", "ethtool")
TICK_PORT, TICK_RATE = 509, 100
SETTLE_S = 1.0


def measure(budget: Budget = FULL) -> list[Row]:
    """The vrouter on two interfaces, with ticks and without."""
    config = str(programs.compiled("vrouter").config)
    ticks = ["--tick-port", str(TICK_PORT), "--tick-rate", str(TICK_RATE)]
    rows: list[Row] = []
    for label, options, goals in (
        (f"{TICK_RATE} ticks/s", ticks, (at_most(1), at_most(100))),
        ("no ticks", [], (None, None)),
    ):
        share, memory = _idle([*options, config], budget.idle_seconds)
        rows.append(Row(f"idle vrouter, {label}, CPU", share, "% of a core", goals[0]))
        rows.append(Row(f"idle vrouter, {label}, memory", memory, "MB", goals[1]))
        if not budget.wide:
            break
    return rows


def _idle(options: list[str], seconds: float) -> tuple[float, float]:
    """Percent of a core and resident MB of our switch while no packet comes."""
    world = World()
    try:
        ports = [f"-i{number}@{device}" for number, device in enumerate(world.ports, start=1)]
        port = free_port()
        address = ["--grpc-server-addr", f"127.0.0.1:{port}"]
        command = [*world.inside(world.switch), *executable(OURS), *ports, *address, *options]
        with running(command, lambda process: listens(process.pid, port)) as process:
            time.sleep(min(SETTLE_S, seconds))
            before, start = cpu_seconds(process.pid), time.monotonic()
            time.sleep(seconds)
            share = 100 * (cpu_seconds(process.pid) - before) / (time.monotonic() - start)
            return share, resident_mb(process.pid)
    finally:
        world.close()
