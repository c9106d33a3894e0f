"""Inner packets in the frames of the vrouter's ports: Ethernet at the interface, Geneve at the underlay."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from controller.model import NetworkInterface
from topologies.lab import ROUTER_MAC
from topologies.region import Region

from .wire import checksum

_ETHERNET = struct.Struct("!6s6sH")
_OUTER = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
_GENEVE = struct.Struct("!BBHI")
_ENI = struct.Struct("!HBBII")
_TYPES = {4: 0x0800, 6: 0x86DD}


@dataclass(frozen=True)
class Frames:
    """The ports and addresses of the one interface, and of the host that all remote endpoints are on."""

    eni_port: int
    underlay_port: int
    ethernet: bytes  # both MACs, from the interface to the router
    underlay: bytes  # both MACs, from the other host to this one
    hosts: tuple[bytes, bytes]  # outer addresses: the other host, this one
    enis: tuple[int, int]  # the other host's interface, the one that is tracked
    vni: int

    @classmethod
    def of(cls, region: Region) -> Frames:
        """What the region `region.yaml` gives them."""
        (link,) = region.links
        alpha, beta = region.host("alpha"), region.host("beta")
        inside, outside = _interface(region, "inside"), _interface(region, "outside")
        route = region.model.underlay_routes_by_host[alpha.id][0]
        return cls(
            inside.port,
            link.port_a,
            _mac(ROUTER_MAC) + _mac(inside.mac),
            _mac(route.mac) + _mac(route.next_hop),
            (beta.address.packed, alpha.address.packed),
            (outside.number, inside.number),
            region.model.vpcs[inside.vpc_id].number,
        )

    def wrapped(self, packet: bytes, *, outbound: bool) -> tuple[int, bytes]:
        """The port at which an inner packet enters, and its frame."""
        kind = _TYPES[packet[0] >> 4].to_bytes(2, "big")
        if outbound:
            return self.eni_port, self.ethernet + kind + packet
        geneve = _GENEVE.pack(3, 0x40, int.from_bytes(kind, "big"), self.vni << 8)
        eni = _ENI.pack(0xFF56, 0x81, 2, *self.enis)
        size = 28 + len(geneve) + len(eni) + len(packet)
        fields = (0x45, 0, size, 0, 0, 64, 17)
        summed = checksum(_OUTER.pack(*fields, 0, *self.hosts))
        outer = _OUTER.pack(*fields, summed, *self.hosts) + _UDP.pack(50000, 6081, size - 20, 0)
        return self.underlay_port, self.underlay + b"\x08\x00" + outer + geneve + eni + packet

    def unwrapped(self, port: int, frame: bytes, *, outbound: bool) -> bytes | None:
        """The inner packet of a frame that left where a packet of that direction leaves."""
        if port != (self.underlay_port if outbound else self.eni_port):
            return None
        return frame[14 + 28 + 8 + (frame[42] & 0x3F) * 4 :] if outbound else frame[14:]


def _interface(region: Region, name: str) -> NetworkInterface:
    model = region.model
    return next(model.interface_of(instance) for instance in model.instances.values() if instance.name == name)


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
