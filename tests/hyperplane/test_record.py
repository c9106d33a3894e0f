"""The layout of FLOW STATE as the page gives it: whole, and within what an option may hold."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "hyperplane.md"
MOST_BYTES = 124


def layout() -> list[tuple[int, int, str]]:
    """Byte, bits and name of each field."""
    table = PAGE.read_text().partition("## FLOW STATE")[2]
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (\w+) \|", table, re.MULTILINE)
    return [(int(byte), int(bits), name) for byte, bits, name in rows]


def test_the_fields_of_flow_state_follow_one_another_and_fit_an_option() -> None:
    fields = layout()
    begins = [sum(bits for _, bits, _ in fields[:i]) for i in range(len(fields))]
    assert [byte for byte, _, _ in fields] == [bit // 8 for bit in begins]
    size = begins[-1] + fields[-1][1]
    assert (size % 32, size // 8) == (0, 104)
    assert size // 8 <= MOST_BYTES


def test_every_field_has_a_name_of_its_own() -> None:
    names = [name for _, _, name in layout()]
    assert len(set(names)) == len(names) > 20
