"""What comes back from outside to a Hyperplane resource: the edge finds its bucket, and the bucket's owner."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import ICMP, IP, UDP, fragment
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from controller.loader import read_manifest
from controller.p4rt import Entry
from controller.plan.blackfoot import blackfoot_entries
from controller.plan.mapping import MappingPlan
from controller.reconcile import reconcile
from tests.pipeline.mapping_regions import accounted
from topologies import programs
from topologies.description import RegionDescription
from topologies.lab import Lab, Sent
from topologies.packets import built, tcp, udp
from topologies.region import Region, build_region

PLUGIN = Path(__file__).parent / "plugins/resource"
GATEWAY, SERVER = "203.0.113.200", "192.0.2.80"
RESOURCE, VPC, FIRST, BUCKETS = 9, 77, 1024, 16
OWNERS = ("172.31.0.1", "172.31.0.2")


@pytest.fixture(scope="module")
def running() -> Iterator[Lab]:
    manifest = read_manifest(PLUGIN)
    with Lab(bare_region(), [manifest]) as lab:
        base = blackfoot_entries(lab.region.model, lab.region.host("edge-a"), MappingPlan())
        program = programs.compiled("blackfoot", [manifest])
        asyncio.run(reconcile(lab.switches["edge-a"], program, (*base, *entries())))
        yield lab


@pytest.fixture
def lab(running: Lab) -> Iterator[Lab]:
    yield running
    accounted(running)


def bare_region() -> Region:
    """Two hosts and an edge."""
    outside = {"address": "198.18.0.11"}
    hosts = {
        "alpha": {"underlay": OWNERS[0]},
        "beta": {"underlay": OWNERS[1]},
        "edge-a": {"underlay": "172.31.0.101", "internet": outside},
    }
    return build_region(RegionDescription.model_validate({"name": "bare", "hosts": hosts, "vpcs": {}}))


def entries() -> Iterator[Entry]:
    """A resource whose ports from 1024 on are shared out among sixteen buckets, with two owners in turns."""
    address = f"::ffff:{GATEWAY}"
    yield Entry("resource.inbound.address", {"address": address}, "to_resource", vpc=VPC, resource=RESOURCE)
    match = {"resource": RESOURCE}
    yield Entry("service_return", match, "of_port", first=FIRST, shift=4, last_bucket=BUCKETS - 1)
    for bucket in range(BUCKETS - 1):  # the last one has no owner
        place = {"resource": RESOURCE, "bucket": bucket}
        owner = OWNERS[bucket & 1]
        yield Entry("service_bucket", place, "to_owner", host=owner, eni=500 + bucket, epoch=7)


def bucket_of(sent: Sent) -> int:
    """The bucket that the packet on the underlay carries; checks that it went to the bucket's owner."""
    assert len(sent.underlay) >= 1, sent.dropped()
    frame = Ether(sent.underlay[0])
    data = bytes(frame)[62:]
    assert data[:4] == bytes([0xFF, 0x56, 0x82, 3])
    resource, bucket = int.from_bytes(data[4:8], "big"), int.from_bytes(data[8:10], "big")
    assert (resource, frame[GENEVE].vni, int.from_bytes(data[12:16], "big")) == (RESOURCE, VPC, 7)
    assert frame[IP].dst == OWNERS[bucket & 1]
    return bucket


def arriving(lab: Lab, packet: Packet) -> Sent:
    """A packet comes to edge-a."""
    return lab.send_from_outside("edge-a", packet)


@pytest.mark.parametrize(("port", "bucket"), [(1024, 0), (1039, 0), (1040, 1), (1024 + 14 * 16, 14), (1024 + 256, 0)])
def test_the_destination_port_tells_the_bucket(lab: Lab, port: int, bucket: int) -> None:
    assert bucket_of(arriving(lab, udp(f"{SERVER}:53 > {GATEWAY}:{port}"))) == bucket
    assert bucket_of(arriving(lab, tcp(f"{SERVER}:80 > {GATEWAY}:{port}", flags="SA"))) == bucket


def test_the_packet_follows_unchanged_but_for_a_hop(lab: Lab) -> None:
    packet = udp(f"{SERVER}:53 > {GATEWAY}:1040", payload=b"answer")

    inner = bytes(Ether(arriving(lab, packet).underlay[0]))[78:]

    packet.ttl -= 1
    del packet[IP].chksum
    assert inner == bytes(built(packet))


def test_an_echo_is_told_by_its_identifier(lab: Lab) -> None:
    reply = IP(src=SERVER, dst=GATEWAY) / ICMP(type=0, id=1024 + 5 * 16, seq=3)

    assert bucket_of(arriving(lab, built(reply))) == 5


@pytest.mark.parametrize("kind", ["udp", "tcp", "echo"])
def test_an_error_is_told_by_the_packet_it_is_about(lab: Lab, kind: str) -> None:
    port = 1024 + 6 * 16
    about = {
        "udp": udp(f"{GATEWAY}:{port} > {SERVER}:53"),
        "tcp": tcp(f"{GATEWAY}:{port} > {SERVER}:80"),
        "echo": built(IP(src=GATEWAY, dst=SERVER) / ICMP(type=8, id=port)),
    }[kind]
    for quoted in (28, 40):
        error = IP(src="192.0.2.1", dst=GATEWAY) / ICMP(type=11) / Raw(bytes(about)[:quoted].ljust(quoted, b"\0"))
        assert bucket_of(arriving(lab, built(error))) == 6


def test_later_fragments_follow_the_first(lab: Lab) -> None:
    whole = IP(src=SERVER, dst=GATEWAY, id=4711) / UDP(sport=1, dport=1024 + 7 * 16) / Raw(bytes(3000))
    pieces = [built(piece) for piece in fragment(built(whole), fragsize=1024)]

    assert [bucket_of(arriving(lab, piece)) for piece in pieces] == [7] * len(pieces)


def test_a_fragment_before_its_first_is_dropped(lab: Lab) -> None:
    whole = IP(src=SERVER, dst=GATEWAY, id=4712) / UDP(sport=1, dport=1024) / Raw(bytes(3000))
    later = built(fragment(built(whole), fragsize=1024)[1])

    assert arriving(lab, later).dropped() == {"FRAGMENT_UNKNOWN": 1}


def test_a_fragment_that_comes_too_late_is_dropped(lab: Lab) -> None:
    whole = IP(src=SERVER, dst=GATEWAY, id=4713) / UDP(sport=1, dport=1024) / Raw(bytes(3000))
    first, later, *_ = (built(piece) for piece in fragment(built(whole), fragsize=1024))
    arriving(lab, first)
    lab.advance(seconds=31)

    assert arriving(lab, later).dropped() == {"FRAGMENT_UNKNOWN": 1}


def test_a_bucket_without_an_owner_is_a_drop(lab: Lab) -> None:
    assert arriving(lab, udp(f"{SERVER}:53 > {GATEWAY}:{1024 + 15 * 16}")).dropped() == {"NO_BUCKET": 1}
