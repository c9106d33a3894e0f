"""Counters, meters, registers, hashes, digests, logs, selectors and idle timeouts."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest

from switch.engine import (
    ActionCall,
    BadValue,
    Clock,
    Digest,
    Engine,
    IdleTimeout,
    InUse,
    LogLine,
    MeterRates,
)

from .json_builder import Builder, call, egress_to, expr, extract, f, n, op, param


def program() -> Builder:
    """One header, many externs."""
    b = Builder()
    b.header_type("h_t", a=16, colour=8, hash=32, wide=136, total=8)
    b.header("h", "h_t")
    b.state("start", [extract("h")], default=None)
    b.add("counter_arrays", name="hits", size=4, is_direct=False)
    b.add("meter_arrays", name="rate", type="packets", rate_count=2, size=2, is_direct=False)
    b.add("register_arrays", name="wide", size=4, bitwidth=136)
    b.add("register_arrays", name="sum", size=4, bitwidth=8)
    b.add(
        "calculations", name="crc", algo="crc32", input=[f("h.a"), {"type": "hexstr", "value": "0x12", "bitwidth": 8}]
    )
    b.add("learn_lists", name="unused", elements=[])
    b.add("learn_lists", name="seen", elements=[f("h.a"), f("standard_metadata.ingress_port")])
    sum_, wide = ({"type": "register_array", "value": name} for name in ("sum", "wide"))
    b.run(
        "ingress",
        "go",
        egress_to(1),
        call("count", {"type": "counter_array", "value": "hits"}, f("h.a")),
        call("execute_meter", {"type": "meter_array", "value": "rate"}, n(0), f("h.colour")),
        call(
            "modify_field_with_hash_based_offset",
            f("h.hash"),
            n(0),
            {"type": "calculation", "value": "crc"},
            n(1 << 32),
        ),
        call("register_read", f("h.total"), sum_, f("h.a")),
        call("assign", f("h.total"), expr(op("+", f("h.total"), n(200)))),
        call("register_write", sum_, f("h.a"), f("h.total")),
        call("register_read", f("h.wide"), wide, f("h.a")),
        call("generate_digest", n(1), n(1)),
        {
            "op": "log_msg",
            "parameters": [
                {"type": "string", "value": "a is {} of {}"},
                {"type": "parameters_vector", "value": [f("h.a"), n(-5)]},
            ],
        },
        next_="aged",
    )
    nothing = b.action("nothing", {})
    b.table("ingress", "aged", [("exact", "h.a")], [nothing], "exact", None, nothing, support_timeout=True)
    return b


@pytest.fixture(scope="module")
def compiled() -> Iterator[Engine]:
    with Engine(program().text(), clock=Clock.VIRTUAL) as engine:
        yield engine


@pytest.fixture
def engine(compiled: Engine) -> Engine:
    compiled.poll_events()
    return compiled


def send(engine: Engine, a: int) -> bytes:
    """Runs a packet with that `a`; returns what comes out."""
    ((_, out),) = engine.process(3, a.to_bytes(2) + bytes(23))
    return out


def test_counters_count_packets_and_bytes_and_ignore_what_lies_beyond(engine: Engine) -> None:
    counter = engine.counters["hits"]
    counter.write(2, 10, 100)
    send(engine, 2)
    send(engine, 77)
    assert counter.read_all() == [(0, 0), (0, 0), (11, 125), (0, 0)]
    with pytest.raises(BadValue):
        counter.read(4)


def test_meters_colour_by_two_rates(engine: Engine) -> None:
    engine.meters["rate"].set(0, MeterRates(cir=1, cburst=1, pir=2, pburst=3))
    assert [send(engine, 0)[2] for _ in range(4)] == [0, 1, 1, 2]
    engine.set_time(engine.time() + 1_000_000)
    assert [send(engine, 0)[2] for _ in range(3)] == [0, 1, 2]
    engine.meters["rate"].reset(0)
    assert [send(engine, 0)[2] for _ in range(3)] == [0, 0, 0]
    assert engine.meters["rate"].get(0) is None


def test_new_rates_fill_the_buckets_even_where_others_were_reset_before(engine: Engine) -> None:
    for _ in range(3):
        engine.meters["rate"].set(0, MeterRates(cir=1, cburst=1, pir=1, pburst=2))
        assert [send(engine, 0)[2] for _ in range(3)] == [0, 1, 2]
        engine.meters["rate"].reset(0)


def test_meters_with_an_excess_burst_have_one_rate(engine: Engine) -> None:
    engine.meters["rate"].set(0, MeterRates(cir=2, cburst=3, pir=2, pburst=3, eburst=2))
    assert engine.meters["rate"].get(0) == MeterRates(2, 3, 2, 3, 2)
    assert [send(engine, 0)[2] for _ in range(6)] == [0, 0, 0, 1, 1, 2]
    engine.set_time(engine.time() + 1_000_000)  # two tokens: both fit the committed bucket
    assert [send(engine, 0)[2] for _ in range(3)] == [0, 0, 2]
    engine.set_time(engine.time() + 2_000_000)  # four: three fit, one spills over
    assert [send(engine, 0)[2] for _ in range(5)] == [0, 0, 0, 1, 2]
    engine.set_time(engine.time() + 60_000_000)
    assert [send(engine, 0)[2] for _ in range(6)] == [0, 0, 0, 1, 1, 2]
    engine.meters["rate"].reset(0)


def test_registers_of_any_width_wrap_and_are_seen_by_both_sides(engine: Engine) -> None:
    engine.registers["sum"].write(1, 100)
    assert send(engine, 1)[24] == 44
    assert engine.registers["sum"].read(1) == 44
    value = (1 << 135) + 0x1234
    engine.registers["wide"].write(3, value)
    assert int.from_bytes(send(engine, 3)[7:24]) == value
    assert engine.registers["wide"].read_all()[-17:] == value.to_bytes(17)
    with pytest.raises(BadValue):
        engine.registers["sum"].write(1, 256)


def test_crc32_is_the_usual_one(engine: Engine) -> None:
    assert int.from_bytes(send(engine, 0xABCD)[3:7]) == zlib.crc32(b"\xab\xcd\x12")


def test_digests_and_log_lines_arrive_in_order(engine: Engine) -> None:
    send(engine, 5)
    assert engine.poll_events() == [
        LogLine("a is 5 of -5"),
        Digest("seen", 1, (b"\0\5", b"\0\3")),
    ]
    assert engine.poll_events() == []


def test_the_event_callback_runs_once_a_batch(engine: Engine) -> None:
    calls: list[int] = []
    engine.on_event(lambda: calls.append(1))
    engine.process_batch([(0, bytes(25))] * 3)
    engine.on_event(None)
    assert calls == [1]


def test_entries_that_are_not_hit_time_out_again_and_again(engine: Engine) -> None:
    table = engine.tables["aged"]
    handle = table.insert(b"\0\x09", None, 0, ActionCall("nothing"), idle_timeout_ns=10_000_000)
    engine.set_time(engine.time() + 9_000)
    send(engine, 9)
    engine.poll_events()
    engine.set_time(engine.time() + 9_000)
    assert engine.poll_events() == []
    engine.set_time(engine.time() + 1_000)
    assert engine.poll_events() == [IdleTimeout("aged", handle)]
    assert engine.poll_events() == []
    engine.set_time(engine.time() + 10_000)
    assert engine.poll_events() == [IdleTimeout("aged", handle)]
    table.delete(handle)


def selector_program() -> Builder:
    b = Builder()
    b.header_type("h_t", key=8, flow=8)
    b.header("h", "h_t")
    b.state("start", [extract("h")], default=None)
    go = b.action("go", {"port": 9}, call("assign", f("standard_metadata.egress_spec"), param(0)))
    b.pipelines["ingress"]["action_profiles"].append(
        {"name": "ways", "id": 0, "max_size": 16, "selector": {"algo": "identity", "input": [f("h.flow")]}}
    )
    b.table("ingress", "t", [("exact", "h.key")], [go], "exact", None, type="indirect_ws", action_profile="ways")
    return b


def test_groups_choose_members_by_hash_and_weight() -> None:
    with Engine(selector_program().text()) as engine:
        ways, table = engine.action_profiles["ways"], engine.tables["t"]
        one, two = (ways.add_member(ActionCall("go", port.to_bytes(2))) for port in (1, 2))
        group = ways.add_group([(two, 2), (one, 1)])
        table.insert(b"\7", None, 0, group)
        assert [engine.process(0, bytes([7, flow]))[0][0] for flow in range(6)] == [1, 2, 2, 1, 2, 2]
        with pytest.raises(InUse):
            ways.delete_member(one)
        ways.modify_member(one, ActionCall("go", b"\0\x09"))
        assert engine.process(0, b"\7\0") == [(9, b"\7\0")]
        ways.modify_group(group, [(two, 1)])
        assert engine.process(0, b"\7\0") == [(2, b"\7\0")]
        ways.delete_member(one)
        table.insert(b"\x08", None, 0, two)
        assert engine.process(0, b"\x08\0") == [(2, b"\x08\0")]
        assert {entry.action for entry in table.entries()} == {group, two}


def test_direct_counters_and_meters_belong_to_entries() -> None:
    b = Builder()
    b.header_type("h_t", key=8, colour=8)
    b.header("h", "h_t")
    b.state("start", [extract("h")], default=None)
    b.add(
        "meter_arrays",
        name="m",
        type="bytes",
        rate_count=2,
        size=8,
        is_direct=True,
        binding="t",
        result_target=["h", "colour"],
    )
    b.add("counter_arrays", name="c", is_direct=True, binding="t")
    go = b.action("go", {}, egress_to(1))
    b.table("ingress", "t", [("exact", "h.key")], [go], "exact", None, go, direct_meters="m", with_counters=True)
    with Engine(b.text(), clock=Clock.VIRTUAL) as engine:
        table = engine.tables["t"]
        handle = table.insert(b"\7", None, 0, ActionCall("go"))
        table.set_meter(handle, MeterRates(1, 10, 1, 20))
        assert [engine.process(0, b"\7\xff" + bytes(6))[0][1][1] for _ in range(3)] == [0, 1, 2]
        assert table.counter(handle) == (3, 24)
        assert engine.process(0, b"\6\xff")[0][1][1] == 0xFF
        table.set_counter(handle, 1, 2)
        assert table.counter(handle) == (1, 2)
        assert table.lookups() == (3, 1)
