"""The side-by-side run finds a difference, and none where there is none."""

from __future__ import annotations

import json
from pathlib import Path

from switch.p4c.compile import compile
from tests.conformance.differ import difference
from tests.p4c.text import v1model

TABLE = """
    action a(bit<8> v) { hdr.h.b = v; }
    table t { key = { hdr.h.a : ternary; } actions = { a; NoAction; } default_action = NoAction(); }
"""


def compiled(folder: Path, text: str) -> str:
    path = folder / "p.p4"
    path.write_text(text)
    result = compile(path)
    assert result.diagnostics.errors == []
    return json.dumps(result.json)


def test_a_program_behaves_as_itself(tmp_path: Path):
    config = compiled(tmp_path, v1model("t.apply(); sm.egress_spec = 1;", TABLE))
    assert difference(config, config) == ""


def test_another_constant_is_a_difference(tmp_path: Path):
    ours = compiled(tmp_path, v1model("hdr.h.b = 1; sm.egress_spec = 1;"))
    theirs = compiled(tmp_path, v1model("hdr.h.b = 2; sm.egress_spec = 1;"))
    assert difference(ours, theirs).startswith("without entries, packet 0:")


def test_a_difference_in_an_action_shows_when_there_are_entries(tmp_path: Path):
    ours = compiled(tmp_path, v1model("t.apply(); sm.egress_spec = 1;", TABLE))
    theirs = compiled(tmp_path, v1model("t.apply(); sm.egress_spec = 1;", TABLE.replace("= v;", "= v + 1;")))
    assert difference(ours, theirs).startswith("with entries, packet")
