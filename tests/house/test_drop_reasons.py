"""Every drop reason of the P4 programs has a test that names it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def reasons() -> set[str]:
    """The members of drop_reason_t, but the two ends."""
    text = (ROOT / "p4src/include/types.p4").read_text()
    body = re.search(r"enum bit<8> drop_reason_t \{(.*?)\n\}", text, re.DOTALL)
    assert body is not None
    return set(re.findall(r"^\s+([A-Z_]+)\s+=", body[1], re.MULTILINE)) - {"NONE", "LAST"}


def test_every_drop_reason_is_tested() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests/pipeline").glob("*.py"))

    assert {reason for reason in reasons() if f'"{reason}"' not in tests} == set()


def test_every_drop_reason_is_used() -> None:
    stages = "".join(path.read_text() for path in (ROOT / "p4src/stages").glob("*.p4"))
    chosen_by_routes = {"BLACKHOLE"}

    assert {reason for reason in reasons() if f"drop_reason_t.{reason}" not in stages} == chosen_by_routes
