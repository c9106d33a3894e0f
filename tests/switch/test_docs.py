"""docs/switch.md does what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from bench import __main__ as bench
from bench.contenders import contenders
from switch.engine.io import Mode
from switch.options import parse_options
from tests.engine.programs import reflector

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "switch.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)


def test_the_example_runs() -> None:
    (example,) = (block for language, block in BLOCKS if language == "python")

    names: dict[str, object] = {"config": reflector().text()}
    exec(example, names)

    assert names["sent"] == [(1, b"\xff" * 60)]


def test_the_command_lines_are_understood() -> None:
    lines = [line for language, block in BLOCKS if not language for line in block.splitlines()]
    commands = [re.split(r"\s{3,}", line)[0] for line in lines if line.startswith("p4vpc-switch")]

    options = [parse_options(shlex.split(command)[1:]) for command in commands]

    assert [len(one.interfaces) for one in options] == [2, 1, 1]
    assert [one.ignored for one in options] == [()] * 3


def test_all_flags_of_our_own_and_all_io_modes_are_explained() -> None:
    source = (ROOT / "switch" / "options.py").read_text()
    own = source[source.index("def _add_own_options") :]
    flags = set(re.findall(r'add\("(--[\w-]+)"', own[: own.index("\n\n\n")]))

    assert len(flags) >= 7
    assert flags <= set(re.findall(r"`(--[\w-]+)", TEXT))
    assert {mode.name.lower() for mode in Mode} <= set(re.findall(r"`(\w+)`", TEXT))


def test_the_benches_and_contenders_it_names_exist() -> None:
    commands = re.findall(r"python -m bench ([^`\n]+)", TEXT)
    named = {word for command in commands for word in command.split() if not word.startswith("-")}

    assert len(commands) >= 3
    assert named <= {*bench.NAMES, *contenders()}
