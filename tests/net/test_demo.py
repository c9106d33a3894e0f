"""The main job with real programs, and that nothing of it remains."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "topologies.demo"]


def interfaces() -> set[str]:
    """The network interfaces of the namespace that the tests run in."""
    return set(os.listdir("/sys/class/net"))


def sandboxed() -> set[int]:
    """Processes that run in a sandbox of the project."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"P4VPC_SANDBOX=1" in (folder / "environ").read_bytes():
                found.add(int(folder.name))
        except OSError:
            continue
    return found


def network_namespaces() -> set[str]:
    """The network namespaces that any process holds."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            found.add(os.readlink(link))
        except OSError:
            continue
    return found


def world() -> set[object]:
    """Everything that a region could leave behind."""
    return {*interfaces(), *network_namespaces(), *sandboxed()}


@contextmanager
def nothing_remains() -> Iterator[None]:
    """Checks that no interface, namespace or process is there afterwards that was not there before."""
    before = world()
    yield
    deadline = time.monotonic() + 10
    while world() - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert world() - before == set()


def test_the_demo_proves_every_claim_and_leaves_nothing() -> None:
    with nothing_remains():
        done = subprocess.run(DEMO, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)

    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert "NO" not in re.findall(r"\bNO\b", done.stdout)
    assert "20 of 20 answered" in done.stdout


@pytest.mark.parametrize("after", [0.3, 1.0, 2.0, 3.5, 5.0, 8.0])
def test_a_kill_at_any_moment_leaves_nothing(after: float) -> None:
    with nothing_remains():
        process = subprocess.Popen(DEMO, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_a_polite_end_leaves_nothing() -> None:
    with nothing_remains():
        process = subprocess.Popen(DEMO, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2.5)
        process.terminate()
        process.wait()
