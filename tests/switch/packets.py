"""Builds whole, correct packets from layers; the model that segmentation and checksum completion are compared with."""

from __future__ import annotations

import struct
from dataclasses import dataclass

ETH, VLAN, IP4, IP6, IP6_OPTIONS, UDP_TUNNEL, UDP_TUNNEL_SUM, VXLAN, GENEVE, GENEVE_IP, GRE, TCP, UDP = range(13)
FIN, PSH, ACK, CWR = 0x01, 0x08, 0x10, 0x80
CHECKSUM_OFFSET = {TCP: 16, UDP: 6}
HEADER_BYTES = {ETH: 14, VLAN: 4, IP6: 40, IP6_OPTIONS: 8, UDP_TUNNEL: 8, UDP_TUNNEL_SUM: 8}
HEADER_BYTES |= {VXLAN: 8, GENEVE: 12, GENEVE_IP: 8, GRE: 8}
TUNNELS = {
    "plain": (),
    "vlan": (VLAN,),
    "vxlan": (IP4, UDP_TUNNEL, VXLAN, ETH),
    "vxlan with checksum over 6": (IP6, UDP_TUNNEL_SUM, VXLAN, ETH, VLAN),
    "geneve": (IP4, UDP_TUNNEL_SUM, GENEVE, ETH),
    "geneve with inner IP": (IP4, UDP_TUNNEL, GENEVE_IP),
    "gre": (IP4, GRE),
    "ip in ip": (IP4,),
    "6 in 4 twice": (VLAN, VLAN, IP4, IP6),
}


@dataclass(frozen=True)
class Shape:
    """The layers of a packet from Ethernet to TCP or UDP, and TCP's option bytes."""

    layers: tuple[int, ...]
    tcp_options: bytes = b""


def checksum(data: bytes) -> int:
    """RFC 1071."""
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo(ip: bytes, protocol: int, length: int) -> bytes:
    """The pseudo-header of the IP header `ip`."""
    addresses = ip[12:20] if ip[0] >> 4 == 4 else ip[8:40]
    return addresses + struct.pack(">HH", protocol, length)


def build(
    shape: Shape, payload: bytes, *, sequence: int = 0, ident: int = 0, flags: int = ACK, partial: bool = False
) -> bytes:
    """The packet with all lengths and checksums right; `partial` leaves the transport checksum to a device.

    The field then holds the pseudo-header's sum, and outer checksums are right for the completed packet.
    """
    out = payload
    for index in reversed(range(len(shape.layers))):
        out = _layer(shape, index, out, sequence, ident, flags)
    if partial:
        at = transport_offset(shape)
        ip = ip_header(shape, out)
        kind = shape.layers[-1]
        total = 0xFFFF & ~checksum(pseudo(ip, 6 if kind == TCP else 17, len(out) - at))
        at += CHECKSUM_OFFSET[kind]
        out = out[:at] + struct.pack(">H", total) + out[at + 2 :]
    return out


def transport_offset(shape: Shape) -> int:
    """Where the innermost TCP or UDP header starts."""
    return sum(20 if kind == IP4 else HEADER_BYTES[kind] for kind in shape.layers[:-1])


def ip_header(shape: Shape, packet: bytes, index: int | None = None) -> bytes:
    """The nearest IP header in front of layer `index` (default: the last)."""
    index = len(shape.layers) - 1 if index is None else index
    nearest = max(i for i in range(index) if shape.layers[i] in (IP4, IP6))
    return packet[transport_offset(Shape(shape.layers[: nearest + 1])) :][:40]


def _layer(shape: Shape, index: int, inner: bytes, sequence: int, ident: int, flags: int) -> bytes:
    kind = shape.layers[index]
    following = shape.layers[index + 1] if index + 1 < len(shape.layers) else -1
    ethertype = {VLAN: 0x8100, IP4: 0x0800, IP6: 0x86DD, ETH: 0x6558}.get(following, 0)
    protocols = {TCP: 6, UDP: 17, UDP_TUNNEL: 17, UDP_TUNNEL_SUM: 17, GRE: 47, IP4: 4, IP6: 41, IP6_OPTIONS: 60}
    protocol = protocols.get(following, 0)
    ordinal = sum(layer in (IP4, IP6) for layer in shape.layers[:index])
    match kind:
        case _ if kind == ETH:
            return bytes.fromhex("020000000002020000000001") + struct.pack(">H", ethertype) + inner
        case _ if kind == VLAN:
            return struct.pack(">HH", 0x2000 + index, ethertype) + inner
        case _ if kind == IP4:
            return _ip4(ordinal, inner, ident, protocol)
        case _ if kind == IP6:
            addresses = bytes(range(16)) + bytes(range(100 + ordinal, 116 + ordinal))
            return struct.pack(">IHBB", 6 << 28 | 5, len(inner), protocol, 64) + addresses + inner
        case _ if kind == IP6_OPTIONS:
            return struct.pack(">BB", protocol, 0) + bytes.fromhex("010400000000") + inner
        case _ if kind in (UDP_TUNNEL, UDP_TUNNEL_SUM):
            port = 6081 if following in (GENEVE, GENEVE_IP) else 4789
            return _udp(shape, index, inner, port, kind == UDP_TUNNEL_SUM)
        case _ if kind == VXLAN:
            return bytes.fromhex("0800000000123400") + inner
        case _ if kind == GENEVE:
            return bytes.fromhex("010065580000070001020304") + inner
        case _ if kind == GENEVE_IP:
            return struct.pack(">HHI", 0, ethertype, 0x700) + inner
        case _ if kind == GRE:
            header = struct.pack(">HHHH", 0x8000, ethertype, 0, 0)
            return header[:4] + struct.pack(">HH", checksum(header + inner), 0) + inner
        case _ if kind == UDP:
            return _udp(shape, index, inner, 4433, True)
        case _:
            return _tcp(shape, index, inner, sequence, flags)


def _ip4(ordinal: int, inner: bytes, ident: int, protocol: int) -> bytes:
    addresses = bytes((10, 0, ordinal, 1, 10, 0, ordinal, 2))
    start = struct.pack(">BBHHHBB", 0x45, 0, 20 + len(inner), (ident + 7 * ordinal) & 0xFFFF, 0x4000, 64, protocol)
    return start + struct.pack(">H", checksum(start + b"\0\0" + addresses)) + addresses + inner


def _pseudo_of(shape: Shape, index: int, protocol: int, length: int) -> bytes:
    """The pseudo-header of layer `index`; addresses depend on the number of IP layers only."""
    nearest = max(i for i in range(index) if shape.layers[i] in (IP4, IP6))
    header = _layer(Shape(shape.layers[: nearest + 1]), nearest, b"", 0, 0, 0)
    return pseudo(header, protocol, length)


def _udp(shape: Shape, index: int, inner: bytes, port: int, summed: bool) -> bytes:
    header = struct.pack(">HHHH", 5555, port, 8 + len(inner), 0)
    value = checksum(_pseudo_of(shape, index, 17, 8 + len(inner)) + header + inner) or 0xFFFF
    return header[:6] + struct.pack(">H", value if summed else 0) + inner


def _tcp(shape: Shape, index: int, inner: bytes, sequence: int, flags: int) -> bytes:
    options = shape.tcp_options
    words = (20 + len(options)) // 4
    header = struct.pack(">HHIIBBHHH", 1000, 2000, sequence & 0xFFFFFFFF, 77, words << 4, flags, 512, 0, 0) + options
    value = checksum(_pseudo_of(shape, index, 6, len(header) + len(inner)) + header + inner)
    return header[:16] + struct.pack(">H", value) + header[18:] + inner
