"""The fabric of the lab: a bridge, or leaves and spines, that every host and the mapping service hang on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from zlib import crc32

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from controller.mapping import MappingService, Outgoing
from controller.mapping.protocol import PORT
from topologies.region import FABRIC_PORT, SERVICE_MAC, Region
from topologies.underlay import Fabric, FabricRouter

End = tuple[str, int]  # host name and port number
_IPV4 = b"\x08\x00"
_HEADERS = 42  # bytes of Ethernet, IPv4 and UDP


class LabFabric:
    """Carries frames between the hosts' fabric ports, and to and from the mapping service.

    Leaves and spines decide as Linux does in Mininet: by the outer destination, among the spines by a hash of addresses
    and ports; a leaf drops what a host sends from an address that is not its own.
    """

    def __init__(self, region: Region, service: MappingService) -> None:
        self._hosts: dict[str, End] = {}
        self._macs: dict[IPv4Address, str] = {}
        self._names: dict[IPv4Address, str] = {region.mapping.service: ""}
        self._addresses = {host.name: host.address for host in region.model.hosts.values()}
        self._address = region.mapping.service
        self._service = service
        self._routers: Fabric | None = region.fabric if region.fabric and region.fabric.leaves else None
        self.counters: Counter[str] = Counter()  # packets: `router.sent.neighbour`, `router.dropped.reason`
        for route in region.model.underlay_routes:
            host = region.model.hosts[route.host_id]
            if route.port == FABRIC_PORT:
                self._hosts[route.mac] = (host.name, FABRIC_PORT)
                self._macs[host.address] = route.mac
                self._names[host.address] = host.name

    def carry(self, host: str, frame: bytes, now: float) -> list[tuple[End, bytes]]:
        """Where a frame from a host arrives, or what the mapping service sends because of it."""
        routed = frame if self._routers is None else self._routed(self._routers, host, frame)
        if routed is None:
            return []
        mac = ":".join(f"{byte:02x}" for byte in routed[:6])
        if mac in self._hosts:
            return [(self._hosts[mac], routed)]
        if mac != SERVICE_MAC:
            return []
        packet = Ether(routed)
        if UDP not in packet or packet[UDP].dport != PORT:
            return []
        source = IPv4Address(packet[IP].src)
        return self.deliver(self._service.receive(now, source, bytes(packet[UDP].payload)))

    def deliver(self, outgoing: Iterable[Outgoing]) -> list[tuple[End, bytes]]:
        """The frames in which messages of the mapping service reach the hosts."""
        frames = []
        for message in outgoing:
            mac = self._macs[message.host]
            ip = IP(src=str(self._address), dst=str(message.host))
            frame = Ether(src=SERVICE_MAC, dst=mac) / ip / UDP(sport=PORT, dport=PORT) / Raw(message.data)
            frames.append((self._hosts[mac], bytes(frame)))
        return frames

    def _routed(self, fabric: Fabric, host: str, frame: bytes) -> bytes | None:
        """The frame as the last leaf sends it, or None when a router drops it."""
        leaf = fabric.leaf_of(host)
        if len(frame) < _HEADERS or frame[12:14] != _IPV4 or frame[14] != 0x45:
            return self._dropped(leaf, "not_ipv4")
        source, destination = IPv4Address(frame[26:30]), IPv4Address(frame[30:34])
        if source != self._addresses[host]:
            return self._dropped(leaf, "forged_source")
        if destination not in self._names:
            return self._dropped(leaf, "no_route")
        name = self._names[destination]
        hops = list(self._way(fabric, leaf, fabric.leaf_of(name), frame))
        if frame[22] <= len(hops):
            return self._dropped(leaf, "ttl")
        for here, there in zip(hops, [*[router.name for router in hops[1:]], name or "service"], strict=True):
            self.counters[f"{here.name}.sent.{there}"] += 1
        mac = self._macs[destination] if name else SERVICE_MAC
        source_mac = hops[-1].mac(name)
        return _octets(mac) + _octets(source_mac) + _IPV4 + _aged(frame[14:34], len(hops)) + frame[34:]

    def _way(self, fabric: Fabric, first: FabricRouter, last: FabricRouter, frame: bytes) -> Iterator[FabricRouter]:
        yield first
        if first != last:
            flow = frame[23:24] + frame[26:38]  # protocol, addresses, ports
            yield fabric.spines[crc32(flow) % len(fabric.spines)]
            yield last

    def _dropped(self, router: FabricRouter, reason: str) -> None:
        self.counters[f"{router.name}.dropped.{reason}"] += 1


def _aged(header: bytes, hops: int) -> bytes:
    """An IPv4 header with a TTL less by `hops`, its checksum brought along (RFC 1624); a wrong one stays wrong."""
    total = (~int.from_bytes(header[10:12], "big") & 0xFFFF) + (~(hops << 8) & 0xFFFF)
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return header[:8] + bytes([header[8] - hops]) + header[9:10] + (~total & 0xFFFF).to_bytes(2, "big") + header[12:]


def _octets(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))
