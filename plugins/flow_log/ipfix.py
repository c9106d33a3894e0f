"""Flow log records as IPFIX messages (RFC 7011)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address

from .records import LogRecord

VERSION = 10
LONGEST = 1400  # bytes of a message, so that it fits into a datagram everywhere
_TEMPLATES = 2  # id of the set that holds templates
_FORWARDED, _DROPPED = 64, 128  # forwardingStatus
_ACCEPTED, _DENIED = 1, 3  # firewallEvent: created, denied
_ACTIVE_TIMEOUT, _LACK_OF_RESOURCES = 2, 5  # flowEndReason


@dataclass(frozen=True, slots=True)
class Element:
    """An information element of IANA's registry: its number, and how many bytes it takes here."""

    number: int
    size: int


_PORTS = (Element(7, 2), Element(11, 2), Element(4, 1), Element(6, 2))
_COUNTS = (Element(2, 8), Element(1, 8))
_TIMES = (Element(152, 8), Element(153, 8))
_VERDICT = (Element(61, 1), Element(89, 1), Element(233, 1), Element(136, 1))
_PLACE = (Element(10, 4), Element(234, 4))
TEMPLATES: dict[int, tuple[Element, ...]] = {
    256: (Element(8, 4), Element(12, 4), Element(225, 4), *_PORTS, *_COUNTS, *_TIMES, *_VERDICT, *_PLACE),
    257: (Element(27, 16), Element(28, 16), *_PORTS, *_COUNTS, *_TIMES, *_VERDICT, *_PLACE),
    258: (*_TIMES, Element(136, 1), *_PLACE),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is from, in the numbers of the data plane."""

    interface: int
    vpc: int


class Exporter:
    """Makes the messages of one stream: one observation domain to one collector."""

    def __init__(self, domain: int) -> None:
        self._domain = domain
        self._sequence = 0

    def messages(self, records: Iterable[tuple[LogRecord, Place]], now: float) -> Iterator[bytes]:
        """Messages of what can be told: flows and SKIPDATA. Each brings the templates, since UDP loses."""
        head = _set(_TEMPLATES, b"".join(map(_template, TEMPLATES)))
        waiting: dict[int, list[bytes]] = {}
        size = 16 + len(head)
        for record, place in records:
            if record.log_status == "NODATA":
                continue
            template, data = _data(record, place)
            if size + len(data) + 4 > LONGEST:
                yield self._message(head, waiting, now)
                waiting, size = {}, 16 + len(head)
            size += len(data) + (0 if template in waiting else 4)
            waiting.setdefault(template, []).append(data)
        if waiting:
            yield self._message(head, waiting, now)

    def _message(self, head: bytes, waiting: dict[int, list[bytes]], now: float) -> bytes:
        body = head + b"".join(_set(template, b"".join(rows)) for template, rows in waiting.items())
        sequence = self._sequence
        self._sequence = self._sequence + sum(map(len, waiting.values())) & 0xFFFFFFFF
        return struct.pack("!HHIII", VERSION, 16 + len(body), int(now) & 0xFFFFFFFF, sequence, self._domain) + body


def _template(number: int) -> bytes:
    elements = TEMPLATES[number]
    return struct.pack("!HH", number, len(elements)) + b"".join(struct.pack("!HH", e.number, e.size) for e in elements)


def _set(number: int, content: bytes) -> bytes:
    return struct.pack("!HH", number, 4 + len(content)) + content


def _data(record: LogRecord, place: Place) -> tuple[int, bytes]:
    """The template of a record, and its bytes."""
    times = [(record.start or 0) * 1000, (record.end or 0) * 1000]
    if record.log_status != "OK":
        return 258, _packed(258, [*times, _LACK_OF_RESOURCES, place.interface, place.vpc])
    source, destination = ip_address(record.srcaddr or ""), ip_address(record.dstaddr or "")
    addresses = [int(source), int(destination)]
    template = 257
    if isinstance(source, IPv4Address):
        template = 256
        addresses.append(int(ip_address(record.pkt_srcaddr or record.srcaddr or "")))
    accepted = record.action == "ACCEPT"
    flow = [record.srcport, record.dstport, record.protocol, record.tcp_flags, record.packets, record.bytes]
    verdict = [
        int(record.flow_direction == "egress"),
        _FORWARDED if accepted else _DROPPED,
        _ACCEPTED if accepted else _DENIED,
        _ACTIVE_TIMEOUT,
    ]
    values = [*addresses, *(value or 0 for value in flow), *times, *verdict, place.interface, place.vpc]
    return template, _packed(template, values)


def _packed(template: int, values: Sequence[int]) -> bytes:
    return b"".join(value.to_bytes(element.size) for element, value in zip(TEMPLATES[template], values, strict=True))
