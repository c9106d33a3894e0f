"""The vrouter from P4 source to a running engine: cold, and with everything cached."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from bench.row import FULL, Budget, Row, at_most
from bench.servers import compile_program
from switch.engine import BuildOptions, Engine
from topologies import programs

needs = ("cc",)
SOURCE = programs.SOURCES / "vrouter.p4"


def measure(budget: Budget = FULL) -> list[Row]:
    """Compiler, engine and both together with empty caches; then the same again with full ones."""
    colds: list[tuple[float, float]] = []
    for _ in range(min(budget.rounds, 2)):
        with tempfile.TemporaryDirectory() as folder:
            colds.append(_cold(Path(folder)))
    _cached()  # fills the caches
    cached = statistics.median(_cached() for _ in range(max(budget.rounds, 3)))
    source, engine = (statistics.median(times) for times in zip(*colds, strict=True))
    return [
        Row("P4 to JSON and P4Info, cold", source, "s", note="p4vpc-p4c, its start included"),
        Row("JSON to a loaded engine, cold", engine, "s", note="generating C, compiling it and the runtime, loading"),
        Row("compile and load, cold", source + engine, "s", at_most(8)),
        Row("compile and load, cached", cached, "s", at_most(0.5), note="in a running process"),
    ]


def _cold(folder: Path) -> tuple[float, float]:
    """Seconds of the compiler and of the engine, each with nothing cached."""
    start = time.perf_counter()
    config, _ = compile_program(SOURCE, folder, "-I", str(programs.SOURCES / "without_plugins"))
    compiled = time.perf_counter()
    Engine(config.read_bytes(), options=BuildOptions(cache=folder / "cache")).close()
    return compiled - start, time.perf_counter() - compiled


def _cached() -> float:
    """Seconds to the running engine when source and program are known."""
    start = time.perf_counter()
    program = programs.compiled("vrouter")
    Engine(program.blob).close()
    return time.perf_counter() - start
