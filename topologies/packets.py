"""Packets in one line, for the lab and the tests; made with scapy.

`udp("10.0.1.5:5000 > 10.0.1.6:53")` is an IP packet with every length and checksum filled in.
"""

from __future__ import annotations

from ipaddress import ip_address

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet, Raw


def udp(flow: str, payload: bytes = b"payload") -> Packet:
    """A UDP datagram; `flow` is `source:port > destination:port`, IPv6 addresses in brackets."""
    (src, sport), (dst, dport) = _ends(flow)
    return built(_network(src, dst) / UDP(sport=sport, dport=dport) / Raw(payload))


def tcp(flow: str, flags: str = "S", payload: bytes = b"", seq: int = 1000, ack: int = 0) -> Packet:
    """A TCP segment; flags as scapy writes them, such as "S", "SA", "PA"."""
    (src, sport), (dst, dport) = _ends(flow)
    segment = TCP(sport=sport, dport=dport, flags=flags, seq=seq, ack=ack)
    return built(_network(src, dst) / segment / Raw(payload) if payload else _network(src, dst) / segment)


def ping(flow: str, identifier: int = 1, sequence: int = 1) -> Packet:
    """An ICMP echo request; `flow` is `source > destination`."""
    src, dst = (part.strip() for part in flow.split(">"))
    return built(_network(src, dst) / ICMP(type=8, id=identifier, seq=sequence) / Raw(b"abcdefgh"))


def parsed(data: bytes) -> Packet:
    """The IP packet in these bytes."""
    return IPv6(data) if data[:1] and data[0] >> 4 == 6 else IP(data)


def built(packet: Packet) -> Packet:
    """The packet as it is after a way over the wire: everything computed is filled in."""
    return parsed(bytes(packet))


def _network(src: str, dst: str) -> Packet:
    if ip_address(src).version == 6:
        return IPv6(src=src, dst=dst)
    return IP(src=src, dst=dst)


def _ends(flow: str) -> tuple[tuple[str, int], tuple[str, int]]:
    source, destination = (part.strip() for part in flow.split(">"))
    return _end(source), _end(destination)


def _end(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
