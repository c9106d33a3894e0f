"""SetForwardingPipelineConfig, GetForwardingPipelineConfig, Capabilities."""

import json
from typing import Any

import pytest
from finsy.proto import p4i, p4r

from switch.p4runtime import P4RuntimeError

from .world import INSERT, MODIFY, SetConfig, World, config, device_json

Get = p4r.GetForwardingPipelineConfigRequest
ROUTE: dict[str, Any] = {"dst": (b"\x0a\0\0\0", 8)}


def get(world: World, kind: int = 0) -> p4r.ForwardingPipelineConfig:
    response = world.service.get_pipeline(Get(device_id=1, response_type=kind))  # type: ignore[arg-type]
    return response.config


def test_before_any_program_the_config_is_unset() -> None:
    world = World(load=False)
    response = world.service.get_pipeline(Get(device_id=1))
    assert not response.HasField("config")


def test_the_config_comes_back_in_the_parts_asked_for() -> None:
    world = World(load=False)
    world.push(SetConfig.VERIFY_AND_COMMIT, config(cookie=7))
    assert get(world) == config(cookie=7)
    assert get(world, Get.COOKIE_ONLY) == p4r.ForwardingPipelineConfig(cookie=config(7).cookie)
    assert get(world, Get.P4INFO_AND_COOKIE) == p4r.ForwardingPipelineConfig(
        cookie=config(7).cookie, p4info=config().p4info
    )
    assert get(world, Get.DEVICE_CONFIG_AND_COOKIE) == p4r.ForwardingPipelineConfig(
        cookie=config(7).cookie, p4_device_config=device_json()
    )


def test_without_a_cookie_there_is_none(world: World) -> None:
    assert not get(world).HasField("cookie")


def test_verify_changes_nothing() -> None:
    world = World(load=False)
    world.push(SetConfig.VERIFY, config())
    assert world.target.engine is None
    assert not world.service.get_pipeline(Get(device_id=1)).HasField("config")


def test_commit_clears_all_state(world: World) -> None:
    world.write((INSERT, world.entry("route", world.action("drop"), **ROUTE)))
    world.push(SetConfig.VERIFY_AND_COMMIT, config())
    assert world.reads("route") == []


def test_a_saved_program_is_written_to_before_it_runs(world: World) -> None:
    running = world.target.engine
    world.write((INSERT, world.entry("route", world.action("drop"), **ROUTE)))
    world.push(SetConfig.VERIFY_AND_SAVE, config(cookie=9))
    assert world.target.engine is running
    assert world.reads("route") == []
    entry = world.entry("route", world.action("forward", b"\x03"), **ROUTE)
    world.write((INSERT, entry))
    assert world.refused(INSERT, entry)[0] == "ALREADY_EXISTS"
    assert len(list(running.tables["route"].entries())) == 1
    world.push(SetConfig.COMMIT)
    assert world.target.engine is not running
    assert world.reads("route") == [entry]
    assert get(world).cookie.cookie == 9


def test_commit_needs_a_saved_config_and_takes_none(world: World) -> None:
    with pytest.raises(P4RuntimeError, match="NOT_FOUND: no config was saved"):
        world.push(SetConfig.COMMIT)
    with pytest.raises(P4RuntimeError, match="INVALID_ARGUMENT: COMMIT takes no config"):
        world.push(SetConfig.COMMIT, config())


def test_reconcile_keeps_what_the_engine_keeps_with_its_metadata(world: World) -> None:
    entry = world.entry("route", world.action("forward", b"\x03"), **ROUTE)
    entry.metadata = b"kept"
    world.write((INSERT, entry), (INSERT, p4r.MulticastGroupEntry(multicast_group_id=4)))
    world.target.keeps = {"route"}
    world.push(SetConfig.RECONCILE_AND_COMMIT, config())
    assert world.reads("route") == [entry]
    assert len(world.read(p4r.PacketReplicationEngineEntry(multicast_group_entry=p4r.MulticastGroupEntry()))) == 1


def test_reconcile_writes_again_the_entries_of_a_table_that_changed(world: World) -> None:
    entry = world.entry("route", world.action("forward", b"\x03"), **ROUTE)
    gone = world.entry("route", world.action("flood", b"\x03"), dst=(b"\x0b\0\0\0", 8))
    entry.metadata = b"kept"
    world.write((INSERT, entry), (INSERT, gone))
    default = world.entry("route", world.action("forward", b"\x09"))
    default.is_default_action = True
    world.write((MODIFY, default))
    smaller = without_action("route", "flood")
    world.push(SetConfig.RECONCILE_AND_COMMIT, smaller)
    assert world.reads("route") == [entry]
    assert world.reads("route", is_default_action=True) == [default]


def without_action(table: str, action: str) -> p4r.ForwardingPipelineConfig:
    """The program with one action less in one table."""
    made = config()
    program = json.loads(made.p4_device_config)
    for pipeline in program["pipelines"]:
        for item in pipeline["tables"]:
            if item["name"] == table:
                index = item["actions"].index(action)
                del item["actions"][index], item["action_ids"][index], item["next_tables"][action]
    made.p4_device_config = json.dumps(program).encode()
    number = next(a.preamble.id for a in made.p4info.actions if a.preamble.name == action)
    for info in made.p4info.tables:
        if info.preamble.name == table:
            kept = [ref for ref in info.action_refs if ref.id != number]
            del info.action_refs[:]
            info.action_refs.extend(kept)
    return made


@pytest.mark.parametrize("action", [SetConfig.VERIFY, SetConfig.VERIFY_AND_SAVE, SetConfig.VERIFY_AND_COMMIT, 5])
def test_a_config_is_needed(world: World, action: int) -> None:
    with pytest.raises(P4RuntimeError, match=r"INVALID_ARGUMENT: .* needs a config"):
        world.push(action)


def test_unknown_actions_are_refused(world: World) -> None:
    with pytest.raises(P4RuntimeError, match="action 0 is not one of VERIFY"):
        world.push(0, config())
    with pytest.raises(P4RuntimeError, match="action 77 is not one of VERIFY"):
        world.push(77, config())


def test_json_that_is_wrong_is_named_by_its_path(world: World) -> None:
    broken = config()
    program = json.loads(broken.p4_device_config)
    program["pipelines"][0]["tables"][0]["name"] = 5
    broken.p4_device_config = json.dumps(program).encode()
    with pytest.raises(P4RuntimeError, match=r"p4_device_config: \$\.pipelines\[0\]\.tables\[0\]\.name"):
        world.push(SetConfig.VERIFY, broken)


@pytest.mark.parametrize("data", [b"", b"\x01\x02", b"[]", b"\x08\x01", b"{", b"\xff" * 40])
def test_device_configs_that_are_no_json_are_refused(world: World, data: bytes) -> None:
    broken = config()
    broken.p4_device_config = data
    with pytest.raises(P4RuntimeError, match="INVALID_ARGUMENT"):
        world.push(SetConfig.VERIFY, broken)


def test_the_older_wrapping_of_the_json_is_taken(world: World) -> None:
    size, length = len(device_json()), b""
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    wrapped = config()
    wrapped.p4_device_config = b"\x08\x01\x1a" + length + bytes([size]) + device_json()
    world.push(SetConfig.VERIFY_AND_COMMIT, wrapped)
    assert get(world).p4_device_config == wrapped.p4_device_config


def test_p4info_and_program_that_disagree_are_refused_with_the_place(world: World) -> None:
    wrong = config()
    next(t for t in wrong.p4info.tables if t.preamble.name == "host").match_fields[2].bitwidth = 9
    with pytest.raises(P4RuntimeError, match="table 'host': match field 'proto': P4Info says 9 bits, the program 8"):
        world.push(SetConfig.VERIFY, wrong)
    kind = config()
    next(t for t in kind.p4info.tables if t.preamble.name == "route").match_fields[0].match_type = p4i.MatchField.EXACT
    with pytest.raises(P4RuntimeError, match="match field 'dst' is exact in P4Info, lpm in the program"):
        world.push(SetConfig.VERIFY, kind)
    other = config()
    for table in other.p4info.tables:
        table.preamble.name += "_x"
    with pytest.raises(P4RuntimeError, match="different programs"):
        world.push(SetConfig.VERIFY, other)


def test_p4info_that_contradicts_itself_is_refused(world: World) -> None:
    doubled = config()
    doubled.p4info.tables[1].preamble.id = doubled.p4info.tables[0].preamble.id
    with pytest.raises(P4RuntimeError, match="P4Info: id 0x"):
        world.push(SetConfig.VERIFY, doubled)


def test_a_failed_push_leaves_the_running_program(world: World) -> None:
    engine = world.target.engine
    broken = config()
    broken.p4_device_config = b"{}"
    with pytest.raises(P4RuntimeError):
        world.push(SetConfig.VERIFY_AND_COMMIT, broken)
    assert world.target.engine is engine
    assert get(world) == config()


def test_capabilities_name_the_version(world: World) -> None:
    assert world.service.capabilities(p4r.CapabilitiesRequest()).p4runtime_api_version == "1.4.1"
    with pytest.raises(P4RuntimeError, match="NOT_FOUND"):
        world.service.capabilities(p4r.CapabilitiesRequest(device_id=5))
