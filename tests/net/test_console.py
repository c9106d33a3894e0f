"""The region's command line: names mean instances of one's own VPC."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def typed(*lines: str) -> str:
    """What `p4vpc up two_tenants` prints when these lines are typed."""
    done = subprocess.run(
        [sys.executable, "-m", "controller", "up", "two_tenants"],
        cwd=ROOT,
        input="\n".join([*lines, "exit", ""]),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_names_mean_instances_of_the_same_vpc_only() -> None:
    output = typed("red-app ping -c 1 red-web", "red-app ping -c 1 blue-web", "pingall", "pingall")

    assert output.count("1 received") == 1
    assert "blue-web is in another VPC than red-app" in output
    assert "0% dropped (2/2 received)" in output
    assert "0% dropped (6/6 received)" in output  # of the second time, when every host knows who hosts whom
