"""The README's five minutes, line by line, in two terminals."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
TYPED = re.findall(r"^mininet> (.*)$", README, re.MULTILINE)
ELSEWHERE = re.findall(r"^other\$ (.*)$", README, re.MULTILINE)


class Terminal:
    """`p4vpc up two_tenants`, as far as the line that says how to reach its controller."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "controller", "up", "two_tenants"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.environment: Mapping[str, str] = {}
        for line in self.process.stdout:
            print(line, end="")
            if line.startswith("  export "):
                self.environment = {**os.environ, **dict(word.split("=", 1) for word in line.split()[1:])}
                break

    def typed(self, lines: list[str]) -> str:
        """Types lines and leaves; returns what was printed."""
        output, _ = self.process.communicate("\n".join([*lines, "exit", ""]), timeout=150)
        print(output)
        return output


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    one = Terminal()
    yield one
    one.process.kill()
    one.process.wait()


def test_the_tour_of_the_readme_works(terminal: Terminal) -> None:
    pings = [line for line in TYPED if " ping " in line]

    output = terminal.typed(TYPED)

    assert terminal.process.returncode == 0
    assert len(pings) >= 3
    assert output.count(" 0% packet loss") == len(pings)
    assert "*** red-web is on gamma" in output
    assert re.search(r"red-web .* available", output)


def test_the_other_terminal_of_the_tour_moves_real_instances(terminal: Terminal, tmp_path: Path) -> None:
    for name in (".venv", "topologies"):
        (tmp_path / name).symlink_to(ROOT / name)

    done = subprocess.run(
        ["sh", "-e"],
        cwd=tmp_path,
        input="\n".join(ELSEWHERE),
        env=terminal.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    time.sleep(5)  # the instances follow
    output = terminal.typed(["red-app ping -c 3 -W 2 red-web", "blue-app ping -c 3 -W 2 blue-web"])

    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert len(ELSEWHERE) >= 4
    assert "host_id: host-" in done.stdout
    assert output.count(" 0% packet loss") == 2


def test_without_the_token_the_controller_tells_nothing(terminal: Terminal) -> None:
    endpoint = terminal.environment["P4VPC_ENDPOINT"]

    done = subprocess.run(
        [sys.executable, "-m", "controller", "list", "hosts", "--endpoint", endpoint, "--token", "p4vpc_guess"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "172.31" not in done.stdout + done.stderr
    assert "AuthFailure" in done.stderr
