"""The main job with real programs, and that nothing of it remains."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "topologies.demo"]


def interfaces() -> set[str]:
    """The network interfaces of the namespace that the tests run in."""
    return set(os.listdir("/sys/class/net"))


def named_namespaces() -> set[str]:
    """The network namespaces that a mount keeps alive, as `ip netns add` makes them."""
    return {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines() if " nsfs " in line}


def processes(mark: str) -> set[str]:
    """The command lines of processes whose environment holds the mark; others may run regions at the same time.

    A network namespace that no mount keeps lives as long as these do.
    """
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.add(f"{folder.name}: {(folder / 'cmdline').read_bytes().decode(errors='replace')}")
        except OSError:
            continue
    return found


@contextmanager
def nothing_remains(scratch: Path) -> Iterator[Mapping[str, str]]:
    """An environment to run something in; checks that no interface, namespace, process or temporary file is left."""
    mark = uuid.uuid4().hex
    before = {*interfaces(), *named_namespaces()}
    yield {**os.environ, "P4VPC_TEST": mark, "TMPDIR": str(scratch)}
    deadline = time.monotonic() + 10
    while processes(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes(mark) == set()
    assert {*interfaces(), *named_namespaces()} - before == set()
    assert list(scratch.iterdir()) == []


def started(environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The demo, its output thrown away."""
    return subprocess.Popen(
        DEMO, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
    )


def first_process_inside(environment: Mapping[str, str], seconds: float = 20) -> int:
    """The demo's own process in its sandbox, once it is there."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for line in processes(environment["P4VPC_TEST"]):
            number, command = line.split(": ", 1)
            if "topologies.demo" in command and "unshare" not in command and "sandbox" not in command:
                return int(number)
        time.sleep(0.05)
    raise AssertionError("the demo did not start")


def test_the_demo_proves_every_claim_and_leaves_nothing(tmp_path: Path) -> None:
    with nothing_remains(tmp_path) as environment:
        done = subprocess.run(DEMO, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False)

    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert "NO" not in re.findall(r"\bNO\b", done.stdout)
    assert "20 of 20 answered" in done.stdout


@pytest.mark.parametrize("after", [0.3, 1.0, 2.0, 3.5, 5.0, 8.0])
def test_a_kill_at_any_moment_leaves_nothing(after: float, tmp_path: Path) -> None:
    with nothing_remains(tmp_path) as environment:
        process = started(environment)
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("after", [0.5, 4.0])
def test_a_kill_of_the_process_inside_leaves_nothing(after: float, tmp_path: Path) -> None:
    with nothing_remains(tmp_path) as environment:
        process = started(environment)
        inside = first_process_inside(environment)
        time.sleep(after)
        os.kill(inside, signal.SIGKILL)
        process.wait(timeout=20)


@pytest.mark.parametrize("after", [0.5, 5.0])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_polite_end_leaves_nothing(number: signal.Signals, after: float, tmp_path: Path) -> None:
    with nothing_remains(tmp_path) as environment:
        process = started(environment)
        time.sleep(after)
        process.send_signal(number)
        assert process.wait(timeout=10) != 0


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    with nothing_remains(tmp_path) as environment:
        process = started(environment)
        first_process_inside(environment)
        time.sleep(5)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=20) == 130
