"""Lowered programs on the engine: one program whose first byte chooses what is tried."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from switch.engine.engine import Engine
from switch.p4c.compile import Options, compile
from tests.p4c.lowered import source

TOP = """
bit<8> bump(inout bit<8> x) { x = x + 1; return x; }
control Inner(inout bit<8> x, in bit<8> y) {
    action stop() { x = 50; exit; }
    apply { x = x + 1; if (y == 1) { return; } if (y == 2) { stop(); } x = x + 10; }
}
"""
LOCAL = """
Inner() inner;
action sum() {
    bit<8> total = 0;
    for (bit<8> i = 0; i < hdr.h.b; i = i + 1) { if (i == 3) { continue; } if (i == 7) { break; } total = total + i; }
    hdr.h.c = total;
}
action early() { if (hdr.h.b == 1) { hdr.h.c = 9; return; } hdr.h.c = 8; if (hdr.h.b == 2) { exit; } hdr.h.d = 7; }
"""
APPLY = """
if (hdr.h.a == 1) { sum(); }
else if (hdr.h.a == 2) { inner.apply(hdr.h.c, hdr.h.b); hdr.h.d = 77; }
else if (hdr.h.a == 3) { hdr.h.c = hdr.h.b + bump(hdr.h.b); }
else if (hdr.h.a == 4) { hdr.h.c[6:5] = hdr.h.b[1:0]; hdr.h.d[7:7] = 1; }
else if (hdr.h.a == 5) { early(); hdr.h.d = hdr.h.d + 1; }
else if (hdr.h.a == 6) { hdr.s[1] = hdr.h; hdr.s[hdr.h.b].d = 33; hdr.h = hdr.s[1]; }
else if (hdr.h.a == 7) { for (bit<8> i in 8w1 .. 8w4) { hdr.h.c = hdr.h.c + i; if (hdr.h.c > hdr.h.b) { break; } } }
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The program above, running."""
    path: Path = tmp_path_factory.mktemp("midend") / "test.p4"
    path.write_text(source(APPLY, LOCAL, TOP))
    result = compile(str(path), Options(p4info=False))
    assert result.ok, result.diagnostics.render()
    with Engine(json.dumps(result.json)) as running:
        yield running


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        ((1, 10, 0, 0), (1, 10, 0 + 1 + 2 + 4 + 5 + 6, 0)),
        ((1, 2, 0, 0), (1, 2, 1, 0)),
        ((2, 0, 1, 0), (2, 0, 12, 77)),
        ((2, 1, 1, 0), (2, 1, 2, 77)),
        ((2, 2, 1, 0), (2, 2, 50, 0)),
        ((3, 5, 0, 0), (3, 6, 11, 0)),
        ((4, 3, 0x80, 1), (4, 3, 0xE0, 0x81)),
        ((5, 1, 0, 0), (5, 1, 9, 1)),
        ((5, 2, 0, 0), (5, 2, 8, 0)),
        ((5, 3, 0, 0), (5, 3, 8, 8)),
        ((6, 1, 2, 3), (6, 1, 2, 33)),
        ((6, 2, 2, 3), (6, 2, 2, 3)),
        ((7, 200, 0, 0), (7, 200, 10, 0)),
        ((7, 2, 0, 0), (7, 2, 3, 0)),
        ((8, 1, 2, 3), (8, 1, 2, 3)),
    ],
)
def test_the_engine_does_what_the_language_says(engine: Engine, packet: tuple[int, ...], expected: tuple[int, ...]):
    assert engine.process(1, bytes(packet)) == [(0, bytes(expected))]
