"""An edge and what it must not do: believe hosts that lie, answer without end, let in what is not for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from controller.model import EdgePort, Model
from tests.pipeline.internet_region import APP, EDGES, PUBLIC, SERVER, WEB, WEB6, Internet, internet
from tests.pipeline.mapping_regions import accounted
from topologies.lab import Sent
from topologies.packets import built, udp
from topologies.region import FABRIC_PORT, load_region

ENI, GATEWAY, INNER = slice(54, 58), slice(58, 62), 62  # of a Geneve frame towards an edge


@pytest.fixture(scope="module")
def running() -> Iterator[Internet]:
    with internet() as world:
        yield world


@pytest.fixture
def world(running: Internet) -> Iterator[Internet]:
    running.lab.advance(seconds=60)
    yield running
    accounted(running.lab)


def captured(world: Internet) -> tuple[str, bytearray]:
    """What web's host sends to an edge, and the edge."""
    frame = world.lab.send("web", udp(f"{WEB}:4000 > {SERVER}:53")).underlay[0]
    model = world.lab.region.model
    edge = next(host.name for host in model.hosts.values() if str(host.address) == Ether(frame)[IP].dst)
    return edge, bytearray(frame)


def replayed(world: Internet, edge: str, frame: bytes | bytearray) -> Sent:
    """The frame reaches the edge from the underlay."""
    return world.lab.inject(edge, FABRIC_PORT, bytes(frame))


def test_what_a_vrouter_sends_is_believed(world: Internet) -> None:
    assert len(replayed(world, *captured(world)).out()) == 1


def test_an_interface_on_another_host_is_not_believed(world: Internet) -> None:
    edge, frame = captured(world)
    frame[ENI] = world.interface("app").number.to_bytes(4, "big")

    assert replayed(world, edge, frame).dropped() == {"UNTRUSTED_SOURCE": 1}


def test_a_host_does_not_use_the_address_of_another_interface(world: Internet) -> None:
    edge, frame = captured(world)
    forged = bytes(frame[:INNER]) + bytes(udp(f"{APP}:4000 > {SERVER}:53"))

    assert replayed(world, edge, forged).dropped() == {"NO_ELASTIC_ADDRESS": 1}


def test_a_gateway_that_the_vpc_does_not_have_takes_nothing(world: Internet) -> None:
    edge, frame = captured(world)
    frame[GATEWAY] = (1 << 31 | 999).to_bytes(4, "big")

    assert replayed(world, edge, frame).dropped() == {"NO_GATEWAY": 1}


def test_a_packet_that_the_internet_does_not_carry_is_answered_into_the_vpc(world: Internet) -> None:
    edge, frame = captured(world)
    large = built(IP(src=WEB, dst=SERVER, flags="DF") / UDP(sport=4000, dport=53) / Raw(bytes(2000)))

    sent = replayed(world, edge, tunnel(frame, large))

    answer = sent.at("web")[0]
    assert answer[IP].src in EDGES
    assert (answer[ICMP].type, answer[ICMP].code, answer[ICMP].nexthopmtu) == (3, 4, 1500)
    assert bytes(answer[ICMP].payload) == bytes(large)[:28]


def test_without_df_a_packet_that_is_too_large_is_only_dropped(world: Internet) -> None:
    edge, frame = captured(world)
    large = built(IP(src=WEB, dst=SERVER) / UDP(sport=4000, dport=53) / Raw(bytes(2000)))

    assert replayed(world, edge, tunnel(frame, large)).dropped() == {"TOO_BIG": 1}


def test_answers_are_limited_for_each_sender(world: Internet) -> None:
    packet = built(IP(src=SERVER, dst=PUBLIC, ttl=1) / UDP(sport=1, dport=2))

    answered = [bool(world.lab.send_from_outside("edge-a", packet).out()) for _ in range(30)]

    assert answered == [True] * 10 + [False] * 20
    assert world.lab.send_from_outside("edge-a", packet).dropped() == {"TIME_EXCEEDED": 1}


def test_frames_for_others_are_left_alone(world: Internet) -> None:
    packet = udp(f"{SERVER}:1 > {PUBLIC}:2")
    frame = Ether(src="02:73:00:00:00:01", dst="02:73:00:00:00:99") / packet

    assert world.lab.send_from_outside("edge-a", frame).dropped() == {"NOT_FOR_ROUTER": 1}
    assert world.lab.send_from_outside("edge-a", udp(f"{SERVER}:1 > {EDGES[0]}:2")).dropped() == {"NOT_FOR_ROUTER": 1}


def test_an_edge_is_a_neighbour_in_ipv6(world: Internet) -> None:
    def asked(address: str) -> Packet:
        question = ICMPv6ND_NS(tgt=address) / ICMPv6NDOptSrcLLAddr(lladdr="02:73:00:00:00:01")
        network = IPv6(src="2001:db8:ffff::1", dst="ff02::1:ff00:11", hlim=255)
        return Ether(src="02:73:00:00:00:01", dst="33:33:ff:00:00:11") / network / question

    answer = Ether(world.lab.send_from_outside("edge-a", asked("2001:db8:ffff::11")).outside[0][1])

    assert (answer[IPv6].src, answer.lladdr, answer.dst) == (
        "2001:db8:ffff::11", "02:73:00:00:01:03", "02:73:00:00:00:01",
    )  # fmt: skip
    assert world.lab.send_from_outside("edge-a", asked("2001:db8:10:1::5")).dropped() == {"NOT_ANSWERED": 1}


def test_an_edge_without_ipv6_carries_none() -> None:
    region = load_region("internet")
    ports = [replace(port, ipv6_address=None) for port in region.model.table(EdgePort).values()]
    with internet(replace(region, model=Model([*region.model.resources(), *ports]))) as world:
        packet = udp(f"[{WEB6}]:4 > [2001:db8:cafe::80]:5")
        assert world.lab.send("web", packet).dropped() == {"NO_OUTSIDE_ROUTE": 1}


def test_an_ipv4_address_in_ipv6_clothes_is_nobodys(world: Internet) -> None:
    disguised = built(IPv6(src="2001:db8:cafe::80", dst=f"::ffff:{PUBLIC}") / UDP(sport=1, dport=2))

    assert world.lab.send_from_outside("edge-a", disguised).dropped() == {"MARTIAN": 1}


def test_a_packet_cut_short_is_malformed(world: Internet) -> None:
    packet = bytes(udp(f"{SERVER}:1 > {PUBLIC}:2"))[:24]
    frame = Ether(src="02:73:00:00:00:01", dst="02:73:00:00:01:03", type=0x0800) / Raw(packet)

    assert world.lab.send_from_outside("edge-a", frame).dropped() == {"MALFORMED": 1}


def test_a_host_that_is_no_edge_answers_with_nobody(world: Internet) -> None:
    sent = world.lab.inject("edge-a", 17, bytes(Ether(dst="02:73:00:00:01:03") / udp(f"{SERVER}:1 > {PUBLIC}:2")))

    assert sent.dropped() == {"UNKNOWN_PORT": 1}


def tunnel(frame: bytearray, inner: Packet) -> bytes:
    """The frame with another packet in it."""
    outer = Ether(bytes(frame[:INNER]))
    outer[IP].len = INNER - 14 + len(inner)
    outer[UDP].len = INNER - 34 + len(inner)
    del outer[IP].chksum
    return bytes(outer)[:INNER] + bytes(inner)
