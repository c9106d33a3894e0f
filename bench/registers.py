"""Registers as a flow table: rows of several registers, picked at random, more of them than any cache holds."""

from __future__ import annotations

from bench.engine import BURST, SECONDS, check, mpps, packet, rate
from bench.row import FULL, Budget, Row
from switch.engine import Engine
from tests.engine.json_builder import call, egress_to, f, n
from tests.engine.programs import ipv4

needs = ("cc",)
COLUMNS = {"tag": 64, "expiry": 48, "state": 8, "record": 280, "packets": 32, "octets": 64}  # bits
ROWS = (1_000, 1_000_000)


def measure(budget: Budget = FULL) -> list[Row]:
    """Reads a whole row and writes two cells of it, for each packet."""
    rows: list[Row] = []
    for size in ROWS:
        with Engine(flow_table(size)) as engine:
            packets = [(1, packet(i)) for i in range(BURST)]
            check(engine, packets, 2)
            speed = mpps(engine, packets, SECONDS * budget.seconds)
            note = f"{len(COLUMNS)} registers, {sum(COLUMNS.values()) // 8} B a row"
            rows.append(rate(f"{size:,} rows of registers, one at random", speed, note=note))
    return rows


def flow_table(size: int) -> str:
    """A program that reads all columns of a random row, and writes to some."""
    b = ipv4()
    b.header_type("flow_t", index=32, **COLUMNS)
    b.header("flow", "flow_t", metadata=True)
    for name, width in COLUMNS.items():
        b.add("register_arrays", name=name, size=size, bitwidth=width)
    arrays = {name: {"type": "register_array", "value": name} for name in COLUMNS}
    at = f("flow.index")
    b.run(
        "ingress",
        "go",
        egress_to(2),
        call("modify_field_rng_uniform", at, n(0), n(size - 1)),
        *(call("register_read", f(f"flow.{name}"), array, at) for name, array in arrays.items()),
        call("register_write", arrays["expiry"], at, f("standard_metadata.ingress_global_timestamp")),
        call("register_write", arrays["packets"], at, n(1)),
    )
    return b.text()
