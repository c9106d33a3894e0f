"""The messages between routers and the mapping service: one layout of 64 bytes, three types (docs/mapping.md)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address

from controller.errors import ControllerError

PORT = 6082
SIZE = 64

_LAYOUT = struct.Struct("!BBHIII16s16sIIII")
_SEQUENCE = struct.Struct("!I")
_VERSION = struct.Struct("!I")
_ACK_WANTED = 1
_MAX_VPC = (1 << 24) - 1
_MAX_WORD = (1 << 32) - 1


class MessageError(ControllerError):
    """Bytes that are no message of the protocol, or a value that does not fit; names the field."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"mapping message: {field}: {text}")
        self.field = field


class Kind(IntEnum):
    """What a message is: a router's question, the service's answer or change, a router's confirmation."""

    REQUEST = 1
    ANSWER = 2
    ACK = 3


_NOWHERE = IPv4Address(0)
_NO_ADDRESS = IPv6Address(0)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `lifetime` is in milliseconds; addresses have the 128-bit form of the data plane.

    `host` 0.0.0.0 means that nobody has the address. While an address moves, `other` is a second host that may send
    from it. In a request `source` and `eni` are those that want to send to `address`.
    """

    kind: Kind
    vpc: int
    address: IPv6Address
    host: IPv4Address = _NOWHERE
    other: IPv4Address = _NOWHERE
    eni: int = 0
    version: int = 0
    source: IPv6Address = _NO_ADDRESS
    lifetime: int = 0
    sequence: int = 0
    ack_wanted: bool = False

    def encode(self) -> bytes:
        """The 64 bytes; MessageError when a number does not fit."""
        _fits("vpc", self.vpc, _MAX_VPC)
        for field in ("eni", "version", "lifetime", "sequence"):
            _fits(field, getattr(self, field), _MAX_WORD)
        return _LAYOUT.pack(
            self.kind,
            _ACK_WANTED if self.ack_wanted else 0,
            0,
            self.lifetime,
            self.sequence,
            self.vpc,
            self.address.packed,
            self.source.packed,
            int(self.host),
            int(self.other),
            self.eni,
            self.version,
        )

    @classmethod
    def decode(cls, data: bytes) -> Message:
        """The message in these bytes; MessageError names what is wrong with them."""
        if len(data) != SIZE:
            raise MessageError("length", f"{len(data)} bytes, not {SIZE}")
        kind, flags, reserved, lifetime, sequence, vpc, *rest = _LAYOUT.unpack(data)
        address, source, host, other, eni, version = rest
        if kind not in (1, 2, 3):
            raise MessageError("type", f"{kind} is none of 1 (request), 2 (answer), 3 (ack)")
        if flags & ~_ACK_WANTED:
            raise MessageError("flags", f"0x{flags:02x} has bits that mean nothing")
        if reserved or vpc > _MAX_VPC:
            raise MessageError("reserved", "is not 0")
        return cls(
            kind=Kind(kind),
            vpc=vpc,
            address=IPv6Address(address),
            host=IPv4Address(host),
            other=IPv4Address(other),
            eni=eni,
            version=version,
            source=IPv6Address(source),
            lifetime=lifetime,
            sequence=sequence,
            ack_wanted=bool(flags & _ACK_WANTED),
        )


def numbered(data: bytes, first: int, count: int) -> list[bytes]:
    """A message so many times, with sequence numbers that begin with `first`."""
    head, tail, pack = data[:8], data[12:], _SEQUENCE.pack
    return [head + pack(number & _MAX_WORD) + tail for number in range(first, first + count)]


def confirmed_in(data: bytes) -> tuple[bytes, int] | None:
    """What a well-formed confirmation is about, VPC and address as they stand in it, and the version; else None."""
    if len(data) != SIZE or data[0] != Kind.ACK or data[1] & ~_ACK_WANTED or data[2] or data[3] or data[12]:
        return None
    return data[12:32], _VERSION.unpack_from(data, 60)[0]


def _fits(field: str, value: int, highest: int) -> None:
    if not 0 <= value <= highest:
        raise MessageError(field, f"{value} is not between 0 and {highest}")
