"""The fabric of the lab: a bridge that every host and the mapping service hang on."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from controller.mapping import MappingService, Outgoing
from controller.mapping.protocol import PORT
from topologies.region import FABRIC_PORT, SERVICE_MAC, Region

End = tuple[str, int]  # host name and port number


class LabFabric:
    """Carries frames between the hosts' fabric ports, and to and from the mapping service."""

    def __init__(self, region: Region, service: MappingService) -> None:
        self._hosts: dict[str, End] = {}
        self._macs: dict[IPv4Address, str] = {}
        self._address = region.mapping.service
        self._service = service
        for route in region.model.underlay_routes:
            host = region.model.hosts[route.host_id]
            if route.port == FABRIC_PORT:
                self._hosts[route.mac] = (host.name, FABRIC_PORT)
                self._macs[host.address] = route.mac

    def carry(self, frame: bytes, now: float) -> list[tuple[End, bytes]]:
        """Where a frame arrives, or what the mapping service sends because of it."""
        mac = Ether(frame).dst
        if mac in self._hosts:
            return [(self._hosts[mac], frame)]
        packet = Ether(frame)
        if mac != SERVICE_MAC or UDP not in packet or packet[UDP].dport != PORT:
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
