"""The flow table's control packets, and the records in them (docs/flows.md has both bit by bit)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

from controller.plan.addresses import data_plane_address

CPU_PORT = 510
TICK_PORT = 509
TICK = bytes(12) + b"\x88\xb5" + bytes(46)  # a frame like those that the switch makes
EVERYTHING = 0xFFFFFFFF  # ways

# Name and bits of each field, in the order of the wire.
_QUESTION = {
    "op": 8,
    "protocol": 8,
    "port": 16,
    "token": 32,
    "first": 32,
    "count": 32,
    "eni": 32,
    "local_port": 16,
    "remote_port": 16,
    "local": 128,
    "remote": 128,
    "secret": 128,
    "local_side": 128,
    "remote_side": 128,
    "last": 128,
    "state": 128,
    "log": 256,
}
_ANSWER = {
    "op": 8,
    "token": 32,
    "first": 32,
    "count": 32,
    "found": 32,
    "key": 336,
    "local_side": 128,
    "remote_side": 128,
    "last": 128,
    "state": 128,
    "log": 256,
}
_RECORD = ("local_side", "remote_side", "last", "state", "log")
_MAPPED = 0xFFFF << 32


class Op(IntEnum):
    """What a question asks for."""

    DUMP = 1
    DELETE = 2
    IMPORT = 3
    COUNT = 4


class FlowState(IntEnum):
    """Where a flow stands."""

    NONE = 0
    SYN_SENT = 1
    SYN_RECV = 2
    ESTABLISHED = 3
    FIN_WAIT = 4
    CLOSE_WAIT = 5
    LAST_ACK = 6
    TIME_WAIT = 7
    CLOSE = 8
    SYN_SENT2 = 9
    UDP_SINGLE = 10
    UDP_STREAM = 11
    ICMP = 12
    OTHER = 13
    FRAGMENTS = 14


@dataclass(frozen=True)
class Filter:
    """Which records; None fits any."""

    eni: int | None = None
    protocol: int | None = None
    local: str | None = None
    remote: str | None = None
    local_port: int | None = None
    remote_port: int | None = None

    def fields(self) -> dict[str, int]:
        """The filter as fields of a question."""
        fields = {name: getattr(self, name) or 0 for name in ("eni", "protocol", "local_port", "remote_port")}
        addresses = {name: getattr(self, name) for name in ("local", "remote")}
        return fields | {name: _number(text) if text else 0 for name, text in addresses.items()}

    def of_interface(self, number: int) -> Filter:
        """The same, of one interface."""
        return replace(self, eni=number)


ANY = Filter()


@dataclass(frozen=True)
class Traffic:
    """What a flow has sent in one direction."""

    packets: int
    octets: int
    tcp_flags: int


@dataclass(frozen=True)
class Window:
    """What one side of a TCP flow has sent and may send: sequence numbers, and the largest window that it offered."""

    end: int
    most: int
    offered: int
    acknowledged: int
    scale: int


@dataclass(frozen=True)
class FlowRecord:
    """A flow as the ENI `eni` sees it. `columns` are the record's own bits, for sending it to another router."""

    eni: int
    protocol: int
    local: IPv4Address | IPv6Address
    remote: IPv4Address | IPv6Address
    local_port: int
    remote_port: int
    state: FlowState
    outbound: bool  # direction of the first packet
    seen_reply: bool
    expires_in: float  # seconds
    age: float
    mark: int
    leaving: Traffic
    coming: Traffic
    local_window: Window  # of TCP
    remote_window: Window
    kind: int  # 0; else of a datagram in fragments, and the ports are its id
    columns: dict[str, int] = field(repr=False)

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from others of its ENI."""
        return self.protocol, self.local, self.remote, self.local_port, self.remote_port


@dataclass(frozen=True)
class Answer:
    """What came back: how many records fitted, one of them after a DUMP, and where to go on."""

    op: Op
    token: int
    next_way: int
    left: int
    found: int
    record: FlowRecord | None


def asked(op: Op, which: Filter = ANY, first: int = 0, count: int = EVERYTHING) -> dict[str, int]:
    """The fields of a question."""
    return {**dict.fromkeys(_QUESTION, 0), "op": int(op), "first": first, "count": count, **which.fields()}


def question(op: Op, which: Filter = ANY, first: int = 0, count: int = EVERYTHING) -> bytes:
    """A packet for the CPU port."""
    return packed(asked(op, which, first, count))


def import_question(record: FlowRecord, port: int, secret: int) -> bytes:
    """A packet that gives a router a record."""
    return packed(imported(record, port, secret))


def imported(record: FlowRecord, port: int, secret: int) -> dict[str, int]:
    """The fields that give a router a record, for the ENI behind `port`; `secret` keys the router's table."""
    key = {
        "eni": record.eni,
        "protocol": record.protocol,
        "local": _number(str(record.local)),
        "remote": _number(str(record.remote)),
        "local_port": record.local_port,
        "remote_port": record.remote_port,
    }
    fields = dict.fromkeys(_QUESTION, 0)
    return {**fields, "op": int(Op.IMPORT), "port": port, "secret": secret, **key, **record.columns}


def parse_answer(data: bytes) -> Answer:
    """Reads a packet from the CPU port."""
    return answer_of(answer_fields(data))


def answer_fields(data: bytes) -> dict[str, int]:
    """The fields of an answer in a packet."""
    return _fields(data, _ANSWER)


def answer_of(fields: Mapping[str, int]) -> Answer:
    """Reads the fields of an answer."""
    op = Op(fields["op"])
    record = _record(fields) if op is Op.DUMP and fields["found"] else None
    return Answer(op, fields["token"], fields["first"], fields["count"], fields["found"], record)


def _record(fields: Mapping[str, int]) -> FlowRecord:
    key, state, log = fields["key"], fields["state"], fields["log"]
    return FlowRecord(
        eni=key >> 304,
        protocol=key >> 288 & 0xFF,
        local=_address(key >> 128 & (1 << 128) - 1),
        remote=_address(key & (1 << 128) - 1),
        local_port=key >> 272 & 0xFFFF,
        remote_port=key >> 256 & 0xFFFF,
        state=FlowState(state >> 67 & 0xF),
        outbound=bool(state >> 66 & 1),
        seen_reply=bool(state >> 65 & 1),
        expires_in=(state >> 80) / 1e6,
        age=(log >> 104 & 0xFFFFFF000000 | log & 0xFFFFFF) / 1e6,
        mark=fields["last"] & 0xFFFF,
        leaving=_traffic(log >> 128),
        coming=_traffic(log & (1 << 128) - 1),
        local_window=_window(fields["local_side"], state >> 60 & 0xF),
        remote_window=_window(fields["remote_side"], state >> 48 & 0xF),
        kind=key >> 296 & 0xFF,
        columns={name: fields[name] for name in _RECORD},
    )


def _traffic(row: int) -> Traffic:
    return Traffic(row >> 88, row >> 32 & (1 << 56) - 1, row >> 24 & 0xFF)


def _window(column: int, scale: int) -> Window:
    end, most, offered, acknowledged = (column >> shift & 0xFFFFFFFF for shift in (96, 64, 32, 0))
    return Window(end, most, offered, acknowledged, scale)


def packed(values: Mapping[str, int]) -> bytes:
    """The fields of a question as a packet."""
    number, bits = 0, 0
    for name, width in _QUESTION.items():
        number = number << width | values.get(name, 0)
        bits += width
    return number.to_bytes(bits // 8)


def _fields(data: bytes, layout: dict[str, int]) -> dict[str, int]:
    size = sum(layout.values())
    number, fields = int.from_bytes(data[: size // 8]), {}
    for name, width in reversed(layout.items()):
        fields[name] = number & (1 << width) - 1
        number >>= width
    return fields


def _number(address: str) -> int:
    return int(data_plane_address(ip_address(address)))


def _address(number: int) -> IPv4Address | IPv6Address:
    return IPv4Address(number & 0xFFFFFFFF) if number >> 32 == _MAPPED >> 32 else IPv6Address(number)
