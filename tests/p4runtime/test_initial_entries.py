"""Entries that a program brings: const ones cannot change, others can, and new ones may stand beside them."""

import pytest
from finsy.proto import p4r

from .world import DELETE, INSERT, MODIFY, FakeTarget, NativeTarget, SetConfig, World, config


def open_config() -> p4r.ForwardingPipelineConfig:
    """The program with `entries` in table "fixed" where it has `const entries`."""
    made = config()
    next(table for table in made.p4info.tables if table.preamble.name == "fixed").is_const_table = False
    return made


@pytest.fixture(params=[FakeTarget, NativeTarget], ids=["fake", "native"])
def world(request: pytest.FixtureRequest) -> World:
    made = World(target=request.param(), load=False)
    made.push(SetConfig.VERIFY_AND_COMMIT, open_config())
    return made


def test_const_entries_stay_as_they_are() -> None:
    world = World(target=NativeTarget())
    entries = world.reads("fixed")
    assert [entry.is_const for entry in entries] == [True] * len(entries)
    entries[0].is_const = False
    assert world.refused(DELETE, entries[0])[0] == "PERMISSION_DENIED"
    assert world.refused(MODIFY, entries[0])[0] == "PERMISSION_DENIED"


def test_initial_entries_are_there_and_can_be_removed_and_put_back(world: World) -> None:
    first, *others = world.reads("fixed")
    assert not first.is_const
    world.write((DELETE, first))
    assert world.reads("fixed") == others
    world.write((INSERT, first))
    assert len(world.reads("fixed")) == len(others) + 1


def test_an_initial_entry_can_be_changed(world: World) -> None:
    first, second, *_ = world.reads("fixed")
    first.action.CopyFrom(second.action)
    first.metadata = b"changed"
    world.write((MODIFY, first))
    assert first in world.reads("fixed")


def test_what_was_changed_survives_a_change_of_program(world: World) -> None:
    first, second, *others = world.reads("fixed")
    first.action.CopyFrom(second.action)
    world.write((MODIFY, first), (DELETE, second))
    world.target.keeps = {"fixed"}
    world.push(SetConfig.RECONCILE_AND_COMMIT, open_config())
    assert sorted(map(str, world.reads("fixed"))) == sorted(map(str, [first, *others]))
