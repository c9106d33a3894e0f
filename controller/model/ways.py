"""What a route's target is to the router: one of the actions of its table `route`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

WayValue = int | str | IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Way:
    """An action of the table `route` with its parameters (p4src/stages/route.p4)."""

    action: str
    parameters: Mapping[str, WayValue] = field(default_factory=dict)


LOCAL = Way("local")
BLACKHOLE = Way("refuse", {"reason": "BLACKHOLE"})
