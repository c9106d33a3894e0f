"""Somebody who forges and replays: frames with every outer header, every option and every message made up.

Bytes are made from a seeded generator, so a failure names the seed that makes the same frames again.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from random import Random

from controller.mapping.protocol import PORT as MAPPING_PORT
from controller.plan.addresses import data_plane_address
from topologies.lab import ROUTER_MAC
from topologies.region import Region

GENEVE_PORT = 6081
_OTHER_ADDRESSES = ("10.0.1.1", "10.0.1.255", "10.0.9.9", "255.255.255.255", "172.31.0.1", "172.31.255.1", "192.0.2.1")
_OTHER_IPV6 = ("ff02::1", "fe80::1", "fd00:10:0:9::9", "::ffff:10.0.1.5", "::")
_CLASSES = (0xFF56, 0xFF56, 0xFF56, 0x0102, 0xFFFF, 0)
_TYPES = (0x81, 0x81, 0x82, 0x83, 0x01, 0x80, 0xFF)
_ETHERTYPES = (0x0800, 0x0800, 0x86DD, 0x0806, 0x6558, 0x8100)


class Adversary:
    """Makes frames. What it knows: every address and number of the region, and frames that it has seen."""

    def __init__(self, region: Region, seed: int, seen: Sequence[bytes] = ()) -> None:
        model = region.model
        self._random = Random(seed)
        self._hosts = [host.address for host in model.hosts.values()]
        self._service = region.mapping.service
        self._vpcs = [vpc.number for vpc in model.vpcs.values()]
        self._enis = [eni.number for eni in model.network_interfaces.values()]
        self._macs = [eni.mac for eni in model.network_interfaces.values()]
        own = [address for eni in model.network_interfaces.values() for address in eni.addresses]
        self._addresses4 = [*(a for a in own if a.version == 4), *map(ip_address, _OTHER_ADDRESSES)]
        self._addresses6 = [*(a for a in own if a.version == 6), *map(ip_address, _OTHER_IPV6)]
        self._seen = list(seen)

    def from_instance(self) -> bytes:
        """A frame as a tenant's instance may send it."""
        kinds = (self._inner, self._inner, self._arp, self._tunnel_of_an_instance, self._noise)
        body = self._random.choice(kinds)()
        return self._ethernet(body)

    def on_underlay(self, sources: Sequence[IPv4Address]) -> bytes:
        """A frame on the underlay whose outer source is one of these."""
        source = self._random.choice(sources)
        kinds = [self._tunnel, self._tunnel, self._tunnel, self._message, self._stray]
        if self._seen:
            kinds += [self._replayed, self._replayed]
        packet = self._random.choice(kinds)(source)
        return _octets("02:00:00:00:00:01") + _octets("02:00:00:00:00:02") + b"\x08\x00" + packet

    def _tunnel_of_an_instance(self) -> bytes:
        return self._tunnel(self._anyone())

    def _anyone(self) -> IPv4Address:
        return self._random.choice([*self._hosts, self._service, IPv4Address("10.0.1.5")])

    def _ethernet(self, body: bytes) -> bytes:
        macs = [ROUTER_MAC, ROUTER_MAC, "ff:ff:ff:ff:ff:ff", *self._macs]
        kind = {4: 0x0800, 6: 0x86DD}.get(body[0] >> 4 if body else 0, 0x0806)
        if self._random.random() < 0.1:
            kind = self._random.choice(_ETHERTYPES)
        return _octets(self._random.choice(macs)) + _octets(self._random.choice(macs)) + struct.pack("!H", kind) + body

    def _tunnel(self, source: IPv4Address) -> bytes:
        """IPv4, UDP, Geneve with options, an inner packet; each field may be wrong."""
        options = b"".join(self._option() for _ in range(self._random.choice((0, 1, 1, 1, 1, 2, 5))))
        inner = self._inner()
        kind = {4: 0x0800, 6: 0x86DD}.get(inner[0] >> 4 if inner else 0, 0x6558)
        words = len(options) // 4 if self._mostly() else self._random.randrange(64)
        flags = 0x40 if self._mostly() else self._random.randrange(256)
        vni = self._random.choice(self._vpcs) if self._mostly() else self._random.randrange(1 << 24)
        version = 0 if self._mostly() else self._random.randrange(4)
        protocol = kind if self._mostly() else self._random.choice(_ETHERTYPES)
        geneve = struct.pack("!BBHI", version << 6 | words, flags, protocol, vni << 8 | self._seldom(256))
        return self._outer(source, GENEVE_PORT, geneve + options + inner)

    def _option(self) -> bytes:
        data = struct.pack("!II", self._random.choice([*self._enis, 0]), self._random.choice([*self._enis, 0, 0]))
        if not self._mostly():
            data = self._random.randbytes(4 * self._random.randrange(6))
        class_, type_ = (
            (0xFF56, 0x81) if self._mostly() else (self._random.choice(_CLASSES), self._random.choice(_TYPES))
        )
        words = len(data) // 4 if self._mostly() else self._random.randrange(32)
        return struct.pack("!HBB", class_, type_, words) + data

    def _message(self, source: IPv4Address) -> bytes:
        """A message of the mapping protocol, of any kind, to a host or to the service."""
        addresses = [*self._addresses4, *self._addresses6]
        about, asker = (data_plane_address(self._random.choice(addresses)) for _ in range(2))
        host, other = self._random.choice([*self._hosts, IPv4Address(0)]), self._random.choice(self._hosts)
        body = struct.pack(
            "!BBHIII16s16sIIII",
            self._random.choice((1, 2, 2, 3)),
            self._random.choice((0, 1)),
            self._seldom(1 << 16),
            60000,
            self._random.getrandbits(32),
            self._random.choice(self._vpcs),
            about.packed,
            asker.packed,
            int(host),
            int(other),
            self._random.choice(self._enis),
            self._random.choice((0, 1, 2, 0xFFFFFFFF)),
        )
        return self._outer(source, MAPPING_PORT, body)

    def _stray(self, source: IPv4Address) -> bytes:
        return self._outer(source, self._random.choice((53, GENEVE_PORT, MAPPING_PORT)), self._noise())

    def _outer(self, source: IPv4Address, port: int, payload: bytes) -> bytes:
        destination = self._random.choice([*self._hosts, self._service])
        length = 8 + len(payload) if self._mostly() else self._random.randrange(200)
        udp = struct.pack("!HHHH", self._random.choice((port, 50000)), port, length, self._seldom(1 << 16)) + payload
        return self._ipv4(source, destination, 17, udp)

    def _replayed(self, source: IPv4Address) -> bytes:
        """A frame that was seen, as it was but for the source, and perhaps with a field or some bytes changed."""
        packet = bytearray(self._random.choice(self._seen)[14:])
        packet[12:16] = source.packed
        if self._mostly():
            packet[16:20] = self._random.choice(self._hosts).packed
        if self._random.random() < 0.5 and len(packet) > 40:
            packet[32:35] = self._random.choice(self._vpcs).to_bytes(3, "big")  # VNI
        for _ in range(self._random.choice((0, 0, 1, 3))):
            packet[self._random.randrange(20, len(packet))] = self._random.randrange(256)
        return bytes(_summed(packet))

    def _inner(self) -> bytes:
        body = struct.pack("!HHHH", 4000, self._random.choice((53, GENEVE_PORT)), 16, 0) + b"whatever"
        protocol = self._random.choice((17, 17, 6, 1, 58, 0, 255))
        if self._random.random() < 0.5:
            source, destination = (self._random.choice(self._addresses4) for _ in range(2))
            return self._ipv4(source, destination, protocol, body)
        source, destination = (self._random.choice(self._addresses6) for _ in range(2))
        length = len(body) if self._mostly() else self._random.randrange(200)
        return struct.pack("!IHBB", 6 << 28, length, protocol, 64) + source.packed + destination.packed + body

    def _ipv4(
        self, source: IPv4Address | IPv6Address, destination: IPv4Address | IPv6Address, protocol: int, body: bytes
    ) -> bytes:
        options = b"" if self._mostly() else bytes(4 * self._random.randrange(11))
        length = 20 + len(options) + len(body) if self._mostly() else self._random.randrange(200)
        fragment = 0x4000 if self._mostly() else self._random.randrange(1 << 16)
        ttl = 64 if self._mostly() else self._random.randrange(256)
        first = 0x45 + len(options) // 4 if self._mostly() else self._random.randrange(256)
        front = struct.pack("!BBHHHBBH", first, 0, length, 0, fragment, ttl, protocol, 0)
        header = bytearray(front + source.packed + destination.packed + options)
        return bytes(_summed(header) if self._mostly() else header) + body

    def _arp(self) -> bytes:
        sender, target = (self._random.choice(self._addresses4).packed for _ in range(2))
        macs = [_octets(self._random.choice([*self._macs, "00:00:00:00:00:00"])) for _ in range(2)]
        return struct.pack("!HHBBH", 1, 0x0800, 6, 4, self._random.choice((1, 2))) + macs[0] + sender + macs[1] + target

    def _noise(self) -> bytes:
        return self._random.randbytes(self._random.randrange(120))

    def _mostly(self) -> bool:
        return self._random.random() < 0.93

    def _seldom(self, below: int) -> int:
        return 0 if self._mostly() else self._random.randrange(below)


def _summed(packet: bytearray) -> bytearray:
    """The packet with the checksum of its first 20 bytes filled in."""
    packet[10:12] = b"\0\0"
    total = sum(struct.unpack("!10H", packet[:20]))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    packet[10:12] = (~total & 0xFFFF).to_bytes(2, "big")
    return packet


def _octets(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))
