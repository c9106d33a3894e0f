"""Table entries: what INSERT, MODIFY and DELETE accept, and what they say when they do not."""

import pytest
from finsy.proto import p4r

from switch.p4runtime import P4RuntimeError

from .world import DELETE, INSERT, MODIFY, World

IP = b"\x0a\x00\x00\x01"


def test_an_inserted_entry_is_read_back_as_it_was_written(world: World) -> None:
    entry = world.entry("route", world.action("route_to", b"\x01\x02", b"\x05"), dst=(IP, 32))
    entry.metadata = b"mine"
    entry.controller_metadata = 77
    world.write((INSERT, entry))
    assert world.reads("route") == [entry]


def test_a_second_insert_of_the_same_key_already_exists(world: World) -> None:
    entry = world.entry("route", world.action("forward", b"\x05"), dst=(IP, 32))
    world.write((INSERT, entry))
    code, words = world.refused(INSERT, entry)
    assert code == "ALREADY_EXISTS"
    assert words == "table 'route': entry {dst=0x0a000001/32} exists already"


def test_a_full_table_is_exhausted_and_says_its_size(world: World) -> None:
    for i in range(4):
        world.write((INSERT, world.entry("host", world.action("NoAction"), src=IP, dst=IP, proto=bytes([i]))))
    code, words = world.refused(INSERT, world.entry("host", world.action("NoAction"), src=IP, dst=IP, proto=b"\x09"))
    assert (code, words) == ("RESOURCE_EXHAUSTED", "table 'host': the table is full: its size is 4 entries")


def test_modify_changes_action_and_metadata_together(world: World) -> None:
    world.write((INSERT, world.entry("route", world.action("forward", b"\x05"), dst=(IP, 32))))
    changed = world.entry("route", world.action("drop"), dst=(IP, 32))
    changed.metadata = b"v2"
    world.write((MODIFY, changed))
    assert world.reads("route") == [changed]


def test_modify_without_an_action_leaves_the_action(world: World) -> None:
    entry = world.entry("route", world.action("forward", b"\x05"), dst=(IP, 32))
    world.write((INSERT, entry))
    world.write((MODIFY, world.entry("route", dst=(IP, 32))))
    assert world.reads("route") == [entry]


@pytest.mark.parametrize("kind", [MODIFY, DELETE])
def test_what_is_not_there_is_not_found(world: World, kind: int) -> None:
    code, words = world.refused(kind, world.entry("route", world.action("drop"), dst=(IP, 32)))
    assert (code, words) == ("NOT_FOUND", "table 'route': there is no entry {dst=0x0a000001/32}")


def test_delete_looks_at_the_key_only(world: World) -> None:
    world.write((INSERT, world.entry("route", world.action("forward", b"\x05"), dst=(IP, 32))))
    nonsense = world.entry("route", p4r.Action(action_id=99), dst=(IP, 32))
    nonsense.idle_timeout_ns = 5
    world.write((DELETE, nonsense))
    assert world.reads("route") == []


def test_an_unknown_action_lists_the_allowed_ones(world: World) -> None:
    code, words = world.refused(INSERT, world.entry("host", p4r.Action(action_id=5), src=IP, dst=IP, proto=b"\x06"))
    assert code == "INVALID_ARGUMENT"
    assert "action 0x5 is not one of the table's" in words
    assert "forward (" in words


def test_a_value_too_wide_names_table_action_parameter_and_limit(world: World) -> None:
    code, words = world.refused(INSERT, world.entry("route", world.action("forward", b"\x02\x00"), dst=(IP, 32)))
    assert code == "OUT_OF_RANGE"
    assert words == (
        "table 'route': action 'forward': parameter 'port': 0x0200 needs 10 bits, 9 are allowed (at most 0x1ff)"
    )


def test_missing_and_extra_parameters_are_named(world: World) -> None:
    _, missing = world.refused(INSERT, world.entry("route", world.action("route_to", b"\x01"), dst=(IP, 32)))
    _, extra = world.refused(INSERT, world.entry("route", world.action("drop", b"\x01"), dst=(IP, 32)))
    assert "missing parameter 'port'" in missing
    assert "there is no parameter 1" in extra


def test_the_entries_of_a_const_table_cannot_be_written(world: World) -> None:
    before = world.reads("fixed")
    codes = [
        world.refused(INSERT, world.entry("fixed", world.action("drop"), tos=b"\x09"))[0],
        world.refused(MODIFY, world.entry("fixed", world.action("drop"), tos=b"\x01"))[0],
        world.refused(DELETE, world.entry("fixed", tos=b"\x01"))[0],
    ]
    assert codes == ["PERMISSION_DENIED"] * 3
    assert world.reads("fixed") == before
    assert all(entry.is_const for entry in before)


def test_const_entries_of_a_ternary_table_have_priorities_in_their_order(world: World) -> None:
    assert [(len(entry.match), entry.priority) for entry in world.reads("order")] == [(1, 2), (0, 1)]


def test_the_default_action_is_changed_and_reset(world: World) -> None:
    default = world.entry("route", world.action("forward", b"\x07"))
    default.is_default_action = True
    world.write((MODIFY, default))
    assert world.reads("route", is_default_action=True) == [default]
    reset = world.entry("route")
    reset.is_default_action = True
    world.write((MODIFY, reset))
    (entry,) = world.reads("route", is_default_action=True)
    assert entry.action.action == world.action("drop")


def test_a_const_default_action_stays_and_says_so(world: World) -> None:
    default = world.entry("smac", world.action("learn"))
    default.is_default_action = True
    assert world.refused(MODIFY, default)[0] == "PERMISSION_DENIED"
    (entry,) = world.reads("smac", is_default_action=True)
    assert entry.is_const
    assert entry.action.action == world.action("learn")


@pytest.mark.parametrize("kind", [INSERT, DELETE])
def test_a_default_entry_is_neither_inserted_nor_deleted(world: World, kind: int) -> None:
    default = world.entry("route", world.action("drop"))
    default.is_default_action = True
    assert world.refused(kind, default)[0] == "INVALID_ARGUMENT"


def test_actions_keep_to_their_scope(world: World) -> None:
    code, words = world.refused(INSERT, world.entry("smac", world.action("learn"), mac=b"\x01"))
    assert code == "PERMISSION_DENIED"
    assert "may not be used in a table entry" in words
    default = world.entry("ports", world.action("meter_port"))
    default.is_default_action = True
    world.write((MODIFY, default))


def test_idle_timeouts_need_a_table_with_them(world: World) -> None:
    timed = world.entry("host", world.action("NoAction"), src=IP, dst=IP, proto=b"\x06")
    timed.idle_timeout_ns = 123_456_789
    world.write((INSERT, timed))
    assert world.reads("host") == [timed]
    refused = world.entry("route", world.action("drop"), dst=(IP, 32))
    refused.idle_timeout_ns = 1
    assert "no idle timeout" in world.refused(INSERT, refused)[1]


def test_fields_only_the_server_sets_are_refused(world: World) -> None:
    entry = world.entry("host", world.action("NoAction"), src=IP, dst=IP, proto=b"\x06")
    entry.is_const = True
    assert world.refused(INSERT, entry)[0] == "INVALID_ARGUMENT"
    entry.is_const = False
    entry.time_since_last_hit.elapsed_ns = 1
    assert world.refused(INSERT, entry)[0] == "INVALID_ARGUMENT"


def test_an_unknown_table_lists_the_tables(world: World) -> None:
    code, words = world.refused(INSERT, p4r.TableEntry(table_id=7))
    assert code == "INVALID_ARGUMENT"
    assert words.startswith("there is no table 0x7; there are ")


def test_writing_before_a_program_is_loaded_fails_as_clients_expect() -> None:
    world = World(load=False)
    with pytest.raises(P4RuntimeError, match=r"FAILED_PRECONDITION: No forwarding pipeline config") as caught:
        world.write((INSERT, p4r.TableEntry(table_id=7)))
    assert not caught.value.details
