"""Explaining a packet: every step is told, and nothing changes."""

from __future__ import annotations

import pytest

from switch.engine import ActionCall, Engine
from switch.engine.explain import Explainer, Kind, Step

from .json_builder import Builder, call, egress_to, extract, f, n


def counting() -> Builder:
    """Looks h.kind up; `known` counts in cell 7, raises a register and leaves by port 3; all else is dropped."""
    b = Builder()
    b.header_type("h_t", kind=16)
    b.header("h", "h_t")
    b.header_type("row_t", seen=32)
    b.header("row", "row_t", metadata=True)
    b.state("start", [extract("h")], default=None)
    b.add("counter_arrays", name="events", size=8, is_direct=False)
    b.add("register_arrays", name="seen", size=4, bitwidth=32)
    seen = {"type": "register_array", "value": "seen"}
    known = b.action(
        "known",
        {},
        egress_to(3),
        call("count", {"type": "counter_array", "value": "events"}, n(7)),
        call("register_read", f("row.seen"), seen, n(1)),
        call("add_to_field", f("row.seen"), n(1)),
        call("register_write", seen, n(1), f("row.seen")),
    )
    unknown = b.action("unknown", {}, call("mark_to_drop", {"type": "header", "value": "standard_metadata"}))
    b.table("ingress", "kinds", [("exact", "h.kind")], [known, unknown], "exact", None, unknown)
    return b


@pytest.fixture
def engine() -> Engine:
    """The program with one known kind, 0x0102."""
    engine = Engine(counting().text())
    engine.tables["kinds"].insert(b"\x01\x02", None, 0, ActionCall("known"))
    return engine


def of_kind(steps: list[Step], kind: Kind) -> list[Step]:
    """The steps of one kind."""
    return [step for step in steps if step.kind is kind]


def test_a_hit_names_entry_and_action_and_the_packet_that_leaves(engine: Engine) -> None:
    steps = Explainer(engine).explain(0, b"\x01\x02payload")

    (lookup,) = of_kind(steps, Kind.TABLE)
    assert lookup.handle is not None
    assert engine.tables["kinds"].entry(lookup.handle).key == b"\x01\x02"
    assert (lookup.name, lookup.key, lookup.action) == ("kinds", b"\x01\x02", "known")
    assert [(step.name, step.number) for step in of_kind(steps, Kind.COUNT)] == [("events", 7)]
    assert [(step.number, step.packet) for step in of_kind(steps, Kind.OUT)] == [(3, b"\x01\x02payload")]


def test_a_miss_names_the_default_action_and_the_drop(engine: Engine) -> None:
    steps = Explainer(engine).explain(0, b"\x09\x09payload")

    (lookup,) = of_kind(steps, Kind.TABLE)
    assert (lookup.handle, lookup.action) == (None, "unknown")
    assert len(of_kind(steps, Kind.DROPPED)) == 1
    assert of_kind(steps, Kind.OUT) == []


def test_the_verdict_is_what_a_real_packet_meets(engine: Engine) -> None:
    steps = Explainer(engine).explain(0, b"\x01\x02payload")

    assert engine.process(0, b"\x01\x02payload") == [(s.number, s.packet) for s in of_kind(steps, Kind.OUT)]


def test_nothing_is_changed(engine: Engine) -> None:
    engine.process(0, b"\x01\x02payload")
    before = engine.stats(), engine.tables["kinds"].lookups()

    Explainer(engine).explain(0, b"\x01\x02payload")

    assert (engine.stats(), engine.tables["kinds"].lookups()) == before
    assert engine.registers["seen"].read(1) == 1
    assert engine.counters["events"].read(7) == (1, len(b"\x01\x02payload"))


def test_the_second_explanation_sees_what_real_packets_have_done(engine: Engine) -> None:
    explainer = Explainer(engine)
    explainer.explain(0, b"\x01\x02payload")
    engine.tables["kinds"].insert(b"\x09\x09", None, 0, ActionCall("known"))

    assert of_kind(explainer.explain(0, b"\x09\x09payload"), Kind.DROPPED) == []
