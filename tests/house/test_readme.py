"""The README's commands that need no root do what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def commands() -> list[str]:
    """The command lines of the README that call a program of `.venv` and do not stay running."""
    blocks = re.findall(r"```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(".venv/bin/") and "p4vpc-switch" not in line]


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_readme_works(line: str, tmp_path: Path) -> None:
    for name in (".venv", "p4src"):
        (tmp_path / name).symlink_to(ROOT / name)

    done = subprocess.run(shlex.split(line), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    written = re.findall(r"\S+\.(?:json|txtpb)\b", line)
    assert [name for name in written if not (tmp_path / name).exists()] == []


def test_the_readme_has_commands_to_test() -> None:
    assert len(commands()) >= 2


def test_every_verb_of_the_makefile_is_explained() -> None:
    verbs = set(re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split())
    explained = set(re.findall(r"^(\w+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert verbs == explained
