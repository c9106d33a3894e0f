"""Packet I/O between real interfaces under the sanitizers: rings, recvmmsg and AF_XDP."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.fuzz import environment, leaks

pytestmark = pytest.mark.net
ROOT = Path(__file__).parents[2]
CHOSEN = "whole or jumbo or vlan or vanish or capture or longer"


@pytest.mark.usefixtures("world")  # where it cannot be had the tests below would all be skipped, and say nothing
def test_nothing_is_touched_that_should_not_be() -> None:
    files = ["tests/switch/test_net_io.py", "tests/switch/test_xdp.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", CHOSEN, *files]
    settings = {**environment(), "SANITIZED": "1"}

    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=280, check=False)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
    assert leaks(done.stderr) == []
