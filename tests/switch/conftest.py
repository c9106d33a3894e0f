"""Fixtures of the switch's tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.switch.world import World

TOOLS = ("ip", "ping", "iperf3", "ethtool")


@pytest.fixture
def world() -> Iterator[World]:
    """Two hosts and a namespace for the switch; skips where that cannot be had."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if os.geteuid() != 0:
        pytest.skip("needs root for network namespaces")
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    world = World()
    yield world
    world.close()
