"""Variables of one action need no place in a packet's state; what another action reads, or reads unwritten, does."""

from __future__ import annotations

import pytest

from switch.engine import Engine
from switch.engine.codegen.temporaries import find_temporaries
from switch.engine.program import read_program
from tests.engine.json_builder import Builder, call, egress_to, extract, f, n


def variables(*steps: list[dict]) -> set[str]:
    """The temporaries of a program whose actions run one after the other."""
    b = builder(*steps)
    found = find_temporaries(read_program(b.text()))
    return {name for own in found.values() for name in own}


def builder(*steps: list[dict]) -> Builder:
    """A program that copies h.a around through variables x and y."""
    b = Builder()
    b.header_type("h_t", a=32, b=32)
    b.header("h", "h_t")
    b.header_type("scalars_0", x=32, y=32)
    b.header("scalars", "scalars_0", metadata=True)
    b.state("start", [extract("h")], default=None)
    for number, step in enumerate(steps):
        after = f"step{number + 1}" if number + 1 < len(steps) else None
        b.run("ingress", f"step{number}", *step, next_=after)
    return b


WRITE = call("assign", f("scalars.x"), f("h.a"))
READ = call("assign", f("h.b"), f("scalars.x"))
OUT = egress_to(1)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([[WRITE, READ, OUT]], {"x"}),
        ([[WRITE], [READ, OUT]], set()),
        ([[READ, WRITE, OUT]], set()),
        ([[WRITE, READ], [WRITE, OUT]], set()),
        ([[call("_jump_if_zero", f("h.a"), n(2)), WRITE, READ, OUT]], set()),
        ([[call("_jump_if_zero", f("h.a"), n(3)), WRITE, READ, OUT]], {"x"}),
    ],
    ids=["own", "read elsewhere", "read before", "written elsewhere", "perhaps unwritten", "both skipped"],
)
def test_only_what_is_an_actions_own_and_written_first_is_a_temporary(
    steps: list[list[dict]], expected: set[str]
) -> None:
    assert variables(*steps) == expected


def test_packets_are_the_same_either_way() -> None:
    packet = bytes.fromhex("0102030400000000")
    for steps in ([[WRITE, READ, OUT]], [[WRITE], [READ, OUT]]):
        with Engine(builder(*steps).text()) as engine:
            assert [data[:4] for _, data in engine.process(1, packet)] == [packet[:4]]
