"""Fixtures of the switch's tests."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Iterator

import pytest

from switch.engine.io import packetio
from switch.engine.io.library import load_library
from tests.switch.world import World

TOOLS = ("ip", "ping", "iperf3", "ethtool")


@pytest.fixture(autouse=True)
def sanitized(monkeypatch: pytest.MonkeyPatch) -> None:
    """With SANITIZED=1 packet I/O is built with sanitizers; libasan must be preloaded (test_sanitized_io says how)."""
    if os.environ.get("SANITIZED"):
        monkeypatch.delenv("LD_PRELOAD", raising=False)  # which is not for ip and ping
        monkeypatch.setattr(packetio, "load_library", functools.partial(load_library, sanitize=True))


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
