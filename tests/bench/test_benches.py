"""Every bench runs, with tiny budgets, and gives numbers; how large they are is for `make bench`."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.__main__ import NAMES, load
from bench.row import TINY, Row
from bench.servers import have_bmv2

ROOT = Path(__file__).parents[2]
MARK = "P4VPC_BENCH_TEST"
NEED_NAMESPACES = ("idle", "region", "net")
ALONE = tuple(name for name in NAMES if name not in NEED_NAMESPACES)
ABSENT = {tool for name in NEED_NAMESPACES for tool in load(name).needs if shutil.which(tool) is None}
CANNOT = (os.geteuid() != 0 or bool(ABSENT)) and not os.environ.get("P4VPC_REQUIRE_NET")


def unmeasured(rows: Sequence[Row]) -> list[str]:
    """Rows without a finite figure."""
    return [row.name for row in rows if row.value is None or not math.isfinite(row.value) or row.value < 0]


def marked(mark: str) -> list[str]:
    """The processes that were started with this mark in their environment."""
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def eventually_none(mark: str, seconds: float = 10) -> list[str]:
    """The marked processes, once there are none or the time is over."""
    deadline = time.monotonic() + seconds
    while (found := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


@pytest.mark.parametrize("name", ALONE)
def test_a_bench_gives_finite_numbers(name: str) -> None:
    rows = load(name).measure(TINY)

    assert rows
    assert unmeasured(rows) == []


@pytest.mark.net
@pytest.mark.skipif(CANNOT, reason="needs root, and the programs that the benches name")
@pytest.mark.parametrize("name", NEED_NAMESPACES)
def test_a_bench_in_namespaces_gives_finite_numbers(name: str) -> None:
    rows = load(name).measure(TINY)

    assert rows
    assert [row for row in unmeasured(rows) if "busy polling" not in row] == []  # only in a full run


@pytest.mark.skipif(have_bmv2(), reason="simple_switch_grpc is on PATH")
def test_a_ratio_without_its_other_side_says_so() -> None:
    rows = load("writes").measure(TINY)

    assert {row.ratio for row in rows} == {None}
    assert {row.met for row in rows} == {None}
    assert {row.note for row in rows} == {"simple_switch_grpc is not on PATH"}


@pytest.mark.net
@pytest.mark.skipif(CANNOT, reason="needs root, and the programs that the benches name")
def test_the_command_writes_a_table_and_a_markdown_page(tmp_path: Path) -> None:
    page = tmp_path / "deep" / "bench.md"
    command = [sys.executable, "-m", "bench", "--quick", "--output", str(page), "idle"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "100 ticks/s" in done.stdout
    assert "| idle vrouter, 100 ticks/s, memory |" in page.read_text()
    assert "- load average at start: " in page.read_text()


def test_an_unknown_bench_is_an_error_that_names_the_known_ones() -> None:
    command = [sys.executable, "-m", "bench", "speed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert "no bench is called 'speed' (there are engine, " in done.stderr


@pytest.mark.net
@pytest.mark.skipif(CANNOT, reason="needs root, and the programs that the benches name")
@pytest.mark.parametrize("after", [2.0, 6.0])
def test_a_kill_leaves_no_process(after: float, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    command = [sys.executable, "-m", "bench", "--quick", "--output", str(tmp_path / "bench.md"), "net"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, MARK: mark}
    )
    time.sleep(after)
    started = marked(mark)

    process.send_signal(signal.SIGKILL)
    process.wait()

    assert started
    assert eventually_none(mark) == []
