"""Mutated and truncated programs: a diagnostic or a result, never a traceback, a hang or much memory.

P4C_FUZZ is the number of mutants (a small budget by default); each mutant's number is its seed.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from switch.p4c.compile import compile
from tests.p4c.text import v1model

BUDGET = int(os.environ.get("P4C_FUZZ", "40"))
SECONDS = 10.0  # of processor time

SEED = v1model(
    apply="""
        if (hdr.h.isValid() && t.apply().hit) { x = (bit<8>) meta.m[3:0] ++ 4w1; } else { a(2); }
        switch (t.apply().action_run) { a: { return; } default: { exit; } }
        for (bit<8> i in 1 .. 4) { x = i == 2 ? x |+| i : x >> 1; }
        hash(x, HashAlgorithm.crc16, 8w0, { hdr.h.a, hdr.h.b }, 8w255);
        r.read(x, (bit<32>) x); sm.egress_spec = (bit<9>) x;
    """,
    local="""
        register<bit<8>>(16) r; counter(4, CounterType.packets) n; bit<8> x = 1;
        action a(bit<8> v) { x = v; n.count(0); }
        table t {
            key = { hdr.h.a : exact; hdr.h.b : ternary @name("b"); }
            actions = { a; NoAction; } const default_action = NoAction(); size = 8;
            const entries = { (1, 2 &&& 3) : a(1); (2, _) : NoAction(); }
        }
    """,
)
WORDS = r"""{ } ( ) < > ; , @ @name( " /* // 1w 8w999 -1 0x error. $ é bit<0> bit<99999999> T this header select ... {#}
4096w1 /0 main tuple< 10000000000 [1:0] .apply() hdr P I return; int default: const void list<"""
PIECES = [*WORDS.split(), "\0", "\n#if 1\n", "\n#define a a a\n"]


def mutant(seed: int) -> str:
    """The seed program with a few words cut, doubled, swapped or replaced, or its end cut off."""
    rng = random.Random(seed)
    words = SEED.split(" ")
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(words))
        choice = rng.randrange(5)
        other = words[rng.randrange(len(words))]
        words[at : at + 1] = [[], [words[at]] * 2, [other], [rng.choice(PIECES)], [words[at], rng.choice(PIECES)]][
            choice
        ]
    text = " ".join(words)
    return text[: rng.randrange(len(text))] if rng.random() < 0.3 else text


@pytest.mark.parametrize("seed", range(BUDGET))
def test_a_mutant_never_crashes_the_compiler(seed: int, tmp_path: Path):
    path = tmp_path / "mutant.p4"
    path.write_text(mutant(seed))
    start = time.process_time()
    result = compile(path)
    assert [d.message + d.details for d in result.diagnostics.items if d.severity == "internal"] == []
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0",
        "#define A(x) x x\n" + "A(" * 16 + "1" + ")" * 16,
        "const int x = " + "(" * 3000 + "1" + ")" * 3000 + ";",
        "control c() { apply { " + "if (true) " * 3000 + "; } }",
        "control c() { apply " + "{" * 3000,
        "struct S { " + "tuple<" * 3000,
        "const bit<8> x = " + "-" * 5000 + "1;",
        "const bit<8> x = " + "1 + " * 5000 + "1;",
        "const bit<8> x = 8w1" + "[7:0]" * 5000 + ";",
        "const int x = 1 << 1000000000000;",
        "const bit<1000000000000> x = 1;",
        '#include "' + "a" * 5000 + '"',
        '#line 99999999999999999999 "x"\n;',
        "@a" * 5000,
        "x \0;\n" * 20_000,
    ],
    ids=lambda text: text[:20],
)
def test_hostile_programs_end_in_a_diagnostic(text: str, tmp_path: Path):
    path = tmp_path / "hostile.p4"
    path.write_text(text)
    start = time.process_time()
    result = compile(path)
    assert [d.message + d.details for d in result.diagnostics.items if d.severity == "internal"] == []
    assert not result.ok
    assert time.process_time() - start < SECONDS
