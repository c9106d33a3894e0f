"""RECONCILE_AND_COMMIT as a property: what fits is there before the new program's first packet."""

import json
import random
from typing import Any

import pytest
from finsy.proto import p4r

from .test_configure import without_action
from .test_native import ipv4, send
from .world import INSERT, MODIFY, NativeTarget, SetConfig, World, config


@pytest.fixture
def native() -> World:
    return World(target=NativeTarget())


def resized(table: str, size: int) -> p4r.ForwardingPipelineConfig:
    """The program with another size of one table."""
    made = config()
    program = json.loads(made.p4_device_config)
    tables = [item for pipeline in program["pipelines"] for item in pipeline["tables"] if item["name"] == table]
    tables[0]["max_size"] = size
    made.p4_device_config = json.dumps(program).encode()
    next(info for info in made.p4info.tables if info.preamble.name == table).size = size
    return made


def routes(world: World, rng: random.Random, count: int) -> list[p4r.TableEntry]:
    """Random routes with random actions, some with what only the server remembers."""
    calls = [
        lambda: world.action("forward", bytes([rng.randrange(1, 9)])),
        lambda: world.action("flood", b"\x03"),
        lambda: world.action("drop"),
        lambda: world.action("route_to", b"\x05", bytes([rng.randrange(1, 9)])),
    ]
    made = []
    for number in rng.sample(range(1, 200), count):
        entry = world.entry("route", rng.choice(calls)(), dst=(bytes([number, 0, 0, 0]), 8))
        entry.metadata = rng.choice([b"", b"tag"])
        made.append(entry)
    return made


def key(entry: p4r.TableEntry) -> bytes:
    return entry.match[0].lpm.value


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("action", ["flood", "forward", "route_to"])
def test_entries_whose_action_is_still_there_stay_and_the_others_go(native: World, seed: int, action: str) -> None:
    rng = random.Random(seed)
    entries = routes(native, rng, rng.randrange(1, 60))
    native.write(*[(INSERT, entry) for entry in entries])

    native.push(SetConfig.RECONCILE_AND_COMMIT, without_action("route", action))

    gone = native.id("actions", action)
    fitting = [entry for entry in entries if entry.action.action.action_id != gone]
    assert sorted(native.reads("route"), key=key) == sorted(fitting, key=key)


@pytest.mark.parametrize("seed", range(6))
def test_a_table_that_grows_keeps_everything_and_its_counters(native: World, seed: int) -> None:
    entries = routes(native, random.Random(seed), 40)
    for number, entry in enumerate(entries):
        entry.counter_data.packet_count = number + 1
    native.write(*[(INSERT, entry) for entry in entries])

    native.push(SetConfig.RECONCILE_AND_COMMIT, resized("route", 9000))

    kept = native.reads("route", counter_data=p4r.CounterData())
    assert sorted(kept, key=key) == sorted(entries, key=key)


def test_a_table_that_shrinks_keeps_what_it_has_and_takes_no_more(native: World) -> None:
    native.write(*[(INSERT, entry) for entry in routes(native, random.Random(1), 40)])
    native.push(SetConfig.RECONCILE_AND_COMMIT, resized("route", 10))
    assert len(native.reads("route")) == 40
    another = native.entry("route", native.action("drop"), dst=(b"\xfe\0\0\0", 8))
    assert native.refused(INSERT, another)[0] == "RESOURCE_EXHAUSTED"


def test_other_tables_registers_and_counters_are_kept_when_one_table_changes(native: World) -> None:
    register = p4r.RegisterEntry(register_id=native.id("registers", "cells"), index=p4r.Index(index=3))
    register.data.bitstring = b"\x2a"
    host = native.entry("host", native.action("NoAction"), src=b"\x01", dst=b"\x02", proto=b"\x06")
    native.write((MODIFY, register), (INSERT, host))

    native.push(SetConfig.RECONCILE_AND_COMMIT, without_action("route", "flood"))

    assert native.read(register) == [register]
    assert native.reads("host") == [host]


def test_the_first_packet_of_the_new_program_finds_the_entries_of_a_table_that_changed(native: World) -> None:
    native.write((INSERT, native.entry("route", native.action("forward", b"\x03"), dst=(b"\x0a\0\0\0", 8))))
    before = [port for port, _ in send(native, 1, ipv4())]
    target = native.target
    assert isinstance(target, NativeTarget)
    seen: list[Any] = []
    target.settled = lambda engine: seen.append([port for port, _ in engine.process(1, ipv4())])

    native.push(SetConfig.RECONCILE_AND_COMMIT, without_action("route", "flood"))

    assert before == [3]
    assert seen == [[3]]


def test_the_old_program_still_runs_while_the_new_one_is_filled(native: World) -> None:
    native.write((INSERT, native.entry("route", native.action("forward", b"\x03"), dst=(b"\x0a\0\0\0", 8))))
    target = native.target
    assert isinstance(target, NativeTarget)
    seen: list[Any] = []
    target.filled = lambda engine: seen.extend([len(engine.tables["route"]), [p for p, _ in send(native, 1, ipv4())]])

    native.push(SetConfig.RECONCILE_AND_COMMIT, without_action("route", "flood"))

    assert seen == [1, [3]]


def test_a_commit_brings_the_saved_entries_with_the_program(native: World) -> None:
    native.push(SetConfig.VERIFY_AND_SAVE, config())
    native.write((INSERT, native.entry("route", native.action("forward", b"\x04"), dst=(b"\x0a\0\0\0", 8))))
    target = native.target
    assert isinstance(target, NativeTarget)
    seen: list[Any] = []
    target.settled = lambda engine: seen.append([port for port, _ in engine.process(1, ipv4())])

    native.push(SetConfig.COMMIT)

    assert seen == [[4]]
