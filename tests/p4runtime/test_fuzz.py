"""Random and mutated messages: always an answer or a P4RuntimeError, never anything else."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from finsy.proto import p4r
from google.protobuf.descriptor import FieldDescriptor as F
from google.protobuf.message import DecodeError, Message

from switch.p4runtime import Code, P4RuntimeError

from .test_streams import digest_entry
from .world import INSERT, MODIFY, SetConfig, World, config, entity

ROUNDS = 800


def samples(world: World) -> list[tuple[int, Any]]:
    route = world.entry("route", world.action("route_to", b"\x01", b"\x02"), dst=(b"\x0a\0\0\0", 8))
    route.counter_data.packet_count = 3
    route.metadata = b"m"
    acl = world.entry("acl", world.action("drop"), 5, src=(b"\x0a", b"\xff"), len=(b"\1", b"\2"), is_ipv4=b"\1")
    shared = world.entry("ecmp", dst=(b"\x0a\0\0\0", 8))
    item = shared.action.action_profile_action_set.action_profile_actions.add(weight=2)
    item.action.CopyFrom(world.action("forward", b"\1"))
    hops = world.id("action_profiles", "hops")
    group = p4r.ActionProfileGroup(action_profile_id=hops, group_id=3)
    group.members.add(member_id=1, weight=1)
    register = p4r.RegisterEntry(register_id=world.id("registers", "cells"), index=p4r.Index(index=3))
    register.data.bitstring = b"\5"
    session = p4r.CloneSessionEntry(session_id=3, packet_length_bytes=100)
    session.replicas.add(port=b"\1", instance=1)
    values = p4r.ValueSetEntry(value_set_id=world.id("value_sets", "tunnels"))
    values.members.add().match.add(field_id=1).exact.value = b"\1"
    meter = p4r.MeterEntry(meter_id=world.id("meters", "punt_meter"), config=p4r.MeterConfig(cir=1, pir=2))
    counted = p4r.DirectCounterEntry(table_entry=world.entry("route", dst=(b"\x0a\0\0\0", 8)))
    tenant = world.entry("tenants", world.action("set_tenant", b"red", b"\1"), tenant=b"blue", zone=b"\2")
    return [
        (INSERT, route),
        (INSERT, acl),
        (INSERT, shared),
        (INSERT, p4r.ActionProfileMember(action_profile_id=hops, member_id=1, action=world.action("forward", b"\1"))),
        (INSERT, group),
        (MODIFY, register),
        (INSERT, session),
        (MODIFY, values),
        (MODIFY, meter),
        (MODIFY, counted),
        (INSERT, digest_entry(world, size=3)),
        (INSERT, tenant),
    ]


def value(rng: random.Random, field: Any) -> Any:
    if field.type == F.TYPE_BYTES:
        return rng.choice([b"", b"\0", b"\xff", rng.randbytes(rng.randrange(40))])
    if field.type == F.TYPE_STRING:
        return rng.choice(["", "x", "\u2603" * 5])
    if field.type == F.TYPE_BOOL:
        return rng.random() < 0.5
    signed = field.type in (F.TYPE_INT32, F.TYPE_INT64, F.TYPE_ENUM)
    bits = 31 if field.type in (F.TYPE_INT32, F.TYPE_UINT32, F.TYPE_ENUM) else 63
    return rng.choice([0, 1, 2, 7, 33, 1 << 16, (1 << bits) - 1, *([-1, -(1 << bits)] if signed else [])])


def is_map(field: Any) -> bool:
    return field.message_type.GetOptions().map_entry


def mutate(rng: random.Random, message: Message) -> None:
    """Changes one field somewhere in a message, in place."""
    present = [(f, v) for f, v in message.ListFields() if f.type == F.TYPE_MESSAGE]
    if present and rng.random() < 0.75:
        field, found = rng.choice(present)
        if not field.is_repeated:
            mutate(rng, found)
        elif is_map(field):
            mutate(rng, rng.choice(list(found.values())))
        elif rng.random() < 0.2:
            found.add().MergeFrom(found[rng.randrange(len(found))]) if rng.random() < 0.5 else found.pop()
        else:
            mutate(rng, rng.choice(list(found)))
        return
    if not message.DESCRIPTOR.fields:
        return
    field = rng.choice(list(message.DESCRIPTOR.fields))
    if rng.random() < 0.3:
        message.ClearField(field.name)
    elif field.type == F.TYPE_MESSAGE:
        if field.is_repeated:
            if not is_map(field):
                getattr(message, field.name).add()
        else:
            getattr(message, field.name).SetInParent()
    elif not field.is_repeated:
        setattr(message, field.name, value(rng, field))


def checked(call: Callable[[], Any]) -> None:
    """Runs a call; the only exception it may raise is P4RuntimeError, and none of its codes may be INTERNAL."""
    codes = [0]
    try:
        call()
    except P4RuntimeError as error:
        codes = [int(error.code), *(detail.canonical_code for detail in error.details)]
        error.status().SerializeToString()
    assert Code.INTERNAL not in codes


@pytest.mark.parametrize("seed", range(4))
def test_mutated_writes_are_answered_and_everything_can_be_read_after(world: World, seed: int) -> None:
    rng, base = random.Random(seed), samples(world)
    for _ in range(ROUNDS):
        request = world.request(*rng.sample(base, rng.randrange(1, 5)), atomicity=rng.randrange(2))
        for _ in range(rng.randrange(3)):
            mutate(rng, rng.choice(list(request.updates)) if request.updates else request)
        checked(lambda r=request: world.service.write(r))
    arrays = (p4r.MeterEntry(), p4r.RegisterEntry(), p4r.CounterEntry(), p4r.ValueSetEntry())
    others = (p4r.ActionProfileMember(), p4r.ActionProfileGroup(), p4r.MulticastGroupEntry(), p4r.CloneSessionEntry())
    for read in world.read(p4r.TableEntry(), *arrays, *others):
        read.SerializeToString()


def test_mutated_reads_are_answered(world: World) -> None:
    rng, base = random.Random(1), samples(world)
    world.write(*base[:1], *base[3:4], *base[5:])
    for _ in range(ROUNDS):
        query = p4r.ReadRequest(device_id=1, entities=[entity(message) for _, message in rng.sample(base, 2)])
        mutate(rng, query)
        mutate(rng, query)
        query.device_id = 1
        checked(lambda r=query: list(world.service.read(r)))


def test_mutated_stream_messages_are_answered(world: World) -> None:
    rng = random.Random(2)
    packet = p4r.PacketOut(payload=b"x", metadata=[p4r.PacketMetadata(metadata_id=1, value=b"\1")])
    arbitration = p4r.MasterArbitrationUpdate(device_id=1, election_id=p4r.Uint128(low=1), role=p4r.Role(name=""))
    ack = p4r.DigestListAck(digest_id=world.id("digests", "learn_t"), list_id=1)
    for _ in range(ROUNDS):
        message = rng.choice(
            [
                p4r.StreamMessageRequest(packet=packet),
                p4r.StreamMessageRequest(arbitration=arbitration),
                p4r.StreamMessageRequest(digest_ack=ack),
            ]
        )
        mutate(rng, message)
        checked(lambda m=message: world.primary.stream.handle(m))
        world.primary.take()


def test_mutated_configurations_are_answered(world: World) -> None:
    rng = random.Random(3)
    for _ in range(100):
        pushed = config()
        for _ in range(3):
            mutate(rng, pushed.p4info)
        if rng.random() < 0.3:
            text = bytearray(pushed.p4_device_config)
            text[rng.randrange(len(text))] = rng.choice(b'"{}[],0a')
            pushed.p4_device_config = bytes(text)
        checked(lambda c=pushed: world.push(rng.choice([SetConfig.VERIFY, SetConfig.VERIFY_AND_COMMIT, 5]), c))


def test_mutated_bytes_are_answered(world: World) -> None:
    rng, base = random.Random(4), samples(world)
    for _ in range(ROUNDS):
        raw = bytearray(world.request(*rng.sample(base, 3)).SerializeToString())
        for _ in range(rng.randrange(1, 4)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        try:
            request = p4r.WriteRequest.FromString(bytes(raw))
        except DecodeError:
            continue
        checked(lambda r=request: world.service.write(r))


def outcome(world: World, request: p4r.WriteRequest) -> list[int]:
    try:
        world.service.write(request)
    except P4RuntimeError as error:
        return [detail.canonical_code for detail in error.details] or [int(error.code)]
    return []


def test_the_fast_decoder_and_the_ordinary_way_agree() -> None:
    rng, fast, ordinary = random.Random(5), World(), World()
    assert ordinary.service.pipeline is not None
    ordinary.service.pipeline.bulk = False
    base = samples(fast)[:2]
    base[0][1].ClearField("metadata")
    base[0][1].ClearField("counter_data")
    filler = [(MODIFY, p4r.CounterEntry(counter_id=fast.id("counters", "port_counter")))] * 3
    for _ in range(ROUNDS * 2):
        request = fast.request((rng.choice([1, 1, 2, 3]), rng.choice(base)[1]), *filler)
        for _ in range(rng.randrange(3)):
            mutate(rng, request.updates[0].entity.table_entry)
        assert outcome(fast, request) == outcome(ordinary, request), request
    everything = p4r.TableEntry(counter_data=p4r.CounterData())
    assert fast.read(everything) == ordinary.read(everything)
