"""The server over the real engine, with packets."""

import pytest
from finsy.proto import p4r

from switch.p4runtime.decode import Decoder

from .test_streams import digest_entry
from .world import DELETE, INSERT, MODIFY, NativeTarget, SetConfig, World, config

MAC = b"\x02\0\0\0\0\x07"
MS = 1_000_000


@pytest.fixture
def native() -> World:
    return World(target=NativeTarget())


def ipv4(dst: bytes = b"\x0a\0\0\x01", proto: int = 6) -> bytes:
    header = b"\x45\0\0\x14\0\x01\0\0\x40" + bytes([proto]) + b"\0\0" + b"\x0b\0\0\x01" + dst
    return b"\x02\0\0\0\0\x01" + MAC + b"\x08\0" + header


def send(world: World, port: int, packet: bytes) -> list[tuple[int, bytes]]:
    """One packet through the engine; what goes to the CPU and events go where the switch would bring them."""
    sent = world.target.engine.process(port, packet)
    for out, data in sent:
        world.target.packet_in(data) if out == 510 else None
    for event in world.target.engine.poll_events():
        world.target.event(event)
    return [(out, data) for out, data in sent if out != 510]


def route(world: World, action: p4r.Action) -> p4r.TableEntry:
    return world.entry("route", action, dst=(b"\x0a\0\0\0", 8))


def test_an_entry_forwards_packets_and_counts_them(native: World) -> None:
    native.write((INSERT, route(native, native.action("route_to", b"\x05", b"\x03"))))
    ((port, packet),) = send(native, 1, ipv4())
    assert (port, packet[:6]) == (3, b"\0\0\0\0\0\x05")
    (entry,) = native.reads("route", counter_data=p4r.CounterData())
    assert (entry.counter_data.packet_count, entry.counter_data.byte_count) == (1, 34)
    cell = p4r.CounterEntry(counter_id=native.id("counters", "port_counter"), index=p4r.Index(index=1))
    assert native.read(cell)[0].data.packet_count == 1


def test_registers_are_shared_with_the_data_plane(native: World) -> None:
    cell = p4r.RegisterEntry(register_id=native.id("registers", "cells"), index=p4r.Index(index=1))
    cell.data.bitstring = b"\x07"
    native.write((MODIFY, cell))
    send(native, 1, ipv4())
    assert native.read(cell)[0].data.bitstring == b"\x08"
    wide = native.read(p4r.RegisterEntry(register_id=native.id("registers", "wide")))
    assert [c.data.bitstring for c in wide] == [b"\x01", b"\0", b"\0", b"\0"]


def test_a_default_action_and_a_const_table_decide(native: World) -> None:
    assert send(native, 1, ipv4()) == []
    default = native.entry("route", native.action("forward", b"\x09"))
    default.is_default_action = True
    native.write((MODIFY, default))
    assert [port for port, _ in send(native, 1, ipv4())] == [9]


def test_a_digest_comes_from_a_packet(native: World) -> None:
    native.write((INSERT, digest_entry(native, size=1, ack=10**9)))
    send(native, 4, ipv4())
    send(native, 4, ipv4())
    (message,) = native.primary.take()
    assert [m.bitstring for m in message.digest.data[0].struct.members] == [MAC, b"\x04"]


def test_a_punted_packet_comes_with_metadata(native: World) -> None:
    native.write((INSERT, route(native, native.action("punt", b"\x09"))))
    send(native, 4, ipv4())
    (message,) = native.primary.take()
    assert [(m.metadata_id, m.value) for m in message.packet.metadata] == [(1, b"\x04"), (2, b"\x09")]
    assert message.packet.payload == ipv4()


def test_a_packet_out_leaves_by_its_port(native: World) -> None:
    packet = p4r.PacketOut(payload=ipv4())
    packet.metadata.add(metadata_id=1, value=b"\x06")
    native.primary.stream.handle(p4r.StreamMessageRequest(packet=packet))
    (data,) = native.target.sent
    assert send(native, 510, data) == [(6, ipv4())]


def test_a_multicast_group_copies(native: World) -> None:
    group = p4r.MulticastGroupEntry(multicast_group_id=3)
    group.replicas.add(port=b"\x01", instance=1)
    group.replicas.add(port=b"\x02", instance=1)
    native.write((INSERT, group), (INSERT, route(native, native.action("flood", b"\x03"))))
    assert sorted(port for port, _ in send(native, 4, ipv4())) == [1, 2]


def test_a_value_set_opens_a_parser_branch(native: World) -> None:
    native.write((INSERT, route(native, native.action("forward", b"\x03"))))
    tunnel = ipv4()[:12] + b"\x12\x34" + ipv4()[14:]
    assert [port for port, _ in send(native, 1, tunnel)] == [0]
    members = p4r.ValueSetEntry(value_set_id=native.id("value_sets", "tunnels"))
    members.members.add().match.add(field_id=1).exact.value = b"\x12\x34"
    native.write((MODIFY, members))
    assert [port for port, _ in send(native, 1, tunnel)] == [3]


def test_an_action_set_spreads_flows(native: World) -> None:
    default = native.entry("route", native.action("forward", b"\x09"))
    default.is_default_action = True
    entry = native.entry("ecmp", dst=(b"\x0a\0\0\0", 8))
    for port in (b"\x01", b"\x02"):
        item = entry.action.action_profile_action_set.action_profile_actions.add(weight=1)
        item.action.CopyFrom(native.action("forward", port))
    native.write((MODIFY, default), (INSERT, entry))
    packets = [ipv4()[:18] + bytes([i, 1]) + ipv4()[20:] for i in range(32)]
    assert {port for packet in packets for port, _ in send(native, 1, packet)} == {1, 2}


def test_an_idle_entry_is_told_by_the_virtual_clock(native: World) -> None:
    entry = native.entry("host", native.action("NoAction"), src=b"\x01", dst=b"\x02", proto=b"\x06")
    entry.idle_timeout_ns = 50 * MS
    native.write((INSERT, entry))
    native.target.engine.set_time(49_000)
    send(native, 1, ipv4())
    assert native.primary.take() == []
    native.target.engine.set_time(51_000)
    send(native, 1, ipv4())
    (message,) = native.primary.take()
    assert message.idle_timeout_notification.table_entry[0].match == entry.match


def test_reconcile_keeps_entries_counters_and_registers(native: World) -> None:
    native.write((INSERT, route(native, native.action("forward", b"\x03"))))
    send(native, 1, ipv4())
    native.push(SetConfig.RECONCILE_AND_COMMIT, config())
    assert [port for port, _ in send(native, 1, ipv4())] == [3]
    (entry,) = native.reads("route", counter_data=p4r.CounterData())
    assert entry.counter_data.packet_count == 2
    cell = p4r.RegisterEntry(register_id=native.id("registers", "cells"), index=p4r.Index(index=1))
    assert native.read(cell)[0].data.bitstring == b"\x02"


def test_reconcile_keeps_action_sets_members_and_groups(native: World) -> None:
    member = p4r.ActionProfileMember(action_profile_id=native.id("action_profiles", "profile"), member_id=4)
    member.action.CopyFrom(native.action("forward", b"\x04"))
    pointing = native.entry("indirect", dst=b"\x02\0\0\0\0\x01")
    pointing.action.action_profile_member_id = 4
    shared = native.entry("ecmp", dst=(b"\x0a\0\0\0", 8))
    item = shared.action.action_profile_action_set.action_profile_actions.add(weight=1)
    item.action.CopyFrom(native.action("forward", b"\x05"))
    native.write((INSERT, member), (INSERT, shared))
    native.write((INSERT, pointing))
    native.push(SetConfig.RECONCILE_AND_COMMIT, config())
    assert native.reads("indirect") == [pointing]
    assert native.reads("ecmp") == [shared]
    assert native.read(p4r.ActionProfileMember()) == [member]
    assert native.refused(DELETE, member)[0] == "FAILED_PRECONDITION"
    assert [port for port, _ in send(native, 1, ipv4())] == [5]
    native.write((DELETE, pointing), (DELETE, shared))
    native.write((DELETE, member))


def test_the_fast_decoder_takes_all_of_a_plain_batch(native: World) -> None:
    updates = [
        (INSERT, native.entry("route", native.action("route_to", b"\x05", b"\x03"), dst=(bytes([i, 0, 0, 0]), 8)))
        for i in range(1, 50)
    ]
    acl = native.entry(
        "acl", native.action("drop"), 7, src=(b"\x0a", b"\xff"), len=(b"\x01", b"\x09"), proto=b"\6", is_ipv4=b"\1"
    )
    bad = native.entry("route", native.action("forward", b"\x02\0"), dst=(b"\x64\0\0\0", 8))
    request = native.request(*updates, (INSERT, acl), (INSERT, bad), (INSERT, route(native, native.action("drop"))))
    pipeline = native.service.pipeline
    assert pipeline is not None
    decoder = Decoder(list(pipeline.tables.values()))
    found = decoder.decode(request.SerializeToString(), len(request.updates))
    assert [(run.state.binding.name if run.state else None, run.first, run.count) for run in found] == [
        ("route", 0, 49),
        ("acl", 49, 1),
        (None, 50, 1),
        ("route", 51, 1),
    ]


def test_a_meter_counts_the_colours_of_packets(native: World) -> None:
    entry = native.entry("ports", native.action("meter_port"), port=b"\x01")
    size = len(ipv4())
    entry.meter_config.CopyFrom(p4r.MeterConfig(cir=1, cburst=size, pir=1, pburst=2 * size))
    native.write((INSERT, entry))
    for _ in range(4):
        send(native, 1, ipv4())
    asked = p4r.DirectMeterEntry(table_entry=native.entry("ports", port=b"\x01"), counter_data=p4r.MeterCounterData())
    counts = native.read(asked)[0].counter_data
    packets = [counts.green.packet_count, counts.yellow.packet_count, counts.red.packet_count]
    assert packets == [1, 1, 2]
    assert [counts.green.byte_count, counts.yellow.byte_count, counts.red.byte_count] == [n * size for n in packets]
