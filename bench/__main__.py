"""`make bench`: measures, prints a table, and writes it to build/bench.md."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

from rich.console import Console

from bench import machine, report
from bench.contenders import contenders
from bench.row import FULL, QUICK, Bench, Budget, Row
from topologies import sandbox

NAMES = (
    *(
        "engine",
        "ranges",
        "registers",
        "vrouter",
        "blackfoot",
        "flows",
        "plugins",
        "load",
        "idle",
        "writes",
        "mapping",
        "region",
    ),
    "net",
)
SHARES = {"writes": 0.12, "net": 0.68}  # of the time for everything, at most
OUTPUT = Path(__file__).resolve().parent.parent / "build" / "bench.md"


def main() -> int:
    """Runs the chosen benches in namespaces of their own; 1 when one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(NAMES)}; all by default")
    parser.add_argument("--quick", action="store_true", help="about a minute instead of ten, with less to rely on")
    parser.add_argument("--rounds", type=int, help="turns of each contender, however long they take")
    parser.add_argument("--contender", action="append", default=[], metavar="NAME", choices=list(contenders()),
        help=f"of the bench net, may be given many times: {', '.join(contenders())}")  # fmt: skip
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where the markdown page goes")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in NAMES]
    if unknown:
        parser.error(f"no bench is called {unknown[0]!r} (there are {', '.join(NAMES)})")
    sandbox.enter("bench", sys.argv[1:])
    _furnish()
    budget = dataclasses.replace(QUICK if given.quick else FULL, contenders=tuple(given.contender))
    if given.rounds:
        budget = dataclasses.replace(budget, rounds=given.rounds, stop_s=float("inf"))
    return _run([name for name in NAMES if name in given.names or not given.names], budget, given.output)


def load(name: str) -> Bench:
    """The bench of that name."""
    return cast(Bench, importlib.import_module(f"bench.{name}"))


def _run(names: list[str], budget: Budget, output: Path) -> int:
    console = Console(width=None if sys.stdout.isatty() else 160)
    found = machine.describe()
    for name, value in found.items():
        console.print(f"{name}: {value}", highlight=False, markup=False)
    if machine.busy():
        found["note"] = "others were using the machine: absolute figures say little, ratios more"
        console.print(found["note"], style="yellow")
    sections: dict[str, list[Row]] = {}
    failed = False
    begin = time.monotonic()
    for name in names:
        start = time.monotonic()
        bench = load(name)
        left = max(budget.stop_s - (start - begin), 1)
        share = min(budget.stop_s * SHARES.get(name, 1), left)
        rows = _measure(bench, dataclasses.replace(budget, stop_s=share))
        failed |= any(row.broken for row in rows)
        title = (bench.__doc__ or name).partition("\n")[0]
        report.show(console, f"{name}: {title} ({time.monotonic() - start:.0f} s)", rows)
        sections[f"{name}: {title}"] = rows
        report.write(output, found, sections)
    console.print(f"written to {output}", highlight=False)
    return int(failed)


def _measure(bench: Bench, budget: Budget) -> list[Row]:
    """The rows of a bench; one that fails does not stop the others."""
    absent = [tool for tool in bench.needs if shutil.which(tool) is None]
    if absent:
        return [Row("not measured", None, "", note=f"needs {', '.join(absent)}")]
    try:
        return bench.measure(budget)
    except Exception as error:
        return [Row("failed", None, "", note=f"{type(error).__name__}: {error}", broken=True)]


def _furnish() -> None:
    """Makes the sandbox fit: loopback up, and named network namespaces that nobody else sees."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    os.makedirs("/run/netns", exist_ok=True)


if __name__ == "__main__":
    sys.exit(main())
