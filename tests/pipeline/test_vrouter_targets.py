"""Routes that lead to one interface, to devices and to Hyperplane nodes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from scapy.layers.inet import ICMP, IP, fragment
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from controller.model import Model
from controller.p4rt import Entry
from controller.plan import vrouter_entries
from controller.plan.next_hops import WAYS, device_of, next_hop_entries
from controller.reconcile import reconcile
from tests.pipeline.mapping_regions import accounted
from tests.pipeline.target_regions import BETA, GAMMA, POLICIES, interface, middlebox, region
from topologies import programs
from topologies.lab import Lab
from topologies.packets import built, tcp, udp

OUT = "10.0.1.5:4000 > 203.0.113.9:53"
DEVICES = [IPv4Address(BETA), IPv4Address(GAMMA)]


@pytest.fixture(params=POLICIES)
def guarded(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """VPC a sends 203.0.113.0/24 through a-box, which is on the other host."""
    with Lab(middlebox(region(request.param))) as lab:
        yield lab
        accounted(lab)


@pytest.fixture
def plain() -> Iterator[Lab]:
    with Lab(region()) as lab:
        yield lab
        accounted(lab)


def add(lab: Lab, *entries: Entry) -> None:
    """Programs alpha with more entries than the plan's."""
    plan = vrouter_entries(lab.region.model, lab.region.host("alpha"))
    asyncio.run(reconcile(lab.switches["alpha"], programs.compiled("vrouter"), (*plan, *entries)))


def route(lab: Lab, action: str, **parameters: object) -> Entry:
    """A route of VPC a for 203.0.113.0/24."""
    table = lab.region.model.route_table_of(interface(lab.region, "a"))
    return Entry("route", {"route_table": table.number, "destination": "::ffff:203.0.113.0/120"}, action, **parameters)  # type: ignore[arg-type]


def outer(lab: Lab, packet: Packet) -> Packet:
    """The outer packet of what the instance's packet becomes."""
    return Ether(lab.send("a", packet).underlay[0])[IP]


def test_a_middlebox_gets_packets_for_others(guarded: Lab) -> None:
    guarded.send("a", udp(OUT))

    assert guarded.send("a", udp(OUT)).at("a-box") == [udp(OUT)]


def test_a_middlebox_sends_on_from_others_addresses(guarded: Lab) -> None:
    passed_on = udp("203.0.113.9:53 > 10.0.1.5:4000")
    guarded.send("a-box", passed_on)

    assert guarded.send("a-box", passed_on).at("a") == [passed_on]


def test_only_an_interface_without_the_check_does(guarded: Lab) -> None:
    assert guarded.send("a-two", udp("203.0.113.9:53 > 10.0.1.5:4000")).dropped() == {"SPOOFED_ADDRESS": 1}


def test_an_interface_with_the_check_is_no_way_for_others_packets() -> None:
    with Lab(middlebox(region(), source_dest_check=True)) as lab:
        assert lab.send("a", udp(OUT)).dropped() == {"SOURCE_DEST_CHECK": 1}


def test_a_route_to_an_interface_that_is_not_plugged_in_is_a_black_hole() -> None:
    of = middlebox(region())
    box = interface(of, "a-box")
    unplugged = replace(box, host_id="", port=0, instance_id="")
    rest = (part for part in of.model.resources() if part.id not in (box.id, box.instance_id))
    with Lab(replace(of, model=Model([*rest, unplugged]))) as lab:
        assert lab.send("a", udp(OUT)).dropped() == {"BLACKHOLE": 1}


def test_flows_are_shared_out_among_the_devices_of_a_next_hop(plain: Lab) -> None:
    add(plain, route(plain, "to_next_hop", next_hop=7, gateway=1 << 31 | 5, mtu=1500), *next_hop_entries(7, DEVICES))

    devices = Counter(outer(plain, udp(f"10.0.1.5:{port} > 203.0.113.9:53")).dst for port in range(1, 101))

    assert devices.keys() == {BETA, GAMMA}
    assert min(devices.values()) > 25


def test_a_flow_keeps_its_device(plain: Lab) -> None:
    add(plain, route(plain, "to_next_hop", next_hop=7, gateway=1 << 31 | 5, mtu=1500), *next_hop_entries(7, DEVICES))

    assert len({outer(plain, udp(OUT)).dst for _ in range(5)}) == 1


def test_the_loss_of_a_device_moves_only_its_ways() -> None:
    devices = [IPv4Address(f"172.31.0.{i}") for i in range(1, 5)]

    before = [device_of(7, way, devices) for way in range(WAYS)]
    after = [device_of(7, way, devices[1:]) for way in range(WAYS)]

    assert [a for a, b in zip(after, before, strict=True) if b != devices[0]] == [b for b in before if b != devices[0]]
    assert devices[0] not in after


def test_a_next_hop_without_devices_drops(plain: Lab) -> None:
    add(plain, route(plain, "to_next_hop", next_hop=7, gateway=1 << 31 | 5, mtu=1500), *next_hop_entries(7, []))

    assert plain.send("a", udp(OUT)).dropped() == {"NO_NEXT_HOP": 1}


def test_a_next_hop_has_an_mtu_of_its_own(plain: Lab) -> None:
    add(plain, route(plain, "to_next_hop", next_hop=7, gateway=1 << 31 | 5, mtu=1500), *next_hop_entries(7, DEVICES))
    packet = built(udp(OUT, payload=bytes(1473)))
    packet.flags = "DF"
    del packet.chksum

    answer = plain.send("a", built(packet)).at("a")[0]

    assert (answer.src, answer.payload.type, answer.payload.code, answer.payload.nexthopmtu) == ("10.0.1.1", 3, 4, 1500)


def service(lab: Lab, how: str) -> Iterable[Entry]:
    """A route to resource 9 with sixteen buckets, the even ones on beta and the odd ones on gamma."""
    yield route(lab, "to_service", resource=9, mtu=8500)
    yield Entry("service", {"resource": 9}, how, last_bucket=15)
    for bucket in range(16):
        host = GAMMA if bucket & 1 else BETA
        yield Entry(
            "service_bucket", {"resource": 9, "bucket": bucket}, "to_owner", host=host, eni=77, epoch=bucket + 100
        )


def option(frame: Packet) -> tuple[int, int, int, int]:
    """Resource, bucket, flags and epoch of the SERVICE option, which follows the ENI option."""
    data = bytes(frame)[20 + 8 + 8 + 12 :]
    assert data[:4] == bytes([0xFF, 0x56, 0x82, 3])
    fields = (data[4:8], data[8:10], data[10:12], data[12:16])
    resource, bucket, flags, epoch = (int.from_bytes(field, "big") for field in fields)
    return resource, bucket, flags, epoch


def test_a_flow_to_a_service_carries_its_bucket_to_the_buckets_owner(plain: Lab) -> None:
    add(plain, *service(plain, "of_flow"))

    frames = [outer(plain, tcp(f"10.0.1.5:{port} > 203.0.113.9:443")) for port in range(1, 65)]

    options = [option(frame) for frame in frames]
    assert {resource for resource, *_ in options} == {9}
    assert len({bucket for _, bucket, *_ in options}) > 12
    assert all(epoch == bucket + 100 and flags == 0 for _, bucket, flags, epoch in options)
    assert [frame.dst for frame in frames] == [GAMMA if bucket & 1 else BETA for _, bucket, *_ in options]


def test_the_inner_packet_follows_the_service_option_unchanged(plain: Lab) -> None:
    add(plain, *service(plain, "of_flow"))
    packet = tcp("10.0.1.5:1 > 203.0.113.9:443", payload=b"hello")

    frame = outer(plain, packet)

    assert bytes(frame)[20 + 8 + 8 + 12 + 16 :] == bytes(packet)
    assert (frame.len, frame.payload.len) == (20 + 8 + 8 + 12 + 16 + len(packet), 8 + 8 + 12 + 16 + len(packet))


def test_endpoint_independent_services_take_the_bucket_from_the_source(plain: Lab) -> None:
    add(plain, *service(plain, "of_source"))

    buckets = {option(outer(plain, tcp(f"10.0.1.5:7 > 203.0.113.{i}:443")))[1] for i in range(1, 30)}
    others = {option(outer(plain, tcp(f"10.0.1.5:{port} > 203.0.113.1:443")))[1] for port in range(1, 30)}

    assert len(buckets) == 1
    assert len(others) > 8


def bucket(lab: Lab, packet: Packet) -> int:
    """The bucket that an instance's packet gets."""
    return option(outer(lab, packet))[1]


def of_flows(lab: Lab, mode: str) -> None:
    """The service, for an interface that is tracked or not."""
    add(lab, *service(lab, "of_flow"))
    if mode == "untracked":
        lab.switches["alpha"].engine.tables["flow_out.policy"].clear()


@pytest.mark.parametrize("mode", ["tracked", "untracked"])
def test_an_echo_has_the_bucket_of_its_identifier(plain: Lab, mode: str) -> None:
    of_flows(plain, mode)

    def echo(identifier: int, sequence: int) -> Packet:
        return built(IP(src="10.0.1.5", dst="203.0.113.9") / ICMP(id=identifier, seq=sequence))

    assert len({bucket(plain, echo(7, sequence)) for sequence in range(8)}) == 1
    assert len({bucket(plain, echo(identifier, 1)) for identifier in range(1, 65)}) > 12


@pytest.mark.parametrize("mode", ["tracked", "untracked"])
@pytest.mark.parametrize("port", [4000, 4001, 4002, 4003])
def test_an_error_about_an_answer_has_the_bucket_of_the_flow(plain: Lab, port: int, mode: str) -> None:
    of_flows(plain, mode)
    flow = bucket(plain, udp(f"10.0.1.5:{port} > 203.0.113.9:53"))
    answer = udp(f"203.0.113.9:53 > 10.0.1.5:{port}")

    error = built(IP(src="10.0.1.5", dst="203.0.113.9") / ICMP(type=3, code=3) / Raw(bytes(answer)[:28]))

    assert bucket(plain, error) == flow


@pytest.mark.parametrize("mode", ["tracked", "untracked"])
@pytest.mark.parametrize("identifier", [7, 8, 9, 10])
def test_an_error_about_an_echos_answer_has_the_bucket_of_the_echo(plain: Lab, identifier: int, mode: str) -> None:
    of_flows(plain, mode)
    flow = bucket(plain, built(IP(src="10.0.1.5", dst="203.0.113.9") / ICMP(id=identifier)))
    answer = built(IP(src="203.0.113.9", dst="10.0.1.5") / ICMP(type=0, id=identifier))

    error = built(IP(src="10.0.1.5", dst="203.0.113.9") / ICMP(type=3, code=1) / Raw(bytes(answer)[:28]))

    assert bucket(plain, error) == flow


@pytest.mark.parametrize("port", [4000, 4001, 4002, 4003])
def test_later_fragments_have_the_bucket_of_the_first(plain: Lab, port: int) -> None:
    of_flows(plain, "tracked")
    first, later = fragments(port)

    buckets = [bucket(plain, first), bucket(plain, later), bucket(plain, udp(f"10.0.1.5:{port} > 203.0.113.9:53"))]

    assert len(set(buckets)) == 1


def test_a_later_fragment_without_its_first_has_none(plain: Lab) -> None:
    of_flows(plain, "tracked")

    assert plain.send("a", fragments(4000)[1]).dropped() == {"FRAGMENT_UNKNOWN": 1}


def test_later_fragments_of_flows_that_are_not_tracked_have_none(plain: Lab) -> None:
    of_flows(plain, "untracked")
    first, later = fragments(4000)
    plain.send("a", first)

    assert plain.send("a", later).dropped() == {"FRAGMENT_UNKNOWN": 1}


def fragments(port: int) -> list[Packet]:
    """A datagram in two parts."""
    return [built(part) for part in fragment(udp(f"10.0.1.5:{port} > 203.0.113.9:53", payload=bytes(900)), 600)]


def test_a_service_that_has_no_owner_for_the_bucket_drops(plain: Lab) -> None:
    add(
        plain,
        route(plain, "to_service", resource=9, mtu=8500),
        Entry("service", {"resource": 9}, "of_flow", last_bucket=15),
    )

    assert plain.send("a", tcp("10.0.1.5:1 > 203.0.113.9:443")).dropped() == {"NO_BUCKET": 1}


def test_a_service_that_is_not_there_drops(plain: Lab) -> None:
    add(plain, route(plain, "to_service", resource=9, mtu=8500))

    assert plain.send("a", tcp("10.0.1.5:1 > 203.0.113.9:443")).dropped() == {"NO_BUCKET": 1}
