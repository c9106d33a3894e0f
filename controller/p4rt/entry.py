"""A table entry in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Self

from finsy import MACAddress

Scalar = int | str | IPv4Address | IPv6Address | MACAddress
Value = Scalar | IPv4Network | IPv6Network | tuple[Scalar, Scalar]


@dataclass(frozen=True, init=False)
class Entry:
    """One table entry.

    `match` maps field names to values: a number, an address, a MAC or a number as text, or a member of a P4 enum by
    name; for longest prefix match a network or (value, prefix length); for ternary (value, mask); for range (low,
    high). A field that is left out matches everything. Further keyword arguments are the action's parameters. Of two
    ternary entries the one with the larger priority wins.
    """

    table: str
    match: tuple[tuple[str, Value], ...]
    action: str
    params: tuple[tuple[str, Value], ...]
    priority: int

    def __init__(
        self, table: str, match: Mapping[str, Value], action: str, *, priority: int = 0, **params: Value
    ) -> None:
        self._fill(table, match, action, priority, params)

    @classmethod
    def of(
        cls, table: str, match: Mapping[str, Value], action: str, priority: int, params: Mapping[str, Value]
    ) -> Self:
        """The same with the parameters as a mapping."""
        entry = object.__new__(cls)
        entry._fill(table, match, action, priority, params)
        return entry

    def _fill(
        self, table: str, match: Mapping[str, Value], action: str, priority: int, params: Mapping[str, Value]
    ) -> None:
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "match", tuple(match.items()))
        object.__setattr__(self, "action", action)
        object.__setattr__(self, "params", tuple(params.items()))
        object.__setattr__(self, "priority", priority)

    def __str__(self) -> str:
        match = ", ".join(f"{name}={_text(value)}" for name, value in self.match)
        params = ", ".join(f"{name}={_text(value)}" for name, value in self.params)
        return f"{self.table}[{match}] -> {self.action}({params})"


def _text(value: Value) -> str:
    """The value as people write it: an IPv4 address inside IPv6 with its dots."""
    if isinstance(value, IPv6Address) and value.ipv4_mapped is not None:
        return f"::ffff:{value.ipv4_mapped}"
    if isinstance(value, IPv6Network):
        return f"{_text(value.network_address)}/{value.prefixlen}"
    return str(value)
