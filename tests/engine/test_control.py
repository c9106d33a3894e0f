"""The control plane beside running packets: no half entries, adoption, many threads."""

from __future__ import annotations

import threading

from switch.engine import ActionCall, Clock, Engine, Group

from .json_builder import Builder, call, egress_to, extract, f, n, param
from .test_externs import selector_program


def pair_program(kind: str = "exact", extra: bool = False) -> str:
    """A table whose action writes two parameters; a packet must never see them differ."""
    b = Builder()
    b.header_type("h_t", key=32, one=64, two=64)
    b.header("h", "h_t")
    b.state("start", [extract("h")], default=None)
    b.add("register_arrays", name="r", size=8, bitwidth=32)
    b.add("counter_arrays", name="c", size=8, is_direct=False)
    b.run("ingress", "go", egress_to(1), call("count", {"type": "counter_array", "value": "c"}, n(1)), next_="t")
    put = b.action(
        "put", {"one": 64, "two": 64}, call("assign", f("h.one"), param(0)), call("assign", f("h.two"), param(1))
    )
    miss = b.action("miss", {})
    match_type = {"lpm": "lpm", "ternary": "ternary"}.get(kind, "exact")
    b.table(
        "ingress",
        "t",
        [(kind, "h.key")],
        [put, miss],
        match_type,
        "late" if extra else None,
        miss,
        max_size=100_000,
        with_counters=True,
    )
    if extra:
        b.run("ingress", "late", call("assign", f("h.one"), n(1)))
    return b.text()


def both(value: int) -> ActionCall:
    """The action with the same value twice."""
    return ActionCall("put", value.to_bytes(8) * 2)


def churn(engine: Engine, stop: threading.Event) -> None:
    """Inserts, modifies and deletes without pause."""
    table, round_ = engine.tables["t"], 0
    while not stop.is_set():
        round_ += 1
        handles = []
        for key in range(200):
            mask = b"\xff\xff\xff\xff" if key % 2 or table.spec.keys[0].kind.value == "exact" else b"\xff\xff\xff\xfc"
            value = (key & int.from_bytes(mask)).to_bytes(4)
            if table.find(value, mask, 1) is None:
                handles.append(table.insert(value, mask, 1, both(round_)))
        for handle in handles:
            table.modify(handle, both(round_ + 1_000_000))
        for handle in handles:
            table.delete(handle)


def torn(engine: Engine, rounds: int) -> int:
    """How many packets saw two different parameters."""
    packets = [(0, key.to_bytes(4) + bytes(16)) for key in range(200)]
    bad = 0
    for _ in range(rounds):
        for _, _, out in engine.process_batch(packets):
            bad += out[4:12] != out[12:20]
    return bad


def check_churn(kind: str) -> None:
    """Packets and two writers at once."""
    with Engine(pair_program(kind)) as engine:
        stop = threading.Event()
        writer = threading.Thread(target=churn, args=(engine, stop))
        writer.start()
        try:
            bad = torn(engine, 400)
        finally:
            stop.set()
            writer.join()
        assert bad == 0
        assert len(engine.tables["t"]) == 0


def test_packets_never_see_half_an_exact_entry() -> None:
    check_churn("exact")


def test_packets_never_see_half_a_prefix() -> None:
    check_churn("lpm")


def test_packets_never_see_half_a_ternary_entry() -> None:
    check_churn("ternary")


def test_a_new_program_keeps_what_did_not_change() -> None:
    packet = (7).to_bytes(4) + bytes(16)
    old = Engine(pair_program(), clock=Clock.VIRTUAL)
    handle = old.tables["t"].insert(packet[:4], None, 0, both(5))
    old.registers["r"].write(3, 99)
    old.replication.set_multicast(1, [(1, 1)])
    old.set_time(1000)
    old.process(0, packet)
    with Engine(pair_program(extra=True), clock=Clock.VIRTUAL) as new:
        kept = new.adopt(old)
        old.close()
        assert {"t", "r", "c"} <= set(kept)
        ((_, out),) = new.process(0, packet)
        assert out[4:] == (1).to_bytes(8) + (5).to_bytes(8)
        assert new.tables["t"].counter(handle) == (2, 40)
        assert new.registers["r"].read(3) == 99
        assert new.counters["c"].read(1) == (2, 40)
        assert new.replication.multicast_groups() == {1: ((1, 1),)}
        assert new.time() == 1000


def test_a_changed_table_starts_empty() -> None:
    with Engine(pair_program("exact")) as old, Engine(pair_program("lpm")) as new:
        old.tables["t"].insert(bytes(4), None, 0, both(5))
        assert "t" not in new.adopt(old)
        assert len(new.tables["t"]) == 0


def test_profiles_are_adopted_with_their_tables() -> None:
    with Engine(selector_program().text()) as old, Engine(selector_program().text()) as new:
        member = old.action_profiles["ways"].add_member(ActionCall("go", b"\0\4"))
        group = old.action_profiles["ways"].add_group([(member, 1)])
        old.tables["t"].insert(b"\1", None, 0, group)
        assert {"t", "ways"} <= set(new.adopt(old))
        assert new.process(0, b"\1\0") == [(4, b"\1\0")]
        assert new.action_profiles["ways"].groups() == {Group(group.handle): ((member, 1),)}
