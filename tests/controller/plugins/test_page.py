"""docs/plugins.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "plugins.md"
PARTS = ("controller", "p4src", "plugins", "switch", "topologies", "tests")
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
_TARGET = re.compile(r"Put this into\s+`([^`]+)`:\s*\Z")


def steps() -> list[str]:
    """The page as a shell script: commands as they stand, and files written where it says so."""
    text = PAGE.read_text()
    found, end = [], 0
    for block in _BLOCK.finditer(text):
        target = _TARGET.search(text[end : block.start()])
        end = block.end()
        if target:
            found.append(f"cat > {target[1]} <<'THE_END'\n{block[2]}THE_END\n")
        elif block[1] == "sh":
            found.append(block[2])
    return found


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The project as it is, with its environment."""
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path


def test_the_page_leads_to_a_plugin_that_runs(clone: Path) -> None:
    script = "set -eo pipefail; set -m\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "\n".join(steps())
    environment = {**os.environ, "PYTHONPATH": str(clone)}
    environment.pop("P4VPC_PLUGINS", None)
    process = subprocess.Popen(
        ["bash", "-c", script],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        printed = process.communicate(timeout=280)[0]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    assert process.returncode == 0, printed
    assert "vrouter compiles with curfew" in printed
    assert "3 passed" in printed
    assert "2 passed" in printed
    assert "curfew is loaded" in printed
    assert "curfew is unloaded" in printed
    assert re.search(r"\bseconds +3600\b", printed), printed


def test_the_page_shows_what_the_command_writes(tmp_path: Path) -> None:
    names = re.findall(r"^\| `([\w.]+)` \|", PAGE.read_text().split("### Change it")[0], re.MULTILINE)

    subprocess.run(
        [ROOT / ".venv/bin/p4vpc", "plugin", "new", "curfew", "--folder", tmp_path], check=True, capture_output=True
    )

    assert sorted(names) == sorted(path.name for path in (tmp_path / "curfew").iterdir())
