"""What travels on a stream besides elections: packets, digests, idle timeouts, errors."""

import pytest
from finsy.proto import p4r

from switch.engine.values import Digest, IdleTimeout

from .test_arbitration import role
from .world import DELETE, INSERT, MODIFY, Peer, World

MS = 1_000_000
PAYLOAD = b"payload of a packet"


def out(**metadata: bytes) -> p4r.StreamMessageRequest:
    packet = p4r.PacketOut(payload=PAYLOAD)
    for name, value in metadata.items():
        packet.metadata.add(metadata_id={"egress_port": 1, "pad": 2, "other": 9}[name], value=value)
    return p4r.StreamMessageRequest(packet=packet)


def errors(peer: Peer) -> list[tuple[int, str]]:
    return [(message.error.canonical_code, message.error.message) for message in peer.take()]


def test_a_packet_out_gets_its_header(world: World) -> None:
    world.primary.stream.handle(out(egress_port=b"\x01\x03", pad=b"\0"))
    assert world.target.sent == [(0x103 << 7).to_bytes(2, "big") + PAYLOAD]
    assert world.primary.take() == []


def test_padding_may_be_left_out_and_other_fields_may_not(world: World) -> None:
    world.primary.stream.handle(out(egress_port=b"\x03"))
    assert world.target.sent == [(3 << 7).to_bytes(2, "big") + PAYLOAD]
    world.primary.stream.handle(out(pad=b"\0"))
    assert errors(world.primary) == [(3, "packet_out: metadata 1 'egress_port' (9 bits) is missing")]
    assert len(world.target.sent) == 1


@pytest.mark.parametrize(
    "metadata", [{"egress_port": b"\x02\0"}, {"egress_port": b""}, {"egress_port": b"\1", "other": b"\1"}]
)
def test_bad_metadata_is_answered_on_the_stream(world: World, metadata: dict[str, bytes]) -> None:
    world.primary.stream.handle(out(**metadata))
    (message,) = world.primary.take()
    assert message.error.canonical_code == 3
    assert message.error.packet_out.packet_out.payload == PAYLOAD
    assert world.target.sent == []


def test_only_the_primary_sends_packets(world: World) -> None:
    backup = Peer(world.service)
    backup.stream.handle(out(egress_port=b"\x01"))
    assert errors(backup)[0][0] == 7
    assert world.target.sent == []


def test_a_packet_in_loses_its_header_to_metadata(world: World) -> None:
    world.target.packet_in((0x103 << 7 | 5).to_bytes(2, "big") + PAYLOAD)
    (message,) = world.primary.take()
    assert message.packet.payload == PAYLOAD
    assert [(m.metadata_id, m.value) for m in message.packet.metadata] == [(1, b"\x01\x03"), (2, b"\x05")]


def test_packets_shorter_than_the_header_are_dropped(world: World) -> None:
    world.target.packet_in(b"\x01")
    assert world.primary.take() == []


def test_packet_ins_go_to_primaries_whose_role_wants_them(world: World) -> None:
    backup, deaf, choosy = Peer(world.service), Peer(world.service), Peer(world.service)
    backup.arbitrate(0)
    deaf.arbitrate(1, role("deaf"))
    config = {"packet_in_filter": {"metadata_id": 2, "value": b"\x06"}, "receives_packet_ins": True}
    choosy.arbitrate(1, role("choosy", **config))
    for peer in (backup, deaf, choosy):
        peer.take()
    world.target.packet_in(b"\0\x05" + PAYLOAD)
    world.target.packet_in(b"\0\x06" + PAYLOAD)
    assert [len(peer.take()) for peer in (world.primary, backup, deaf, choosy)] == [2, 0, 0, 1]


def test_other_stream_messages_are_answered(world: World) -> None:
    world.primary.stream.handle(p4r.StreamMessageRequest())
    unknown = p4r.StreamMessageRequest()
    unknown.other.Pack(p4r.Uint128(low=3))
    world.primary.stream.handle(unknown)
    assert [code for code, _ in errors(world.primary)] == [3, 12]


# Digests ---------------------------------------------------------------------------------------------------------


def digest_entry(world: World, *, timeout: int = 0, size: int = 0, ack: int = 0) -> p4r.DigestEntry:
    entry = p4r.DigestEntry(digest_id=world.id("digests", "learn_t"))
    entry.config.max_timeout_ns, entry.config.max_list_size, entry.config.ack_timeout_ns = timeout, size, ack
    return entry


def learn(world: World, mac: int, port: int = 1) -> None:
    world.target.event(Digest("learn_t", 1, (mac.to_bytes(6, "big"), port.to_bytes(2, "big"))))


def macs(peer: Peer) -> list[list[bytes]]:
    return [[d.struct.members[0].bitstring for d in message.digest.data] for message in peer.take()]


def test_a_digest_is_silent_until_enabled(world: World) -> None:
    learn(world, 5)
    assert world.primary.take() == []
    world.write((INSERT, digest_entry(world)))
    learn(world, 5, port=9)
    (message,) = world.primary.take()
    assert message.digest.digest_id == world.id("digests", "learn_t")
    assert [m.bitstring for m in message.digest.data[0].struct.members] == [b"\x05", b"\x09"]
    assert message.digest.timestamp == world.now


def test_a_list_is_sent_when_it_is_full(world: World) -> None:
    world.write((INSERT, digest_entry(world, timeout=10**9, size=2)))
    learn(world, 1)
    learn(world, 1)
    assert macs(world.primary) == []
    learn(world, 2)
    assert macs(world.primary) == [[b"\x01", b"\x02"]]


def test_a_list_is_sent_when_its_time_has_come(world: World) -> None:
    world.write((INSERT, digest_entry(world, timeout=50 * MS, size=100)))
    learn(world, 1)
    assert world.service.deadline() == world.now + 50 * MS
    world.now += 49 * MS
    world.service.poll()
    assert macs(world.primary) == []
    world.now += MS
    world.service.poll()
    assert macs(world.primary) == [[b"\x01"]]
    assert world.service.deadline() is None


def test_what_is_not_acknowledged_is_not_told_again(world: World) -> None:
    world.write((INSERT, digest_entry(world, ack=100 * MS)))
    learn(world, 1)
    (message,) = world.primary.take()
    learn(world, 1)
    assert macs(world.primary) == []
    ack = p4r.DigestListAck(digest_id=message.digest.digest_id, list_id=message.digest.list_id)
    world.primary.stream.handle(p4r.StreamMessageRequest(digest_ack=ack))
    learn(world, 1)
    assert macs(world.primary) == [[b"\x01"]]


def test_an_acknowledgement_that_never_comes_times_out(world: World) -> None:
    world.write((INSERT, digest_entry(world, ack=100 * MS)))
    learn(world, 1)
    world.primary.take()
    world.now += 100 * MS
    learn(world, 1)
    assert macs(world.primary) == [[b"\x01"]]


def test_digests_are_configured_like_other_entities(world: World) -> None:
    assert world.refused(MODIFY, digest_entry(world))[0] == "NOT_FOUND"
    world.write((INSERT, digest_entry(world, size=3)))
    assert world.refused(INSERT, digest_entry(world))[0] == "ALREADY_EXISTS"
    world.write((MODIFY, digest_entry(world, size=4)))
    assert world.read(p4r.DigestEntry()) == [digest_entry(world, size=4)]
    assert world.refused(MODIFY, digest_entry(world, timeout=-1))[0] == "INVALID_ARGUMENT"
    world.write((DELETE, digest_entry(world)))
    learn(world, 1)
    assert world.primary.take() == []
    assert world.read(p4r.DigestEntry()) == []


def test_an_acknowledgement_of_an_unknown_digest_is_answered(world: World) -> None:
    ack = p4r.DigestListAck(digest_id=5)
    world.primary.stream.handle(p4r.StreamMessageRequest(digest_ack=ack))
    (message,) = world.primary.take()
    assert message.error.canonical_code == 3
    assert message.error.digest_list_ack.digest_list_ack == ack


# Idle timeouts ---------------------------------------------------------------------------------------------------


def test_an_idle_entry_is_told_with_its_key_and_metadata(world: World) -> None:
    entry = world.entry("host", world.action("NoAction"), src=b"\x01", dst=b"\x02", proto=b"\x06")
    entry.idle_timeout_ns, entry.metadata = 7 * MS, b"who"
    world.write((INSERT, entry))
    (stored,) = world.target.engine.tables["host"].entries()
    world.target.event(IdleTimeout("host", stored.handle))
    (message,) = world.primary.take()
    entry.ClearField("action")
    assert list(message.idle_timeout_notification.table_entry) == [entry]
    assert message.idle_timeout_notification.timestamp == world.now


def test_an_entry_deleted_meanwhile_is_not_told(world: World) -> None:
    world.target.event(IdleTimeout("host", 99))
    assert world.primary.take() == []
