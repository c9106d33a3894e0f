"""How the files of the house look: none too long, none generated, no place that only one machine knows."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 400  # lines


def tracked(*endings: str) -> list[Path]:
    """The files under version control with one of these endings."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return [ROOT / name for name in names if name.endswith(endings) and (ROOT / name).exists()]


def p4_sources() -> list[Path]:
    """The project's own P4: the programs and the plugins."""
    return [path for folder in ("p4src", "plugins") for path in sorted((ROOT / folder).rglob("*.p4"))]


def test_no_source_file_is_longer_than_it_should_be() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked(".py", ".c", ".h", ".p4")
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }

    assert long == {}


def test_every_table_has_a_size_a_default_and_a_counter() -> None:
    text = {path.name: path.read_text() for path in p4_sources()}
    tables = [(name, body) for name in text for body in re.findall(r"\btable \w+ \{.*?\n    \}", text[name], re.DOTALL)]
    bare = [
        f"{name}: {body.split()[1]} has no {word}"
        for name, body in tables
        for word in ("const default_action =", "size =", "counters =")
        if word not in body
    ]

    assert len(tables) == sum(len(re.findall(r"^ *table \w+ \{", part, re.MULTILINE)) for part in text.values()) > 0
    assert bare == []


def test_mark_to_drop_stands_in_one_place() -> None:
    assert [path.name for path in p4_sources() if "mark_to_drop" in path.read_text()] == ["account.p4"]


def test_mains_hold_no_tables() -> None:
    assert [path.name for path in (ROOT / "p4src").glob("*.p4") if re.search(r"\btable\b", path.read_text())] == []


def test_every_stage_opens_with_what_it_reads_and_writes() -> None:
    silent = [
        path.name
        for path in (ROOT / "p4src" / "stages").glob("*.p4")
        if not path.read_text().startswith("//") or "Reads" not in path.read_text().split("control ")[0]
    ]

    assert silent == []
