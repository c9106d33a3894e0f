"""Packet metadata: the @controller_header in front of packet-in and packet-out, as P4Info lists its fields."""

from finsy.proto import p4i, p4r

from switch.p4runtime.bytestring import byte_count, from_int, show, to_int
from switch.p4runtime.errors import P4RuntimeError, invalid


def _is_padding(field: p4i.ControllerPacketMetadata.Metadata) -> bool:
    return any(a.startswith("@padding") for a in field.annotations) or field.name.startswith(("_pad", "pad"))


class HeaderCodec:
    """One controller header; without one in P4Info the packets have no metadata."""

    def __init__(self, name: str, info: p4i.ControllerPacketMetadata | None):
        self.name = name
        self.fields = list(info.metadata) if info is not None else []
        self.bits = sum(field.bitwidth for field in self.fields)
        self.size = byte_count(self.bits)
        self._ids = {field.id for field in self.fields}
        for field in self.fields:
            if not field.bitwidth:
                raise invalid(f"header {name!r}: field {field.name!r} is translated to a string, which is not offered")

    def unpack(self, data: bytes) -> p4r.PacketIn | None:
        """A packet sent to the CPU as a packet-in; None when it is shorter than the header."""
        if len(data) < self.size:
            return None
        packet = p4r.PacketIn(payload=data[self.size :])
        number, left = int.from_bytes(data[: self.size], "big"), self.size * 8
        for field in self.fields:
            left -= field.bitwidth
            value = (number >> left) & ((1 << field.bitwidth) - 1)
            packet.metadata.add(metadata_id=field.id, value=from_int(value))
        return packet

    def pack(self, packet: p4r.PacketOut) -> bytes:
        """The bytes of a packet-out; INVALID_ARGUMENT unless each field is given once (padding may be left out)."""
        given: dict[int, bytes] = {}
        for item in packet.metadata:
            if item.metadata_id not in self._ids:
                raise invalid(f"{self.name} has no metadata {item.metadata_id}; it has {self._names()}")
            if item.metadata_id in given:
                raise invalid(f"{self.name}: metadata {item.metadata_id} is given twice")
            given[item.metadata_id] = item.value
        number = 0
        for field in self.fields:
            number = number << field.bitwidth | self._number(field, given)
        number <<= self.size * 8 - self.bits
        return number.to_bytes(self.size, "big") + packet.payload

    def _number(self, field: p4i.ControllerPacketMetadata.Metadata, given: dict[int, bytes]) -> int:
        value = given.get(field.id)
        if value is None:
            if _is_padding(field):
                return 0
            raise invalid(f"{self.name}: metadata {field.id} {field.name!r} ({field.bitwidth} bits) is missing")
        try:
            return to_int(value, field.bitwidth)
        except P4RuntimeError:
            raise invalid(
                f"{self.name}: {show(value)} is no value of {field.bitwidth} bits for metadata {field.name!r}"
            ) from None

    def _names(self) -> str:
        return ", ".join(f"{field.id} {field.name!r}" for field in self.fields) or "no metadata"
