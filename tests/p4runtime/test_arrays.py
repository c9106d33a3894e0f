"""Counters, meters, registers, direct resources, value sets and replication."""

from typing import Any

import pytest
from finsy.proto import p4d, p4r

from .world import DELETE, INSERT, MODIFY, Match, World

ROUTE: dict[str, Any] = {"dst": (b"\x0a\0\0\0", 8)}
RATES = p4r.MeterConfig(cir=10, cburst=5, pir=20, pburst=8)
ALL_CELLS = p4r.Index(index=0)


def test_a_counter_cell_is_set_and_read(world: World) -> None:
    number = world.id("counters", "port_counter")
    cell = p4r.CounterEntry(counter_id=number, index=p4r.Index(index=3))
    cell.data.packet_count, cell.data.byte_count = 5, 9
    world.write((MODIFY, cell))
    assert world.read(p4r.CounterEntry(counter_id=number, index=p4r.Index(index=3))) == [cell]
    everything = world.read(p4r.CounterEntry())
    assert len(everything) == 16
    assert [c.data.packet_count for c in everything if c.data.packet_count] == [5]


def test_without_an_index_all_cells_are_set(world: World) -> None:
    number = world.id("counters", "port_counter")
    world.write((MODIFY, p4r.CounterEntry(counter_id=number, data=p4r.CounterData(packet_count=1))))
    assert sum(c.data.packet_count for c in world.read(p4r.CounterEntry(counter_id=number))) == 16


@pytest.mark.parametrize(("index", "code"), [(-1, "INVALID_ARGUMENT"), (16, "OUT_OF_RANGE")])
def test_indices_are_checked(world: World, index: int, code: str) -> None:
    number = world.id("counters", "port_counter")
    assert world.refused(MODIFY, p4r.CounterEntry(counter_id=number, index=p4r.Index(index=index)))[0] == code


@pytest.mark.parametrize("kind", [INSERT, DELETE])
def test_arrays_are_only_modified(world: World, kind: int) -> None:
    number = world.id("counters", "port_counter")
    assert world.refused(kind, p4r.CounterEntry(counter_id=number))[0] == "INVALID_ARGUMENT"


def test_a_meter_cell_is_set_read_and_reset(world: World) -> None:
    cell = p4r.MeterEntry(meter_id=world.id("meters", "punt_meter"), index=p4r.Index(index=2), config=RATES)
    world.write((MODIFY, cell))
    assert [m for m in world.read(p4r.MeterEntry()) if m.HasField("config")] == [cell]
    cell.ClearField("config")
    world.write((MODIFY, cell))
    assert [m for m in world.read(p4r.MeterEntry()) if m.HasField("config")] == []


@pytest.mark.parametrize(
    "rates",
    [
        p4r.MeterConfig(cir=10, pir=5),
        p4r.MeterConfig(cir=-1),
        p4r.MeterConfig(cir=1, cburst=1, pir=1, pburst=1, eburst=3),
    ],
)
def test_meter_rates_are_checked(world: World, rates: p4r.MeterConfig) -> None:
    entry = p4r.MeterEntry(meter_id=world.id("meters", "punt_meter"), index=p4r.Index(index=2), config=rates)
    assert world.refused(MODIFY, entry)[0] == "INVALID_ARGUMENT"


def test_registers_of_any_width_are_written_and_read(world: World) -> None:
    number = world.id("registers", "wide")
    value = p4d.P4Data(bitstring=b"\x03" + b"\xff" * 16)
    cell = p4r.RegisterEntry(register_id=number, index=p4r.Index(index=1), data=value)
    world.write((MODIFY, cell))
    assert world.read(p4r.RegisterEntry(register_id=number, index=p4r.Index(index=1))) == [cell]
    cells = world.read(p4r.RegisterEntry(register_id=number))
    assert [c.data.bitstring for c in cells] == [b"\0", value.bitstring, b"\0", b"\0"]


def test_register_values_must_have_the_type(world: World) -> None:
    number = world.id("registers", "wide")
    index = p4r.Index(index=0)
    too_wide = p4r.RegisterEntry(register_id=number, index=index, data=p4d.P4Data(bitstring=b"\x04" + bytes(16)))
    no_bits = p4r.RegisterEntry(register_id=number, index=index, data=p4d.P4Data(bool=True))
    assert world.refused(MODIFY, too_wide)[0] == "OUT_OF_RANGE"
    assert "the data is bool, bitstring of 130 bits is expected" in world.refused(MODIFY, no_bits)[1]


# Direct resources ------------------------------------------------------------------------------------------------


def test_a_direct_counter_is_read_only_when_asked_for(world: World) -> None:
    entry = world.entry("route", world.action("drop"), **ROUTE)
    entry.counter_data.packet_count = 4
    entry.counter_data.byte_count = 400
    world.write((INSERT, entry))
    assert world.reads("route", counter_data=p4r.CounterData()) == [entry]
    (plain,) = world.reads("route")
    assert not plain.HasField("counter_data")


def test_counts_are_not_negative(world: World) -> None:
    entry = world.entry("route", world.action("drop"), **ROUTE)
    entry.counter_data.packet_count = -1
    assert world.refused(INSERT, entry)[0] == "INVALID_ARGUMENT"
    entry.ClearField("counter_data")
    world.write((INSERT, entry))
    counted = p4r.DirectCounterEntry(table_entry=entry, data=p4r.CounterData(byte_count=-1))
    assert world.refused(MODIFY, counted)[0] == "INVALID_ARGUMENT"
    largest = p4r.CounterData(packet_count=2**63 - 1, byte_count=2**63 - 1)
    world.write((MODIFY, p4r.DirectCounterEntry(table_entry=entry, data=largest)))
    (read,) = world.reads("route", counter_data=p4r.CounterData())
    assert read.counter_data == largest


def test_a_direct_counter_is_an_entity_of_its_own(world: World) -> None:
    key = world.entry("route", **ROUTE)
    world.write((INSERT, world.entry("route", world.action("drop"), **ROUTE)))
    counted = p4r.DirectCounterEntry(table_entry=key, data=p4r.CounterData(packet_count=7))
    world.write((MODIFY, counted))
    assert world.read(p4r.DirectCounterEntry(table_entry=key)) == [counted]
    assert counted in world.read(p4r.DirectCounterEntry(table_entry=p4r.TableEntry()))
    other = p4r.DirectCounterEntry(table_entry=world.entry("route", dst=(b"\x0b\0\0\0", 8)))
    assert world.refused(MODIFY, other)[0] == "NOT_FOUND"


def test_a_direct_meter_belongs_to_its_entry(world: World) -> None:
    entry = world.entry("ports", world.action("meter_port"), port=b"\x01")
    entry.meter_config.CopyFrom(RATES)
    world.write((INSERT, entry))
    assert world.reads("ports", meter_config=p4r.MeterConfig()) == [entry]
    key = world.entry("ports", port=b"\x01")
    assert world.read(p4r.DirectMeterEntry(table_entry=key)) == [p4r.DirectMeterEntry(table_entry=key, config=RATES)]
    world.write((MODIFY, world.entry("ports", world.action("meter_port"), port=b"\x01")))
    assert world.read(p4r.DirectMeterEntry(table_entry=key)) == [p4r.DirectMeterEntry(table_entry=key)]


def test_direct_resources_that_a_table_lacks_are_refused(world: World) -> None:
    entry = world.entry("smac", world.action("NoAction"), mac=b"\x01")
    entry.counter_data.packet_count = 1
    assert "has no direct counter" in world.refused(INSERT, entry)[1]
    entry = world.entry("smac", world.action("NoAction"), mac=b"\x01")
    entry.meter_config.CopyFrom(RATES)
    assert "has no direct meter" in world.refused(INSERT, entry)[1]


COLOURS = p4r.MeterCounterData(
    green=p4r.CounterData(packet_count=5, byte_count=500), red=p4r.CounterData(packet_count=2, byte_count=9)
)


def test_what_a_direct_meter_counts_by_colour_is_read_and_set(world: World) -> None:
    entry = world.entry("ports", world.action("meter_port"), port=b"\x01")
    entry.meter_config.CopyFrom(RATES)
    entry.meter_counter_data.CopyFrom(COLOURS)
    world.write((INSERT, entry))
    asked = {"meter_config": p4r.MeterConfig(), "meter_counter_data": p4r.MeterCounterData()}
    assert [e.meter_counter_data.red.packet_count for e in world.reads("ports", **asked)] == [2]
    key = world.entry("ports", port=b"\x01")
    zero = p4r.MeterCounterData(green=p4r.CounterData(), yellow=p4r.CounterData(), red=p4r.CounterData())
    world.write((MODIFY, p4r.DirectMeterEntry(table_entry=key, counter_data=zero)))
    (read,) = world.read(p4r.DirectMeterEntry(table_entry=key, counter_data=p4r.MeterCounterData()))
    assert (read.counter_data, read.config) == (zero, RATES)
    assert not world.read(p4r.DirectMeterEntry(table_entry=key))[0].HasField("counter_data")


def test_what_an_indirect_meter_counts_by_colour_is_read_and_set(world: World) -> None:
    cell = p4r.MeterEntry(meter_id=world.id("meters", "punt_meter"), index=p4r.Index(index=1))
    world.write((MODIFY, p4r.MeterEntry(meter_id=cell.meter_id, index=cell.index, counter_data=COLOURS)))
    asked = p4r.MeterEntry(meter_id=cell.meter_id, index=cell.index, counter_data=p4r.MeterCounterData())
    assert world.read(asked)[0].counter_data.green == COLOURS.green
    assert not world.read(cell)[0].HasField("counter_data")


def test_meters_have_not_counted_less_than_nothing(world: World) -> None:
    wrong = p4r.MeterCounterData(yellow=p4r.CounterData(packet_count=-1))
    cell = p4r.MeterEntry(meter_id=world.id("meters", "punt_meter"), index=p4r.Index(index=1), counter_data=wrong)
    assert world.refused(MODIFY, cell)[0] == "INVALID_ARGUMENT"
    entry = world.entry("smac", world.action("NoAction"), mac=b"\x01")
    entry.meter_counter_data.green.packet_count = 1
    assert "has no direct meter" in world.refused(INSERT, entry)[1]


# Value sets ------------------------------------------------------------------------------------------------------


def value_set(world: World, *types: bytes) -> p4r.ValueSetEntry:
    entry = p4r.ValueSetEntry(value_set_id=world.id("value_sets", "tunnels"))
    for value in types:
        entry.members.add().match.append(Match(field_id=1, exact=Match.Exact(value=value)))
    return entry


def test_a_value_set_is_replaced_and_read(world: World) -> None:
    world.write((MODIFY, value_set(world, b"\x12\x34", b"\x56\x78")))
    assert world.read(p4r.ValueSetEntry()) == [value_set(world, b"\x12\x34", b"\x56\x78")]
    world.write((MODIFY, value_set(world)))
    assert world.read(p4r.ValueSetEntry()) == [value_set(world)]


def test_value_sets_are_checked(world: World) -> None:
    assert world.refused(INSERT, value_set(world))[0] == "INVALID_ARGUMENT"
    assert world.refused(MODIFY, value_set(world, *[bytes([i]) for i in range(5)]))[0] == "RESOURCE_EXHAUSTED"
    assert world.refused(MODIFY, value_set(world, b"\x01", b"\0\x01"))[0] == "ALREADY_EXISTS"
    assert world.refused(MODIFY, value_set(world, b"\x01\0\0"))[0] == "OUT_OF_RANGE"


# Replication -----------------------------------------------------------------------------------------------------


def multicast(number: int, *replicas: tuple[bytes, int]) -> p4r.MulticastGroupEntry:
    made = p4r.MulticastGroupEntry(multicast_group_id=number, metadata=b"m")
    for port, instance in replicas:
        made.replicas.add(port=port, instance=instance)
    return made


def test_multicast_groups_are_written_and_read(world: World) -> None:
    world.write((INSERT, multicast(1, (b"\x01", 1), (b"\0\x02", 1))), (INSERT, multicast(2)))
    wanted = p4r.PacketReplicationEngineEntry(multicast_group_entry=multicast(1, (b"\x01", 1), (b"\x02", 1)))
    assert world.read(p4r.MulticastGroupEntry(multicast_group_id=1)) == [wanted]
    world.write((MODIFY, multicast(1, (b"\x09", 0))), (DELETE, multicast(2)))
    (left,) = world.read(p4r.MulticastGroupEntry())
    assert left.multicast_group_entry == multicast(1, (b"\x09", 0))


def test_clone_sessions_are_written_and_read(world: World) -> None:
    session = p4r.CloneSessionEntry(session_id=5, class_of_service=2, packet_length_bytes=128)
    session.replicas.add(egress_port=3, instance=1)
    world.write((INSERT, session))
    (read,) = world.read(p4r.CloneSessionEntry(session_id=5))
    assert read.clone_session_entry == session
    world.write((DELETE, session))
    assert world.read(p4r.CloneSessionEntry()) == []


@pytest.mark.parametrize(
    ("group", "code"),
    [
        (multicast(0), "INVALID_ARGUMENT"),
        (multicast(70000), "INVALID_ARGUMENT"),
        (multicast(1, (b"\x01", 1), (b"\x01", 1)), "INVALID_ARGUMENT"),
        (multicast(1, (b"\x02\0", 1)), "INVALID_ARGUMENT"),
        (multicast(1, (b"\x01", 1 << 17)), "INVALID_ARGUMENT"),
        (multicast(1, (b"", 1)), "INVALID_ARGUMENT"),
    ],
)
def test_groups_are_checked(world: World, group: p4r.MulticastGroupEntry, code: str) -> None:
    assert world.refused(INSERT, group)[0] == code


def test_groups_and_sessions_exist_or_not(world: World) -> None:
    world.write((INSERT, multicast(1)))
    assert world.refused(INSERT, multicast(1))[0] == "ALREADY_EXISTS"
    assert world.refused(MODIFY, multicast(2))[0] == "NOT_FOUND"
    assert world.refused(DELETE, p4r.CloneSessionEntry(session_id=5))[0] == "NOT_FOUND"
    assert world.refused(INSERT, p4r.CloneSessionEntry(session_id=0))[0] == "INVALID_ARGUMENT"
    assert world.refused(INSERT, p4r.PacketReplicationEngineEntry())[0] == "INVALID_ARGUMENT"


def test_backup_replicas_are_kept_and_checked(world: World) -> None:
    group = multicast(1, (b"\x01", 1))
    group.replicas[0].backup_replicas.add(port=b"\x02", instance=2)
    world.write((INSERT, group))
    assert [entry.multicast_group_entry for entry in world.read(multicast(1))] == [group]

    for port, instance in ((b"\x02\x00", 2), (b"\x02", 1 << 17)):
        wrong = multicast(2, (b"\x01", 1))
        wrong.replicas[0].backup_replicas.add(port=port, instance=instance)
        assert world.refused(INSERT, wrong)[0] == "INVALID_ARGUMENT"


def test_externs_are_not_offered(world: World) -> None:
    assert world.refused(INSERT, p4r.ExternEntry(extern_type_id=0x81))[0] == "UNIMPLEMENTED"
    assert world.read(p4r.ExternEntry()) == []
