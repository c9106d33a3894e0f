"""Elections: who is primary, who is told what."""

import re

import pytest
from finsy.proto import p4r, stratum

from switch.p4runtime import P4RuntimeError

from .world import INSERT, Peer, SetConfig, World, config

OK, EXISTS, NOT_FOUND = 0, 6, 5


@pytest.fixture
def empty() -> World:
    return World(load=False)


def test_the_first_client_is_primary(empty: World) -> None:
    peer = Peer(empty.service)
    peer.arbitrate(10)
    (message,) = peer.take()
    assert message.arbitration.status.code == OK
    assert message.arbitration.election_id.low == 10
    assert message.arbitration.device_id == 1


def test_a_higher_id_takes_over_and_everybody_is_told(empty: World) -> None:
    second = Peer(empty.service)
    second.arbitrate(5)
    assert second.codes() == [OK]
    assert empty.primary.codes() == [EXISTS]


def test_a_lower_id_is_backup_and_only_it_is_told(empty: World) -> None:
    second = Peer(empty.service)
    second.arbitrate(0)
    (message,) = second.take()
    assert (message.arbitration.status.code, message.arbitration.election_id.low) == (EXISTS, 1)
    assert empty.primary.codes() == []


def test_a_client_without_election_id_never_becomes_primary(empty: World) -> None:
    empty.primary.stream.close()
    standby = Peer(empty.service)
    standby.arbitrate(None)
    assert standby.codes() == [NOT_FOUND]


def test_when_the_primary_leaves_the_backups_are_told_and_one_may_take_its_place(empty: World) -> None:
    backup = Peer(empty.service)
    backup.arbitrate(0)
    backup.take()
    empty.primary.stream.close()
    (message,) = backup.take()
    assert (message.arbitration.status.code, message.arbitration.election_id.low) == (NOT_FOUND, 1)
    backup.arbitrate(1)
    assert backup.codes() == [OK]


def test_an_id_below_the_highest_ever_seen_stays_backup(empty: World) -> None:
    empty.primary.arbitrate(9)
    empty.primary.stream.close()
    late = Peer(empty.service)
    late.arbitrate(8)
    assert late.codes() == [NOT_FOUND]
    late.arbitrate(9)
    assert late.codes() == [OK]


def test_a_primary_that_lowers_its_id_steps_down(empty: World) -> None:
    backup = Peer(empty.service)
    backup.arbitrate(0)
    backup.take()
    empty.primary.arbitrate(None)
    assert empty.primary.codes() == [NOT_FOUND]
    assert backup.codes() == [NOT_FOUND]


def test_a_used_election_id_is_refused_in_words_that_clients_look_for(empty: World) -> None:
    with pytest.raises(P4RuntimeError) as caught:
        Peer(empty.service).arbitrate(1)
    assert caught.value.code.name == "INVALID_ARGUMENT"
    assert re.search(r"election id .*\b(?:used|exists)\b", caught.value.message, re.IGNORECASE)


def test_a_wrong_device_id_is_not_found(empty: World) -> None:
    with pytest.raises(P4RuntimeError, match="NOT_FOUND: device id 7 is not known; this switch is device 1"):
        Peer(empty.service).arbitrate(3, device_id=7)


def test_a_stream_keeps_its_device_and_role(empty: World) -> None:
    with pytest.raises(P4RuntimeError, match="FAILED_PRECONDITION"):
        empty.primary.arbitrate(3, device_id=7)
    with pytest.raises(P4RuntimeError, match="FAILED_PRECONDITION"):
        empty.primary.arbitrate(3, p4r.Role(name="other"))


def test_election_ids_have_128_bits(empty: World) -> None:
    high = Peer(empty.service)
    high.arbitrate(1 << 100)
    (message,) = high.take()
    assert message.arbitration.status.code == OK
    assert message.arbitration.election_id.high == 1 << 36


def test_only_the_primary_may_write(world: World) -> None:
    request = world.request((INSERT, world.entry("route", world.action("drop"))))
    request.election_id.low = 2
    with pytest.raises(P4RuntimeError, match="PERMISSION_DENIED: Not primary"):
        world.service.write(request)
    request.election_id.low = 1
    request.device_id = 9
    with pytest.raises(P4RuntimeError, match="NOT_FOUND"):
        world.service.write(request)
    assert world.reads("route") == []


def test_too_many_streams_are_refused(empty: World) -> None:
    for number in range(2, 65):
        Peer(empty.service).arbitrate(number)
    with pytest.raises(P4RuntimeError, match="RESOURCE_EXHAUSTED"):
        Peer(empty.service).arbitrate(99)


# Roles -----------------------------------------------------------------------------------------------------------


def role(name: str, **fields: object) -> p4r.Role:
    made = p4r.Role(name=name)
    made.config.Pack(stratum.P4RoleConfig(**fields))  # type: ignore[arg-type]
    return made


def test_each_role_has_its_own_primary(world: World) -> None:
    other = Peer(world.service)
    other.arbitrate(1, p4r.Role(name="monitor"))
    (message,) = other.take()
    assert (message.arbitration.status.code, message.arbitration.role.name) == (OK, "monitor")
    assert world.primary.codes() == []


def test_a_role_writes_and_reads_its_own_objects_only(world: World) -> None:
    mine, theirs = world.id("tables", "route"), world.id("tables", "host")
    Peer(world.service).arbitrate(1, role("routes", exclusive_p4_ids=[mine], can_push_pipeline=False))
    allowed = world.request((INSERT, world.entry("route", world.action("drop"), dst=(b"\x0a\0\0\0", 8))))
    allowed.role = "routes"
    world.service.write(allowed)
    denied = world.request(
        (INSERT, world.entry("host", world.action("NoAction"), src=b"\x01", dst=b"\x01", proto=b"\x01"))
    )
    denied.role = "routes"
    with pytest.raises(P4RuntimeError) as caught:
        world.service.write(denied)
    assert caught.value.details[0].canonical_code == 7
    assert {e.table_id for e in world.read(p4r.TableEntry(), role="routes")} == {mine}
    assert theirs not in {e.table_id for e in world.read(p4r.TableEntry(), role="routes")}


def test_a_role_without_the_right_may_not_push_a_pipeline(world: World) -> None:
    Peer(world.service).arbitrate(1, role("routes", shared_p4_ids=[1]))
    with pytest.raises(P4RuntimeError, match="PERMISSION_DENIED: role 'routes' may not push"):
        world.push(SetConfig.VERIFY_AND_COMMIT, config(), role="routes")


def test_exclusive_ids_belong_to_one_role(world: World) -> None:
    first = Peer(world.service)
    first.arbitrate(1, role("a", exclusive_p4_ids=[17]))
    with pytest.raises(P4RuntimeError, match="ids 0x11 are exclusive and already belong to role 'a'"):
        Peer(world.service).arbitrate(1, role("b", shared_p4_ids=[17]))


def test_an_unknown_role_is_not_found(world: World) -> None:
    request = world.request()
    request.role = "nobody"
    with pytest.raises(P4RuntimeError, match="NOT_FOUND: role 'nobody'"):
        world.service.write(request)


def test_an_unknown_role_configuration_is_refused(world: World) -> None:
    made = p4r.Role(name="odd")
    made.config.Pack(p4r.Uint128(low=3))
    with pytest.raises(P4RuntimeError, match="INVALID_ARGUMENT"):
        Peer(world.service).arbitrate(1, made)
