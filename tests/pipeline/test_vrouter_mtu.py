"""Packets longer than their way: the sender is told the MTU, at a bounded rate."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6
from scapy.packet import Packet, Raw

from topologies.lab import Lab
from topologies.packets import built
from topologies.region import load_region

MTU = 9001


@pytest.fixture
def tenants() -> Iterator[Lab]:
    with Lab(load_region("two_tenants").preloaded()) as lab:
        yield lab


def ipv4(length: int, flags: str = "DF") -> Packet:
    """A UDP packet of so many bytes from the red application server to the red web server."""
    return built(IP(src="10.0.1.6", dst="10.0.1.5", flags=flags) / UDP(sport=5, dport=6) / Raw(bytes(length - 28)))


def ipv6(length: int) -> Packet:
    """The same over IPv6."""
    return built(IPv6(src="fd00:10:0:1::6", dst="fd00:10:0:1::5") / UDP(sport=5, dport=6) / Raw(bytes(length - 48)))


def test_a_packet_of_the_mtu_passes(tenants: Lab) -> None:
    assert tenants.send("red-app", ipv4(MTU)).at("red-web") == [ipv4(MTU)]
    assert tenants.send("red-app", ipv6(MTU)).at("red-web") == [ipv6(MTU)]


def test_ipv4_with_df_is_answered_with_fragmentation_needed(tenants: Lab) -> None:
    packet = ipv4(MTU + 1)

    sent = tenants.send("red-app", packet)

    answer = sent.at("red-app")[0]
    assert (answer[IP].src, answer[IP].dst) == ("10.0.1.1", "10.0.1.6")
    assert (answer[ICMP].type, answer[ICMP].code, answer[ICMP].nexthopmtu) == (3, 4, MTU)
    assert bytes(answer[ICMP].payload) == bytes(packet)[:28]
    assert bytes(built(recomputed(answer))) == bytes(answer)
    assert sent.at("red-web") == []
    assert sent.dropped() == {}


def test_ipv6_is_answered_with_packet_too_big(tenants: Lab) -> None:
    packet = ipv6(MTU + 1)

    answer = tenants.send("red-app", packet).at("red-app")[0]

    assert (answer[IPv6].src, answer[IPv6].dst, len(answer)) == ("fd00:10:0:1::1", "fd00:10:0:1::6", 1280)
    assert answer[ICMPv6PacketTooBig].mtu == MTU
    assert bytes(answer[ICMPv6PacketTooBig].payload) == bytes(packet)[:1232]
    checksum = answer[ICMPv6PacketTooBig].cksum
    del answer[ICMPv6PacketTooBig].cksum
    assert built(answer)[ICMPv6PacketTooBig].cksum == checksum


def test_ipv4_without_df_is_dropped(tenants: Lab) -> None:
    sent = tenants.send("red-app", ipv4(MTU + 1, flags=""))

    assert sent.dropped() == {"TOO_BIG": 1}
    assert sent.nowhere()


def test_answers_are_limited_for_each_interface(tenants: Lab) -> None:
    answered = [bool(tenants.send("red-app", ipv4(MTU + 1)).at("red-app")) for _ in range(30)]

    assert answered == [True] * 10 + [False] * 20
    assert tenants.send("blue-app", ipv4(MTU + 1)).at("blue-app") != []
    tenants.advance(seconds=0.011)
    assert tenants.send("red-app", ipv4(MTU + 1)).at("red-app") != []
    assert tenants.send("red-app", ipv4(MTU + 1)).dropped() == {"TOO_BIG": 1}


def recomputed(packet: Packet) -> Packet:
    """The packet with its IPv4 and ICMP checksums to be filled in again."""
    copy = packet.copy()
    del copy[IP].chksum, copy[ICMP].chksum
    return copy
