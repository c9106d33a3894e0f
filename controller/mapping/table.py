"""What the mapping service knows, and who was told what until when; no I/O and no clock of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from controller.errors import ControllerError

Key = tuple[int, IPv6Address]  # VPC number and address
NOWHERE = IPv4Address(0)


class StaleMapping(ControllerError):
    """A mapping with a version that is not newer than the one it replaces."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Where an address is. `host` 0.0.0.0: nowhere. `other`: a second host that may send from it, while it moves."""

    host: IPv4Address
    eni: int
    version: int
    other: IPv4Address = NOWHERE

    @property
    def exists(self) -> bool:
        """Whether some interface has the address."""
        return self.host != NOWHERE


class MappingTable:
    """(VPC, address) -> Mapping; versions of one address only grow, also over a removal."""

    def __init__(self) -> None:
        self._mappings: dict[Key, Mapping] = {}
        self._nobody = Mapping(NOWHERE, 0, 0)

    def begin(self, version: int) -> None:
        """Makes every address one that a service before this may have known, up to this version."""
        self._nobody = Mapping(NOWHERE, 0, version)

    def get(self, key: Key) -> Mapping:
        """The mapping; one that exists nowhere, of the first version, for an address that never was."""
        return self._mappings.get(key, self._nobody)

    def set(self, key: Key, mapping: Mapping) -> None:
        """Replaces a mapping; StaleMapping unless its version is newer."""
        before = self.get(key)
        if mapping.version <= before.version:
            raise StaleMapping(f"version {mapping.version} of {key[1]} in VPC {key[0]} is not newer: {before.version}")
        self._mappings[key] = mapping

    def __len__(self) -> int:
        return len(self._mappings)

    def items(self) -> Iterator[tuple[Key, Mapping]]:
        """Everything, removed addresses too."""
        return iter(self._mappings.items())


class Holders:
    """Which host may still hold an answer about which address, and until when (seconds of the caller's clock)."""

    def __init__(self) -> None:
        self._until: dict[Key, dict[IPv4Address, float]] = {}
        self._ends: dict[int, set[Key]] = {}  # by the second after which some hold of the address has ended
        self._forgotten = 0  # everything that ended before this second

    def told(self, key: Key, hosts: Collection[IPv4Address], until: float) -> None:
        """Notes that hosts were told; a lifetime is never made shorter."""
        if not hosts:
            return
        held = self._until.setdefault(key, {})
        if len(hosts) < len(held) // 4:
            held.update({host: max(until, held.get(host, 0.0)) for host in hosts})
        else:
            longer = {host: end for host, end in held.items() if end > until}
            held.update(dict.fromkeys(hosts, until))
            held.update(longer)
        self._ends.setdefault(int(until) + 1, set()).add(key)

    def of(self, key: Key, now: float) -> dict[IPv4Address, float]:
        """The hosts that may hold something about an address, each with the end of its lifetime."""
        held = self._until.get(key)
        if not held:
            return {}
        return held.copy() if min(held.values()) > now else {host: end for host, end in held.items() if end > now}

    def held_by(self, host: IPv4Address, vpc: int, now: float) -> list[Key]:
        """The addresses of a VPC that a host may hold something about; looks through everything, for rare events."""
        return [key for key, hosts in self._until.items() if key[0] == vpc and hosts.get(host, 0.0) > now]

    def until(self, key: Key, host: IPv4Address) -> float:
        """When the lifetime of what a host holds ends; 0 when it holds nothing."""
        return self._until.get(key, {}).get(host, 0.0)

    def forget(self, now: float) -> None:
        """Drops what has ended, within a second, so that memory is bounded by lifetime times rate."""
        if int(now) == self._forgotten:
            return
        self._forgotten = int(now)
        for second in [second for second in self._ends if second <= now]:
            for key in self._ends.pop(second):
                held = self.of(key, now)
                if held:
                    self._until[key] = held
                else:
                    self._until.pop(key, None)

    def __len__(self) -> int:
        return sum(len(hosts) for hosts in self._until.values())


class Presence:
    """Which hosts have interfaces in a VPC: only those may ask about it."""

    def __init__(self) -> None:
        self._counts: dict[int, dict[IPv4Address, int]] = {}

    def replace(self, vpc: int, before: Mapping, after: Mapping) -> bool:
        """Follows the change of one mapping; whether a host has no interface of the VPC any more."""
        for mapping, step in ((before, -1), (after, +1)):
            for host in {mapping.host, mapping.other} - {NOWHERE}:
                counts = self._counts.setdefault(vpc, {})
                counts[host] = counts.get(host, 0) + step
        counts = self._counts.get(vpc, {})
        left = [host for host in {before.host, before.other} if counts.get(host) == 0]
        for host in left:
            del counts[host]
        return bool(left)

    def hosts(self, vpc: int) -> frozenset[IPv4Address]:
        """The hosts with interfaces in a VPC."""
        return frozenset(self._counts.get(vpc, ()))

    def by_vpc(self) -> dict[int, frozenset[IPv4Address]]:
        """The hosts of every VPC."""
        return {vpc: frozenset(counts) for vpc, counts in self._counts.items()}

    def has(self, vpc: int, host: IPv4Address) -> bool:
        """Whether a host is one of them."""
        return host in self._counts.get(vpc, ())
