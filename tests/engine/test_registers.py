"""Registers: which lie in one row, and that both sides see whole cells of the right array."""

from __future__ import annotations

import threading

import pytest

from switch.engine import Engine
from switch.engine.codegen import generate
from switch.engine.codegen.register_groups import group_registers
from switch.engine.program import read_program

from .json_builder import Builder, call, egress_to, extract, f, n

WIDTHS = {"tag": 64, "flag": 1, "record": 280, "wide": 100, "count": 32}
LAST = 99


def array(name: str) -> dict:
    return {"type": "register_array", "value": name}


def flows(widths: dict[str, int] = WIDTHS, size: int = LAST + 1) -> Builder:
    """Adds 1 to the cells that h.at names, and sends the packet back."""
    b = Builder()
    b.header_type("h_t", at=16)
    b.header("h", "h_t")
    b.header_type("row_t", **widths)
    b.header("row", "row_t", metadata=True)
    b.state("start", [extract("h")], default=None)
    steps = [egress_to(1)]
    for name, width in widths.items():
        b.add("register_arrays", name=name, size=size, bitwidth=width)
        steps.append(call("register_read", f(f"row.{name}"), array(name), f("h.at")))
        steps.append(call("add_to_field", f(f"row.{name}"), n(1)))
        steps.append(call("register_write", array(name), f("h.at"), f(f"row.{name}")))
    b.run("ingress", "go", *steps)
    return b


def to_row(index: int) -> bytes:
    return index.to_bytes(2) + bytes(64)


def test_registers_of_one_size_that_are_used_with_one_index_lie_in_one_row() -> None:
    groups, places = group_registers(read_program(flows().text()))

    assert [[array.name for array in group.arrays] for group in groups] == [["tag", "flag", "record", "wide", "count"]]
    assert groups[0].stride == 128
    assert [places[name].offset for name in WIDTHS] == [0, 8, 16, 56, 72]


def test_registers_of_another_size_or_index_lie_by_themselves() -> None:
    b = flows({"a": 32, "b": 32})
    b.add("register_arrays", name="smaller", size=10, bitwidth=32)
    b.add("register_arrays", name="elsewhere", size=100, bitwidth=32)
    b.add("register_arrays", name="fixed", size=100, bitwidth=8)
    b.action(
        "more",
        {},
        call("register_write", array("smaller"), f("h.at"), n(1)),
        call("register_write", array("elsewhere"), f("row.a"), n(1)),
        call("register_write", array("fixed"), n(3), n(1)),
    )

    groups, _ = group_registers(read_program(b.text()))

    assert [[array.name for array in group.arrays] for group in groups] == [
        ["a", "b"],
        ["smaller"],
        ["elsewhere"],
        ["fixed"],
    ]
    assert [group.stride for group in groups] == [8, 4, 4, 1]


@pytest.mark.parametrize("name", WIDTHS)
def test_each_array_of_a_row_is_read_and_written_by_itself(name: str) -> None:
    with Engine(flows().text()) as engine:
        top = (1 << WIDTHS[name]) - 1
        engine.registers[name].write(LAST, top)

        before = {other: register.read(LAST) for other, register in engine.registers.items()}
        engine.process(0, to_row(LAST))
        after = {other: register.read(LAST) for other, register in engine.registers.items()}

        assert before == {other: top if other == name else 0 for other in WIDTHS}
        assert after == {other: 0 if other == name else 1 for other in WIDTHS}
        assert engine.registers[name].read_all() == bytes(LAST * ((WIDTHS[name] + 7) // 8)) + after[name].to_bytes(
            (WIDTHS[name] + 7) // 8
        )


def test_a_new_program_with_one_more_register_in_the_row_keeps_the_others() -> None:
    with Engine(flows().text()) as old, Engine(flows({**WIDTHS, "more": 16}).text()) as new:
        old.registers["record"].write(LAST, 1 << 279)
        old.registers["flag"].write(5, 1)

        kept = new.adopt(old)

        assert set(WIDTHS) <= set(kept)
        assert "more" not in kept
        assert new.registers["record"].read(LAST) == 1 << 279
        assert new.registers["flag"].read(5) == 1
        assert new.registers["more"].read_all() == bytes(200)


def test_the_same_program_keeps_its_rows_and_leaves_the_old_engine_empty() -> None:
    with Engine(flows().text()) as old, Engine(flows().text()) as new:
        old.registers["tag"].write(LAST, 7)

        new.adopt(old)

        assert new.registers["tag"].read(LAST) == 7
        assert old.registers["tag"].read(LAST) == 0


def test_packets_and_the_control_plane_never_see_half_a_cell() -> None:
    ones = (1 << 280) - 1
    b = Builder()
    b.header_type("h_t", seen=280)
    b.header("h", "h_t")
    b.state("start", [extract("h")], default=None)
    b.add("register_arrays", name="r", size=1, bitwidth=280)
    b.run("ingress", "go", egress_to(1), call("register_read", f("h.seen"), array("r"), n(0)))
    with Engine(b.text()) as engine:
        stop, torn = threading.Event(), []

        def control() -> None:
            while not stop.is_set():
                engine.registers["r"].write(0, ones)
                engine.registers["r"].write(0, 0)

        thread = threading.Thread(target=control)
        thread.start()
        for _ in range(100):
            out = engine.process_batch([(0, bytes(35))] * 200)
            torn += [data for _, _, data in out if int.from_bytes(data) not in (0, ones)]
        stop.set()
        thread.join()

        assert torn == []


def test_the_control_plane_reads_whole_cells_that_packets_write() -> None:
    b = Builder()
    b.header_type("h_t", value=280)
    b.header("h", "h_t")
    b.state("start", [extract("h")], default=None)
    b.add("register_arrays", name="r", size=1, bitwidth=280)
    b.run("ingress", "go", egress_to(1), call("register_write", array("r"), n(0), f("h.value")))
    with Engine(b.text()) as engine:
        packets = [(0, bytes([value]) * 35) for value in (0, 255)] * 32
        runner = threading.Thread(target=lambda: engine.replay(packets, 20_000))
        runner.start()
        seen = set()
        while runner.is_alive():
            seen.add(engine.registers["r"].read(0))
        runner.join()

        assert seen <= {0, (1 << 280) - 1}


@pytest.mark.parametrize(("steps", "fetches"), [("apart", 1), ("together", 0)])
def test_a_row_is_fetched_when_its_index_is_known_before_it_is_used(steps: str, fetches: int) -> None:
    b = Builder()
    b.header_type("h_t", at=32, tag=32)
    b.header("h", "h_t")
    b.state("start", [extract("h")], default=None)
    b.add("register_arrays", name="tag", size=1 << 20, bitwidth=32)
    know, use = call("assign", f("h.at"), n(7)), call("register_read", f("h.tag"), array("tag"), f("h.at"))
    if steps == "apart":
        b.run("ingress", "know", know, next_="use")
        b.run("ingress", "use", use, egress_to(1))
    else:
        b.run("ingress", "both", know, use, egress_to(1))

    assert generate(read_program(b.text())).text.count("__builtin_prefetch") == fetches
