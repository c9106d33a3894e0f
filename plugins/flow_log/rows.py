"""Rows of the data plane's log table, as control packets bring them, and their sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

READ = 64  # the control packet's op
ROWS = 1 << 17  # of a table that no one has made larger
_MAPPED = 0xFFFF

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class RowKey:
    """Which packets a row counts: at one interface, one direction, one verdict, one flow."""

    eni: int
    egress: bool
    reject: bool
    protocol: int
    source_port: int
    destination_port: int
    source: Address
    destination: Address


@dataclass(slots=True)
class Totals:
    """What a flow has had; times are Unix seconds."""

    first: float
    last: float
    packets: int
    octets: int
    tcp_flags: int

    def add(self, other: Totals) -> None:
        """Adds another part of the same flow."""
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)
        self.packets += other.packets
        self.octets += other.octets
        self.tcp_flags |= other.tcp_flags


def row_of(fields: Mapping[str, int], now: float) -> tuple[RowKey, Totals]:
    """The row in a packet-in whose `found` is 1."""
    key, row = fields["key"], fields["log"]
    kind = key >> 296 & 0xFF
    row_key = RowKey(
        eni=key >> 304,
        egress=bool(kind & 1),
        reject=bool(kind & 2),
        protocol=key >> 288 & 0xFF,
        source_port=key >> 272 & 0xFFFF,
        destination_port=key >> 256 & 0xFFFF,
        source=_address(key >> 128 & (1 << 128) - 1),
        destination=_address(key & (1 << 128) - 1),
    )
    totals = Totals(
        first=now - (row >> 208) / 1e6,
        last=now - (row >> 160 & (1 << 48) - 1) / 1e6,
        packets=row >> 120 & (1 << 40) - 1,
        octets=row >> 64 & (1 << 56) - 1,
        tcp_flags=row >> 56 & 0xFF,
    )
    return row_key, totals


def clock_of(fields: Mapping[str, int]) -> float:
    """The switch's clock in seconds, when it answered."""
    return (fields["state"] & (1 << 48) - 1) / 1e6


def _address(number: int) -> Address:
    return IPv4Address(number & 0xFFFFFFFF) if number >> 32 == _MAPPED else IPv6Address(number)
