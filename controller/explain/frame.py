"""Frames to explain: what an instance would send, in a few words."""

from __future__ import annotations

from dataclasses import dataclass

from controller.errors import RequestError
from controller.model import Address, NetworkInterface
from controller.traffic import ICMP, ICMPV6, TCP, UDP, protocol_number

ROUTER_MAC = "02:76:70:63:00:01"  # every router's, towards its instances (p4src/include/types.p4)
MAX_LENGTH = 9001
_FLAGS = "FSRPAUEC"


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketWish:
    """What to send: a protocol by name or number, where to, and what is not left to be chosen.

    `source` is the interface's own address of that version unless it says otherwise; `length` is of the IP packet.
    """

    destination: Address
    protocol: str = "icmp"
    source: Address | None = None
    source_port: int = 40000
    destination_port: int = 80
    flags: str = "S"
    length: int | None = None


def frame_of(eni: NetworkInterface, wish: PacketWish) -> bytes:
    """The Ethernet frame; RequestError when it makes no sense."""
    from scapy.layers.inet import IP  # slow to import, and only explanations need it
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import Ether
    from scapy.packet import Raw

    six = wish.destination.version == 6
    source = wish.source or next((a for a in eni.addresses if a.version == wish.destination.version), None)
    if source is None or source.version != wish.destination.version:
        message = f"{eni.id} has no IPv{wish.destination.version} address to send from"
        raise RequestError("InvalidParameterValue", message, "destination")
    number = protocol_number(wish.protocol)
    if number < 0:
        raise RequestError("InvalidParameterValue", "A packet has one protocol", "protocol")
    number = ICMPV6 if six and number == ICMP else number
    ends = {"src": str(source), "dst": str(wish.destination)}
    packet = (IPv6(nh=number, **ends) if six else IP(proto=number, **ends)) / _transport(number, wish)
    missing = (wish.length or 0) - len(packet)
    if wish.length is not None and not len(packet) <= wish.length <= MAX_LENGTH:
        message = f"Such a packet has {len(packet)} to {MAX_LENGTH} bytes"
        raise RequestError("InvalidParameterValue", message, "length")
    return bytes(Ether(src=eni.mac, dst=ROUTER_MAC) / packet / Raw(bytes(max(missing, 0))))


def _transport(number: int, wish: PacketWish) -> object:
    from scapy.layers.inet import ICMP as Echo
    from scapy.layers.inet import TCP as Segment
    from scapy.layers.inet import UDP as Datagram
    from scapy.layers.inet6 import ICMPv6EchoRequest
    from scapy.packet import Raw

    for name in ("source_port", "destination_port"):
        if not 0 <= getattr(wish, name) <= 65535:
            raise RequestError("InvalidParameterValue", "Ports are 0 to 65535", name)
    if number == TCP:
        if not set(wish.flags) <= set(_FLAGS):
            raise RequestError("InvalidParameterValue", f"TCP flags are some of {_FLAGS}", "flags")
        return Segment(sport=wish.source_port, dport=wish.destination_port, flags=wish.flags)
    if number == UDP:
        return Datagram(sport=wish.source_port, dport=wish.destination_port)
    if number == ICMP:
        return Echo(type=8, id=wish.source_port)
    return ICMPv6EchoRequest(id=wish.source_port) if number == ICMPV6 else Raw(bytes(8))
