"""A program of 2,000 lines is parsed in well under a second and compiled in less than four."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from switch.p4c.compile import Options, Pipeline, compile
from tests.p4c.text import v1model

ACTION_AND_TABLE = """
    @name("act{0}")
    action a{0}(bit<8> v, bit<9> port) {{
        hdr.h.a = (hdr.h.a ^ v) + (bit<8>) hdr.h.b * 3;
        if (hdr.h.b > 8w{1} && meta.m[3:0] != 4w3) {{
            meta.m = hdr.h.b |+| (meta.m << 2);
        }} else {{
            sm.egress_spec = port;
        }}
    }}
    table t{0} {{
        key = {{
            hdr.h.a : exact;
            hdr.h.b : ternary @name("b");
        }}
        actions = {{
            a{0};
            NoAction;
        }}
        default_action = NoAction();
        size = 1024;
    }}
"""
COUNT = 87


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A program of 2,000 lines."""
    local = "".join(ACTION_AND_TABLE.format(i, i % 256) for i in range(COUNT))
    path = tmp_path / "large.p4"
    path.write_text(v1model("".join(f"if (hdr.h.isValid()) {{ t{i}.apply(); }}\n" for i in range(COUNT)), local))
    assert 1980 <= path.read_text().count("\n") <= 2100
    return path


def test_2000_lines_are_parsed_within_a_second(large: Path):
    pipeline = Pipeline(str(large))
    start = time.process_time()
    assert pipeline.guard(pipeline.tree) is not None
    assert time.process_time() - start < 1.0


def test_2000_lines_are_compiled_within_four_seconds(large: Path):
    start = time.process_time()
    assert compile(large, Options()).ok
    assert time.process_time() - start < 4.0
