"""Batches: errors by position, the three atomicities, the fast path, and reads in chunks."""

import contextlib
from collections.abc import Iterator

import pytest
from finsy.proto import p4r

from switch.p4runtime import P4RuntimeError
from switch.p4runtime.bytestring import from_int

from .world import DELETE, INSERT, MODIFY, FakeTarget, World

ROLLBACK, ATOMIC = p4r.WriteRequest.ROLLBACK_ON_ERROR, p4r.WriteRequest.DATAPLANE_ATOMIC


def route(world: World, number: int, port: bytes = b"\x01") -> p4r.TableEntry:
    return world.entry("route", world.action("forward", port), dst=(from_int(number), 32))


def refused(world: World, *updates: tuple[int, object], atomicity: int = 0) -> list[int]:
    with pytest.raises(P4RuntimeError) as caught:
        world.write(*updates, atomicity=atomicity)
    assert caught.value.code.name == "UNKNOWN"
    return [detail.canonical_code for detail in caught.value.details]


def test_all_good_updates_of_a_batch_are_done_and_each_error_has_its_place(world: World) -> None:
    world.write((INSERT, route(world, 1)))
    codes = refused(
        world, (INSERT, route(world, 1)), (INSERT, route(world, 2)), (DELETE, route(world, 9)), (0, route(world, 3))
    )
    assert codes == [6, 0, 5, 3]
    assert sorted(e.match[0].lpm.value for e in world.reads("route")) == [b"\x01", b"\x02"]


def test_big_batches_over_several_tables(world: World) -> None:
    updates = [(INSERT, route(world, i)) for i in range(1, 6000)]
    others = [(INSERT, world.entry("smac", world.action("NoAction"), mac=i.to_bytes(6, "big"))) for i in range(500)]
    mixed = [item for pair in zip(updates, others, strict=False) for item in pair] + updates[500:]
    world.write(*mixed)
    assert (len(world.reads("route")), len(world.reads("smac"))) == (5999, 500)
    world.write(*[(MODIFY, route(world, i, b"\x07")) for i in range(1, 6000)])
    assert {e.action.action.params[0].value for e in world.reads("route")} == {b"\x07"}
    world.write(*[(DELETE, route(world, i)) for i in range(1, 6000)])
    assert world.reads("route") == []


def test_the_fast_path_takes_what_the_ordinary_one_takes(world: World) -> None:
    padded = world.entry("route", world.action("forward", b"\0\0\x01"), dst=(b"\0\0\0\0\x05", 32))
    host = world.entry("host", world.action("forward", b"\x01\xff"), src=b"\x01", dst=b"\x02", proto=b"\x06")
    ternary = world.entry("acl", world.action("drop"), 5, src=(b"\x0a", b"\xff"), is_ipv4=b"\x01")
    world.write((INSERT, padded), (INSERT, host), (INSERT, ternary))
    assert world.reads("route") == [world.entry("route", world.action("forward", b"\x01"), dst=(b"\x05", 32))]
    assert world.reads("host") == [host]
    assert world.reads("acl") == [ternary]


@pytest.mark.parametrize("atomicity", [ROLLBACK, p4r.WriteRequest.CONTINUE_ON_ERROR])
def test_a_good_batch_is_done_whatever_its_atomicity(world: World, atomicity: int) -> None:
    world.write((INSERT, route(world, 1)), (INSERT, route(world, 2)), atomicity=atomicity)
    assert len(world.reads("route")) == 2


def test_rollback_undoes_inserts_changes_and_deletes(world: World) -> None:
    group = p4r.MulticastGroupEntry(multicast_group_id=3, metadata=b"x")
    counter = p4r.CounterEntry(counter_id=world.id("counters", "port_counter"), data=p4r.CounterData(packet_count=1))
    default = world.entry("route", world.action("forward", b"\x07"))
    default.is_default_action = True
    first = route(world, 1)
    first.metadata = b"meta"
    first.counter_data.packet_count = 12
    world.write((INSERT, first), (INSERT, route(world, 2)), (INSERT, group), (MODIFY, default))
    before = everything(world)
    codes = refused(
        world,
        (INSERT, route(world, 3)),
        (MODIFY, route(world, 1, b"\x09")),
        (DELETE, route(world, 2)),
        (DELETE, group),
        (MODIFY, counter),
        (MODIFY, p4r.TableEntry(table_id=default.table_id, is_default_action=True)),
        (INSERT, route(world, 1)),
        (INSERT, route(world, 4)),
        atomicity=ROLLBACK,
    )
    assert codes == [10, 10, 10, 10, 10, 10, 6, 10]
    assert everything(world) == before


def everything(world: World) -> list[bytes]:
    flags = {"counter_data": p4r.CounterData(), "meter_config": p4r.MeterConfig()}
    found = world.read(
        p4r.TableEntry(**flags),
        p4r.TableEntry(is_default_action=True),
        p4r.MulticastGroupEntry(),
        p4r.CounterEntry(),
        p4r.MeterEntry(),
        p4r.RegisterEntry(),
        p4r.ActionProfileMember(),
    )
    return sorted(message.SerializeToString() for message in found)


def test_an_atomic_batch_is_refused_where_packets_cannot_be_held(world: World) -> None:
    with pytest.raises(P4RuntimeError, match="UNIMPLEMENTED: DATAPLANE_ATOMIC is offered for a single update"):
        world.write((INSERT, route(world, 1)), (INSERT, route(world, 2)), atomicity=ATOMIC)
    world.write((INSERT, route(world, 1)), atomicity=ATOMIC)
    assert len(world.reads("route")) == 1


class PausableTarget(FakeTarget):
    pauses = 0

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        self.pauses += 1
        yield


def test_an_atomic_batch_is_done_while_packets_are_held() -> None:
    target = PausableTarget()
    world = World(target=target)
    world.write((INSERT, route(world, 1)), (INSERT, route(world, 2)), atomicity=ATOMIC)
    codes = refused(world, (DELETE, route(world, 1)), (INSERT, route(world, 2)), atomicity=ATOMIC)
    assert codes == [10, 6]
    assert (target.pauses, len(world.reads("route"))) == (2, 2)


def test_an_unknown_atomicity_is_refused(world: World) -> None:
    with pytest.raises(P4RuntimeError, match="INVALID_ARGUMENT: atomicity 9 is not one of"):
        world.write((INSERT, route(world, 1)), atomicity=9)


# Reads -----------------------------------------------------------------------------------------------------------


def test_big_reads_come_in_chunks(world: World) -> None:
    world.write(*[(INSERT, route(world, i)) for i in range(1, 1301)])
    query = p4r.Entity(table_entry=p4r.TableEntry(table_id=world.id("tables", "route")))
    responses = list(world.service.read(p4r.ReadRequest(device_id=1, entities=[query])))
    assert [len(response.entities) for response in responses] == [512, 512, 276]


def test_entries_are_filtered_by_key_action_priority_and_metadata(world: World) -> None:
    first, second = route(world, 1), world.entry("route", world.action("drop"), dst=(b"\x0a\0\0\0", 8))
    second.metadata, second.controller_metadata = b"tag", 9
    world.write((INSERT, first), (INSERT, second))
    assert world.read(world.entry("route", dst=(b"\x0a\0\0\0", 8))) == [second]
    assert world.read(world.entry("route", dst=(b"\x0b\0\0\0", 8))) == []
    by_action = world.entry("route", p4r.Action(action_id=world.id("actions", "drop")))
    assert world.read(by_action) == [second]
    assert world.reads("route", metadata=b"tag") == [second]
    assert world.reads("route", controller_metadata=9) == [second]
    assert world.reads("route", metadata=b"other") == []
    acl = [world.entry("acl", world.action("drop"), p, is_ipv4=b"\x01") for p in (1, 2)]
    world.write(*[(INSERT, entry) for entry in acl])
    assert world.reads("acl", priority=2) == acl[1:]
    assert len(world.read(world.entry("acl", is_ipv4=b"\x01"))) == 2


def test_a_wildcard_reads_all_tables(world: World) -> None:
    world.write((INSERT, route(world, 1)))
    tables = [entry.table_id for entry in world.read(p4r.TableEntry())]
    assert sorted(tables) == sorted([world.id("tables", n) for n in ("fixed", "fixed", "order", "order", "route")])
    defaults = world.read(p4r.TableEntry(is_default_action=True))
    assert len(defaults) == len(world.info.tables)


def test_the_time_since_the_last_hit_is_told_when_asked(world: World) -> None:
    entry = world.entry("host", world.action("NoAction"), src=b"\x01", dst=b"\x02", proto=b"\x06")
    world.write((INSERT, entry))
    (read,) = world.reads("host", time_since_last_hit=p4r.TableEntry.IdleTimeout())
    assert read.HasField("time_since_last_hit")
    (plain,) = world.reads("host")
    assert not plain.HasField("time_since_last_hit")


def test_bad_queries_are_told_by_position_after_the_good_ones_are_answered(world: World) -> None:
    world.write((INSERT, route(world, 1)))
    good = p4r.Entity(table_entry=p4r.TableEntry(table_id=world.id("tables", "route")))
    bad = p4r.Entity(table_entry=p4r.TableEntry(table_id=5))
    responses = world.service.read(p4r.ReadRequest(device_id=1, entities=[bad, good, p4r.Entity()]))
    assert next(responses).entities[0].table_entry == route(world, 1)
    with pytest.raises(P4RuntimeError) as caught:
        next(responses)
    assert [d.canonical_code for d in caught.value.details] == [3, 0, 3]


def test_reading_the_wrong_device_or_before_a_program_fails(world: World) -> None:
    with pytest.raises(P4RuntimeError, match="NOT_FOUND"):
        list(world.service.read(p4r.ReadRequest(device_id=2)))
    with pytest.raises(P4RuntimeError, match="FAILED_PRECONDITION: No forwarding pipeline config"):
        list(World(load=False).service.read(p4r.ReadRequest(device_id=1)))


# Translation -----------------------------------------------------------------------------------------------------


def test_translated_values_are_strings_and_numbers_for_the_client(world: World) -> None:
    action = world.action("set_tenant", b"red", b"\x0f")
    entry = world.entry("tenants", action, tenant=b"blue", zone=b"\0\0\x0f\xff")
    other = world.entry("tenants", world.action("NoAction"), tenant=b"7", zone=b"\x01")
    world.write((INSERT, entry), (INSERT, other))
    assert world.reads("tenants") == [world.entry("tenants", action, tenant=b"blue", zone=b"\x0f\xff"), other]
    keys = [stored.key for stored in world.target.engine.tables["tenants"].entries()]
    assert keys[1] == b"\x00\x07\x00\x01"


def test_translated_values_must_fit_both_sides(world: World) -> None:
    wide = world.entry("tenants", world.action("NoAction"), tenant=b"blue", zone=b"\x10\0")
    assert world.refused(INSERT, wide)[0] == "OUT_OF_RANGE"
    names = (b"", b"\xff", b"65536")
    entries = [world.entry("tenants", world.action("NoAction"), tenant=name, zone=b"\x01") for name in names]
    codes = [world.refused(INSERT, entry)[0] for entry in entries]
    assert codes == ["INVALID_ARGUMENT", "INVALID_ARGUMENT", "OUT_OF_RANGE"]
