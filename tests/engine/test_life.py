"""A packet's life: drops, copies, clones, going around again; and that every packet is accounted for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from switch.engine import Engine

from .json_builder import Builder, call, egress_to, expr, extract, f, n, op

SM = "standard_metadata"
DROP = call("mark_to_drop", {"type": "header", "value": SM})


def program() -> Builder:
    """The first byte says what happens; the second collects what was seen."""
    b = Builder()
    b.header_type("h_t", what=8, seen=8)
    b.header("h", "h_t")
    b.header_type("m_t", kept=8, lost=8)
    b.header("m", "m_t", metadata=True)
    b.add("field_lists", name="none", elements=[])
    b.add("field_lists", name="some", elements=[f("m.kept")])
    b.state("start", [extract("h")], default=None)
    deeds = {
        0: [egress_to(1)],
        1: [DROP],
        2: [call("assign", f(f"{SM}.mcast_grp"), n(5))],
        3: [egress_to(1), call("clone_ingress_pkt_to_egress", n(7), n(1)), call("assign", f("m.kept"), n(9))],
        4: [egress_to(1), call("truncate", n(3))],
        6: [egress_to(2)],
        7: [egress_to(1)],
        8: [egress_to(1)],
        9: [egress_to(3)],
        10: [egress_to(1), {"op": "assert", "parameters": [expr(op("==", f("h.seen"), n(0x77)))]}],
    }
    ids = [b.action(f"deed{number}", {}, *steps) for number, steps in deeds.items()]
    entries = [
        {
            "match_key": [{"match_type": "exact", "key": f"0x{number:02x}"}],
            "priority": 1,
            "action_entry": {"action_id": id_, "action_data": []},
        }
        for number, id_ in zip(deeds, ids, strict=True)
    ]
    again = op("and", op("==", f(f"{SM}.instance_type"), n(0)), op("==", f("h.what"), n(5)))
    nothing = b.action("nothing", {}, egress_to(1))
    b.table("ingress", "deeds", [("exact", "h.what")], [*ids, nothing], "exact", "again", nothing, entries=entries)
    b.pipelines["ingress"]["conditionals"].append(
        {"name": "again", "id": 0, "expression": again, "true_next": "resubmit", "false_next": None}
    )
    b.run("ingress", "resubmit", call("resubmit", n(1)))
    note = [call("assign", f("h.seen"), expr(op("+", f("h.seen"), f(f"{SM}.instance_type"))))]
    around = [call("assign", f("m.kept"), n(5)), call("assign", f("m.lost"), n(6)), call("recirculate", n(1))]
    for what, steps in ((6, [DROP]), (7, [call("clone_egress_pkt_to_egress", n(7), n(1))]), (8, around)):
        b.pipelines["egress"]["conditionals"].append(
            {
                "name": f"if{what}",
                "id": what,
                "true_next": f"do{what}",
                "false_next": f"if{what + 1}" if what < 8 else None,
                "expression": op(
                    "and",
                    op("==", f("h.what"), n(what)),
                    op("==", f(f"{SM}.instance_type" if what < 8 else "m.kept"), n(0)),
                ),
            }
        )
        b.run("egress", f"do{what}", *steps)
    for field in ("m.kept", "m.lost"):
        note.append(call("assign", f("h.seen"), expr(op("+", f("h.seen"), f(field)))))
    b.run("egress", "note", *note, next_="if6")
    b.pipelines["egress"]["init_table"] = "note"
    return b


@pytest.fixture(scope="module")
def compiled() -> Iterator[Engine]:
    with Engine(program().text(), cpu_port=64) as engine:
        engine.replication.set_multicast(5, [(1, 1), (2, 2), (64, 3)])
        engine.replication.set_clone_session(7, [(4, 0)])
        yield engine


@pytest.fixture
def engine(compiled: Engine) -> Iterator[Engine]:
    """Checks, after each test, that in + generated = out + to CPU + consumed + dropped."""
    yield compiled
    stats = compiled.stats()
    dropped = sum(value for name, value in stats.items() if name.startswith("dropped"))
    assert stats["in"] + stats["generated"] == stats["out"] + stats["to_cpu"] + stats["consumed"] + dropped, stats


def moved(engine: Engine, packet: bytes) -> tuple[list[tuple[int, bytes]], dict[str, int]]:
    """What came out, and the counters that moved."""
    before = engine.stats()
    out = engine.process(9, packet)
    after = engine.stats()
    return out, {name: value - before[name] for name, value in after.items() if value != before[name]}


def test_unicast(engine: Engine) -> None:
    assert moved(engine, b"\0\0x") == ([(1, b"\0\0x")], {"in": 1, "out": 1})


def test_dropped_in_ingress(engine: Engine) -> None:
    assert moved(engine, b"\1\0x") == ([], {"in": 1, "dropped_ingress": 1})


def test_dropped_in_egress(engine: Engine) -> None:
    assert moved(engine, b"\6\0x") == ([], {"in": 1, "dropped_egress": 1})


def test_multicast_makes_copies_and_counts_the_cpus(engine: Engine) -> None:
    out, counters = moved(engine, b"\2\0x")
    assert out == [(1, b"\2\5x"), (2, b"\2\5x"), (64, b"\2\5x")]
    assert counters == {"in": 1, "generated": 2, "out": 2, "to_cpu": 1, "replicated": 3}


def test_multicast_to_no_group_is_a_drop_with_a_reason(engine: Engine) -> None:
    engine.replication.delete_multicast(5)
    out, counters = moved(engine, b"\2\0x")
    engine.replication.set_multicast(5, [(1, 1), (2, 2), (64, 3)])
    assert (out, counters) == ([], {"in": 1, "dropped_no_replica": 1})


def test_an_ingress_clone_has_the_packet_as_it_came_and_keeps_listed_fields(engine: Engine) -> None:
    out, counters = moved(engine, b"\3\0x")
    assert out == [(4, b"\3\x0ax"), (1, b"\3\x09x")]
    assert counters == {"in": 1, "generated": 1, "out": 2, "cloned": 1}


def test_a_clone_without_session_is_counted(engine: Engine) -> None:
    engine.replication.delete_clone_session(7)
    out, counters = moved(engine, b"\3\0x")
    engine.replication.set_clone_session(7, [(4, 0)])
    assert (out, counters) == ([(1, b"\3\x09x")], {"in": 1, "out": 1, "clone_no_session": 1})


def test_a_clone_sessions_truncation(engine: Engine) -> None:
    engine.replication.set_clone_session(7, [(4, 0)], truncate=2)
    out, counters = moved(engine, b"\3\0xyz")
    engine.replication.set_clone_session(7, [(4, 0)])
    assert out == [(4, b"\3\x0a"), (1, b"\3\x09xyz")]
    assert counters == {"in": 1, "generated": 1, "out": 2, "cloned": 1, "truncated": 1}


def test_an_egress_clone_has_the_packet_as_it_was_then(engine: Engine) -> None:
    out, counters = moved(engine, b"\7\0x")
    assert out == [(1, b"\7\0x"), (4, b"\7\2x")]
    assert counters == {"in": 1, "generated": 1, "out": 2, "cloned": 1}


def test_truncated(engine: Engine) -> None:
    assert moved(engine, b"\4\0xyz") == ([(1, b"\4\0x")], {"in": 1, "out": 1, "truncated": 1})


def test_resubmitted_packets_begin_again(engine: Engine) -> None:
    out, counters = moved(engine, b"\5\0x")
    assert (out, counters) == ([(1, b"\5\0x")], {"in": 1, "out": 1, "resubmitted": 1})


def test_recirculated_packets_keep_listed_fields_only(engine: Engine) -> None:
    out, counters = moved(engine, b"\x08\0x")
    assert counters == {"in": 1, "out": 1, "recirculated": 1}
    assert out == [(1, b"\x08\x05x")]


def test_a_failed_assertion_is_a_drop_with_a_reason(engine: Engine) -> None:
    assert moved(engine, b"\x0a\0x") == ([], {"in": 1, "dropped_assert": 1})


def test_endless_recirculation_is_cut_and_counted() -> None:
    b = Builder()
    b.state("start", [], default=None)
    b.add("field_lists", name="none", elements=[])
    b.add("field_lists", name="none1", elements=[])
    b.run("ingress", "go", egress_to(1))
    b.run("egress", "again", call("recirculate", n(1)))
    with Engine(b.text()) as engine:
        assert engine.process(0, b"x") == []
        assert engine.stats()["dropped_passes"] == 1


def test_a_control_flow_that_never_ends_is_cut_and_counted() -> None:
    b = Builder()
    b.state("start", [], default=None)
    b.run("ingress", "go", egress_to(1), next_="go")
    with Engine(b.text()) as engine:
        assert engine.process(0, b"x") == []
        assert engine.stats()["dropped_loop"] == 1


def test_headers_beyond_the_headroom_are_still_emitted() -> None:
    b = Builder()
    b.header_type("big_t", a=8 * 400)
    b.header("big", "big_t")
    b.state("start", [], default=None)
    b.run(
        "ingress",
        "go",
        egress_to(1),
        call("add_header", {"type": "header", "value": "big"}),
        call("assign", f("big.a"), n(0xABCD)),
    )
    with Engine(b.text()) as engine:
        assert engine.process(0, b"tail") == [(1, bytes(398) + b"\xab\xcdtail")]
