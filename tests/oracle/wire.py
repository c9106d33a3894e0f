"""Bytes of packets: IPv4 and IPv6, checksums right, data all zeros."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .packets import Error, Fragment, Other, Packet, Plain, Query, Tcp, Udp

LOCAL_PORT = 40000  # of flow 0
REMOTE_PORT = 80
HEADERS = {Tcp: 20, Udp: 8, Query: 8, Other: 0}  # bytes a first fragment must hold

_TCP = struct.Struct("!HHIIBBHHH")
_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")
_ICMPV6_TYPES = {8: 128, 0: 129}
# (type, code) of errors: ICMPv4 as in the sequence --> ICMPv6.
_ICMPV6_ERRORS = {(3, 0): (1, 0), (3, 1): (1, 3), (3, 3): (1, 4), (3, 4): (2, 0), (11, 0): (3, 0), (12, 0): (4, 0)}
ERRORS = tuple(_ICMPV6_ERRORS)


@dataclass(frozen=True, slots=True)
class Pair:
    """Packed addresses of the ENI, of the remote endpoint, and of a router on the remote side."""

    local: bytes
    remote: bytes
    router: bytes

    @property
    def ipv6(self) -> bool:
        """Whether the addresses are IPv6's."""
        return len(self.local) == 16


def wire(packet: Packet, pair: Pair) -> bytes:
    """The IP packet."""
    if isinstance(packet, Fragment):
        return _fragment(packet, pair)
    source = pair.local if packet.outbound else pair.remote
    target = pair.remote if packet.outbound else pair.local
    if isinstance(packet, Error):
        if packet.router:
            source, target = (source, pair.router) if packet.outbound else (pair.router, target)
        return _ip(source, target, _icmp_number(pair), _error(packet, pair, source, target))
    return _ip(source, target, _number(packet, pair), _payload(packet, pair))


def ip_payload_length(packet: Plain) -> int:
    """Bytes behind the IP header."""
    if isinstance(packet, Tcp):
        return 20 + len(_options(packet)) + packet.length
    return HEADERS[type(packet)] + packet.length


def _payload(packet: Plain, pair: Pair) -> bytes:
    if isinstance(packet, Tcp):
        return _tcp(packet, pair)
    if isinstance(packet, Udp):
        return _udp(packet, pair)
    if isinstance(packet, Query):
        kind = _ICMPV6_TYPES.get(packet.type, packet.type) if pair.ipv6 else packet.type
        body = struct.pack("!BBHHH", kind, packet.code, 0, packet.flow + 1, 1) + bytes(packet.length)
        return _icmp_checksum(body, pair, pair.local, pair.remote)
    return bytes(packet.length)


def _tcp(packet: Tcp, pair: Pair) -> bytes:
    options = _options(packet)
    ports = (LOCAL_PORT + packet.flow, REMOTE_PORT)
    source, target = ports if packet.outbound else ports[::-1]
    words = 5 + len(options) // 4 if packet.words is None else packet.words
    fields = (source, target, packet.seq, packet.ack, words << 4, packet.flags, packet.window)
    size = 20 + len(options) + packet.length
    summed = checksum(_pseudo(pair.local, pair.remote, 6, size) + _TCP.pack(*fields, 0, 0) + options)
    return _TCP.pack(*fields, summed, 0) + options + bytes(packet.length)


def _options(packet: Tcp) -> bytes:
    found = b""
    if packet.scale is not None:
        found += bytes((1, 3, 3, packet.scale))
    if packet.sack_permitted:
        found += b"\x01\x01\x04\x02"
    if packet.sacks:
        found += bytes((1, 1, 5, 2 + 4 * len(packet.sacks)))
        found += b"".join(edge.to_bytes(4, "big") for edge in packet.sacks)
    return found


def _udp(packet: Udp, pair: Pair) -> bytes:
    ports = (LOCAL_PORT + packet.flow, REMOTE_PORT)
    source, target = ports if packet.outbound else ports[::-1]
    size = 8 + packet.length
    head = struct.pack("!HHH", source, target, size)
    summed = checksum(_pseudo(pair.local, pair.remote, 17, size) + head) or 0xFFFF
    return head + summed.to_bytes(2, "big") + bytes(packet.length)


def _error(error: Error, pair: Pair, source: bytes, target: bytes) -> bytes:
    """Quotes the IP header and 8 bytes more (RFC 792)."""
    quoted = wire(error.quoted, pair)[: len(_ip(source, target, 0, b"")) + 8]
    kind, code = (error.type, error.code)
    if pair.ipv6:
        kind, code = _ICMPV6_ERRORS[kind, code]
    rest = 1400 if (error.type, error.code) == (3, 4) else 0
    return _icmp_checksum(struct.pack("!BBHI", kind, code, 0, rest) + quoted, pair, source, target)


def _icmp_checksum(body: bytes, pair: Pair, source: bytes, target: bytes) -> bytes:
    pseudo = _pseudo(source, target, 58, len(body)) if pair.ipv6 else b""
    summed = checksum(pseudo + body + (b"\0" if len(body) % 2 else b""))
    return body[:2] + summed.to_bytes(2, "big") + body[4:]


def _fragment(fragment: Fragment, pair: Pair) -> bytes:
    whole = fragment.whole
    payload = _payload(whole, pair)
    source, target = (pair.local, pair.remote) if whole.outbound else (pair.remote, pair.local)
    stop = fragment.start + fragment.count if fragment.count else len(payload)
    part, more = payload[fragment.start : stop], stop < len(payload)
    number = _number(whole, pair)
    if pair.ipv6:
        head = struct.pack("!BBHI", number, 0, fragment.start | more, fragment.identification)
        return _ip(source, target, 44, head + part)
    flags = (0x2000 if more else 0) | fragment.start >> 3
    return _ip(source, target, number, part, fragment.identification, flags)


def _ip(source: bytes, target: bytes, number: int, payload: bytes, identification: int = 0, flags: int = 0) -> bytes:
    if len(source) == 16:
        return _IPV6.pack(0x60000000, len(payload), number, 64, source, target) + payload
    fields = (0x45, 0, 20 + len(payload), identification, flags, 64, number)
    summed = checksum(_IPV4.pack(*fields, 0, source, target))
    return _IPV4.pack(*fields, summed, source, target) + payload


def _number(packet: Plain, pair: Pair) -> int:
    if isinstance(packet, Other):
        return packet.protocol
    if isinstance(packet, Query):
        return _icmp_number(pair)
    return 6 if isinstance(packet, Tcp) else 17


def _icmp_number(pair: Pair) -> int:
    return 58 if pair.ipv6 else 1


def _pseudo(source: bytes, target: bytes, number: int, size: int) -> bytes:
    return source + target + struct.pack("!II", size, number)


def checksum(data: bytes) -> int:
    """The Internet checksum of an even number of bytes (RFC 1071): big-endian arithmetic modulo 2^16 - 1."""
    total = int.from_bytes(data, "big")
    return 0xFFFF - (total % 0xFFFF or (0xFFFF if total else 0))
