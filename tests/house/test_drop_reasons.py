"""Every drop reason of the P4 programs has a test that asserts it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def reasons() -> set[str]:
    """The members of drop_reason_t, but the two ends."""
    text = (ROOT / "p4src/include/types.p4").read_text()
    body = re.search(r"enum bit<8> drop_reason_t \{(.*?)\n\}", text, re.DOTALL)
    assert body is not None
    return set(re.findall(r"^\s+([A-Z_]+)\s+=", body[1], re.MULTILINE)) - {"NONE", "LAST"}


def asserted(source: str) -> Iterator[str]:
    """The texts in a file's assertions that something equals, and in the parameters of its tests."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq):
            checked: list[ast.expr] = node.comparators
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.parametrize":
            checked = node.args[1:]
        else:
            continue
        values = [one.value for part in checked for one in ast.walk(part) if isinstance(one, ast.Constant)]
        yield from (value for value in values if isinstance(value, str))


def test_every_drop_reason_is_tested() -> None:
    files = [*(ROOT / "tests/pipeline").glob("test_*.py"), *(ROOT / "plugins").rglob("test_*.py")]
    found = {text for path in files for text in asserted(path.read_text())}

    assert {reason for reason in reasons() if reason not in found} == set()


def test_a_mention_is_no_assertion() -> None:
    source = """
NAMES = ["MENTIONED"]

def test():
    assert sent.dropped() == {"ASSERTED": 1}
    assert "REFUSED" not in sent.dropped()
"""

    assert set(asserted(source)) == {"ASSERTED"}


def test_every_drop_reason_is_used() -> None:
    stages = "".join(path.read_text() for path in (ROOT / "p4src/stages").glob("*.p4"))
    chosen_by_routes = {"BLACKHOLE", "SOURCE_DEST_CHECK"}

    assert {reason for reason in reasons() if f"drop_reason_t.{reason}" not in stages} == chosen_by_routes
