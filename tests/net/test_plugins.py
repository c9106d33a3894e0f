"""Plugins loaded and unloaded while real programs talk: nothing is lost, no connection breaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from topologies import sandbox

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "tests" / "pipeline" / "plugins"


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """What ping and iperf3 saw while two plugins were loaded and unloaded."""
    command = sandbox.command([sys.executable, "-m", "tests.net.plugins", "p4vpc"])
    environment = {**os.environ, "P4VPC_PLUGINS": str(PLUGINS)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_no_ping_is_lost(report: dict[str, Any]) -> None:
    flood = report["flood"]

    assert not flood["ended_before"]
    assert flood["sent"] - flood["received"] == 0, report


def test_every_switch_keeps_its_state_each_time(report: dict[str, Any]) -> None:
    assert report["flood"]["states"] == ["kept"] * 8


def test_no_connection_breaks(report: dict[str, Any]) -> None:
    stream = report["stream"]

    assert stream["error"] == ""
    assert not stream["ended_before"]
    assert stream["connections"] == len(stream["finished"]) == 4
    assert min(stream["finished"]) > 0
