"""What the commands say when something is wrong: one line, no traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.p4rt import TableError
from topologies.border import plainly
from topologies.emulation import EmulationError


def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`p4vpc ...` to its end."""
    command = [sys.executable, "-m", "controller", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def failing(error: BaseException) -> Callable[[], None]:
    """A function that fails at the border."""

    def call() -> None:
        with plainly():
            raise error

    return call


def test_an_unknown_topology_is_one_line() -> None:
    done = ran("plan", "nowhere")

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "no topology is called 'nowhere'" in done.stderr


def test_text_in_square_brackets_is_not_markup(tmp_path: Path) -> None:
    (tmp_path / "[").mkdir()
    (tmp_path / "[/x].yaml").write_text("a: [")

    done = ran("plan", str(tmp_path / "[/x].yaml"))

    assert done.returncode == 2
    assert f"p4vpc: {tmp_path}/[/x].yaml: " in done.stderr


def test_an_unknown_switch_lists_those_that_exist() -> None:
    done = ran("up", "two_hosts", "--switch", "bmv")

    assert done.returncode == 2
    assert "there are bmv2, p4vpc" in done.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (EmulationError("switch alpha did not start"), "p4vpc: switch alpha did not start"),
        (TableError("alpha: UNAVAILABLE"), "p4vpc: alpha: UNAVAILABLE"),
        (FileNotFoundError(2, "No such file", "simple_switch_grpc"), "p4vpc: simple_switch_grpc: No such file"),
        (subprocess.CalledProcessError(1, ["p4c", "x.p4"]), "p4vpc: failed with status 1: p4c x.p4"),
        (KeyboardInterrupt(), 130),
    ],
)
def test_the_border_says_it_in_a_line(error: BaseException, said: str | int) -> None:
    with pytest.raises(SystemExit) as end:
        failing(error)()

    assert end.value.code == said
