"""Action profiles: members, groups and one-shot action sets."""

from typing import Any

import pytest
from finsy.proto import p4r

from .world import DELETE, INSERT, MODIFY, World

PREFIX: dict[str, Any] = {"dst": (b"\x0a\0\0\0", 8)}


def member(world: World, number: int, port: bytes = b"\x01", profile: str = "hops") -> p4r.ActionProfileMember:
    profile_id = world.id("action_profiles", profile)
    return p4r.ActionProfileMember(action_profile_id=profile_id, member_id=number, action=world.action("forward", port))


def group(world: World, number: int, *members: tuple[int, int], max_size: int = 0) -> p4r.ActionProfileGroup:
    made = p4r.ActionProfileGroup(
        action_profile_id=world.id("action_profiles", "hops"), group_id=number, max_size=max_size
    )
    for member_id, weight in members:
        made.members.add(member_id=member_id, weight=weight)
    return made


def to_group(world: World, number: int) -> p4r.TableEntry:
    entry = world.entry("ecmp", **PREFIX)
    entry.action.action_profile_group_id = number
    return entry


def one_shot(world: World, *ports: tuple[bytes, int]) -> p4r.TableEntry:
    entry = world.entry("ecmp", **PREFIX)
    for port, weight in ports:
        item = entry.action.action_profile_action_set.action_profile_actions.add(weight=weight, watch_port=b"\x01")
        item.action.CopyFrom(world.action("forward", port))
    return entry


def test_members_groups_and_entries_are_read_back(world: World) -> None:
    members = [member(world, 1), member(world, 2, b"\x02")]
    world.write(*[(INSERT, m) for m in members])
    world.write((INSERT, group(world, 7, (1, 1), (2, 3), max_size=8)))
    world.write((INSERT, to_group(world, 7)))
    assert world.read(p4r.ActionProfileMember()) == members
    assert world.read(p4r.ActionProfileGroup()) == [group(world, 7, (1, 1), (2, 3), max_size=8)]
    assert world.reads("ecmp") == [to_group(world, 7)]


def test_entries_may_point_at_a_member(world: World) -> None:
    world.write((INSERT, member(world, 5, profile="profile")))
    entry = world.entry("indirect", dst=b"\x01")
    entry.action.action_profile_member_id = 5
    world.write((INSERT, entry))
    assert world.reads("indirect") == [entry]


def test_what_an_entry_points_at_must_exist(world: World) -> None:
    code, words = world.refused(INSERT, to_group(world, 9))
    assert (code, words) == ("NOT_FOUND", "table 'ecmp': there is no group 9 in profile 'hops'")


def test_a_direct_action_is_refused_where_there_is_a_profile(world: World) -> None:
    code, words = world.refused(INSERT, world.entry("ecmp", world.action("drop"), **PREFIX))
    assert code == "INVALID_ARGUMENT"
    assert "so a member, a group or an action set is needed" in words


def test_what_is_in_use_cannot_be_deleted(world: World) -> None:
    world.write((INSERT, member(world, 1)))
    world.write((INSERT, group(world, 7, (1, 1))))
    world.write((INSERT, to_group(world, 7)))
    assert world.refused(DELETE, member(world, 1))[0] == "FAILED_PRECONDITION"
    assert world.refused(DELETE, group(world, 7))[0] == "FAILED_PRECONDITION"
    world.write((DELETE, to_group(world, 7)))
    world.write((DELETE, group(world, 7)))
    world.write((DELETE, member(world, 1)))
    assert world.read(p4r.ActionProfileMember(), p4r.ActionProfileGroup()) == []


def test_members_and_groups_exist_once(world: World) -> None:
    world.write((INSERT, member(world, 1)))
    world.write((INSERT, group(world, 7)))
    assert world.refused(INSERT, member(world, 1))[0] == "ALREADY_EXISTS"
    assert world.refused(INSERT, group(world, 7))[0] == "ALREADY_EXISTS"
    assert world.refused(MODIFY, member(world, 2))[0] == "NOT_FOUND"
    assert world.refused(DELETE, group(world, 8))[0] == "NOT_FOUND"
    assert world.refused(INSERT, member(world, 0))[0] == "INVALID_ARGUMENT"


def test_modified_members_and_groups_are_read_back(world: World) -> None:
    world.write((INSERT, member(world, 1)), (INSERT, member(world, 2)))
    world.write((INSERT, group(world, 7, (1, 1), max_size=4)))
    world.write((MODIFY, member(world, 1, b"\x09")), (MODIFY, group(world, 7, (2, 2), max_size=4)))
    assert member(world, 1, b"\x09") in world.read(p4r.ActionProfileMember(member_id=1))
    assert world.read(p4r.ActionProfileGroup()) == [group(world, 7, (2, 2), max_size=4)]


@pytest.mark.parametrize(
    ("members", "max_size", "code"),
    [
        ([(1, 0)], 0, "INVALID_ARGUMENT"),
        ([(1, -1)], 0, "INVALID_ARGUMENT"),
        ([(1, 1), (1, 1)], 0, "INVALID_ARGUMENT"),
        ([(3, 1)], 0, "NOT_FOUND"),
        ([(1, 9)], 4, "RESOURCE_EXHAUSTED"),
        ([(1, 1)], -4, "INVALID_ARGUMENT"),
    ],
)
def test_groups_are_checked(world: World, members: list[tuple[int, int]], max_size: int, code: str) -> None:
    world.write((INSERT, member(world, 1)))
    assert world.refused(INSERT, group(world, 7, *members, max_size=max_size))[0] == code


def test_max_size_stays_as_it_was_inserted(world: World) -> None:
    world.write((INSERT, group(world, 7, max_size=4)))
    assert world.refused(MODIFY, group(world, 7, max_size=5))[0] == "INVALID_ARGUMENT"


def test_a_full_profile_is_exhausted(world: World) -> None:
    world.write(*[(INSERT, member(world, i, profile="profile")) for i in range(1, 5)])
    assert world.refused(INSERT, member(world, 5, profile="profile"))[0] == "RESOURCE_EXHAUSTED"


def test_an_action_set_is_read_back_as_it_was_written(world: World) -> None:
    entry = one_shot(world, (b"\x01", 1), (b"\x01", 2), (b"\x02", 1))
    world.write((INSERT, entry))
    assert world.reads("ecmp") == [entry]
    assert world.read(p4r.ActionProfileMember(), p4r.ActionProfileGroup()) == []


def test_an_action_set_is_replaced_and_deleted_without_a_rest(world: World) -> None:
    world.write((INSERT, one_shot(world, (b"\x01", 1))))
    world.write((MODIFY, one_shot(world, (b"\x02", 4))))
    assert world.reads("ecmp") == [one_shot(world, (b"\x02", 4))]
    world.write((DELETE, one_shot(world)))
    world.write((INSERT, member(world, 1)))
    assert world.reads("ecmp") == []


def test_action_sets_and_members_do_not_mix(world: World) -> None:
    world.write((INSERT, one_shot(world, (b"\x01", 1))))
    assert world.refused(INSERT, member(world, 1))[0] == "INVALID_ARGUMENT"
    world.write((DELETE, one_shot(world)))
    world.write((INSERT, member(world, 1)))
    assert world.refused(INSERT, one_shot(world, (b"\x01", 1)))[0] == "INVALID_ARGUMENT"


def test_groups_need_a_selector(world: World) -> None:
    made = group(world, 1)
    made.action_profile_id = world.id("action_profiles", "profile")
    assert "needs an action selector" in world.refused(INSERT, made)[1]


def test_an_action_set_with_a_bad_action_leaves_nothing(world: World) -> None:
    entry = one_shot(world, (b"\x01", 1), (b"\x02\x00", 1))
    assert world.refused(INSERT, entry)[0] == "OUT_OF_RANGE"
    world.write((INSERT, member(world, 1)))
