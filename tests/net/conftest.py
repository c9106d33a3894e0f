"""The net tier: real programs in namespaces. Skips with its reason where it cannot run; in CI that is a failure."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

TOOLS = ("unshare", "mnexec", "ip", "ping", "curl", "iperf3", "tshark", "ethtool", "traceroute", "dig", "dnsmasq")


def missing() -> str | None:
    """Why the net tier cannot run here, or None."""
    if os.geteuid() != 0:
        return "needs root"
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"needs {', '.join(absent)}" if absent else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = missing()
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.net)
            if reason and not os.environ.get("P4VPC_REQUIRE_NET"):
                item.add_marker(pytest.mark.skip(reason=f"net tier: {reason}"))
