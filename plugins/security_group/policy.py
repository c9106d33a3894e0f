"""From groups to table entries: the policies of a host's interfaces, and which peers their rules tell apart.

A policy is the union of an interface's groups; interfaces with the same groups share it. A rule that names a group does
not become an entry for each member: members carry the set of named groups that they are in (`peers`), and there are as
many entries as different sets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from controller.model import Network
from controller.plugin import ANY, TCP, UDP, Entry, Value, remote_match

from .groups import Rule, SecurityGroup

TRACKED, UNTRACKED, REST = 3, 2, 1  # priorities: what some rule tracks is tracked

Match = dict[str, Value]
Ranges = Mapping[str, tuple[Network, ...]]  # of prefix lists, by id

_BYTE = 0xFF


def set_number(ids: Iterable[str]) -> int:
    """A number for a set of ids that depends on nothing else: 32 bits of a SHA-256, never 0."""
    return _digest("\n".join(sorted(ids)), 4)


def revision_of(groups: Iterable[SecurityGroup], ranges: Ranges) -> int:
    """16 bits that change when what the groups allow does; never 0."""
    rules = [(group.id, group.ingress, group.egress) for group in groups]
    lists = sorted({rule.prefix_list_id for _, ingress, egress in rules for rule in (*ingress, *egress)} - {""})
    return _digest(repr((rules, [(name, ranges.get(name)) for name in lists])), 2)


def _digest(text: str, size: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size], "big") or 1


@dataclass(frozen=True)
class Direction:
    """One direction of a policy: its rules, those of the other direction, and the control that holds its tables."""

    control: str
    rules: tuple[Rule, ...]
    opposite: tuple[Rule, ...]

    @property
    def named_groups(self) -> frozenset[str]:
        """The groups that its rules point to."""
        return frozenset(rule.group_id for rule in self.rules if rule.group_id)


def directions(groups: Iterable[SecurityGroup]) -> tuple[Direction, Direction]:
    """Inbound and outbound."""
    ingress = tuple(rule for group in groups for rule in group.ingress)
    egress = tuple(rule for group in groups for rule in group.egress)
    return (
        Direction("security_group.inbound", ingress, egress),
        Direction("security_group.outbound", egress, ingress),
    )


def rule_entries(
    policy: int, direction: Direction, ranges: Ranges, peer_sets: Iterable[frozenset[str]]
) -> Iterator[Entry]:
    """What the rules of one direction allow. Equal rules of several groups make one entry."""
    found: dict[tuple[object, ...], Entry] = {}
    sets = tuple(peer_sets)
    for rule in direction.rules:
        for who in _others(rule, ranges, sets):
            for what, action, priority in _traffic(rule, direction.opposite):
                match: Match = {"policy": policy, **who, **what}
                key = (*sorted(match.items()), priority)
                found.setdefault(key, Entry(f"{direction.control}.rule", match, action, priority=priority))
    yield from found.values()


def _others(rule: Rule, ranges: Ranges, sets: tuple[frozenset[str], ...]) -> Iterator[Match]:
    if rule.group_id:
        for peers in sets:
            if rule.group_id in peers:
                yield {"peers": (set_number(peers), 0xFFFFFFFF)}
    elif rule.cidr is not None:
        yield remote_match(rule.cidr)
    else:
        for network in ranges.get(rule.prefix_list_id, ()):
            yield remote_match(network)


def _traffic(rule: Rule, opposite: tuple[Rule, ...]) -> Iterator[tuple[Match, str, int]]:
    protocol = rule.traffic.protocol
    untracked = [p for p in (TCP, UDP) if protocol in (p, ANY) and _is_untracked(rule, opposite, p)]
    for each in untracked:
        yield {"protocol": (each, _BYTE)}, "allow_untracked", UNTRACKED
    if not untracked:
        yield rule.traffic.match(), "allow", TRACKED
    elif protocol == ANY:
        yield {}, "allow", REST


def _is_untracked(rule: Rule, opposite: tuple[Rule, ...], protocol: int) -> bool:
    """AWS does not track what an any-source all-ports rule allows in both directions."""
    if not rule.is_open or rule.cidr is None:
        return False
    version = rule.cidr.version
    return any(
        other.is_open
        and other.cidr is not None
        and other.cidr.version == version
        and other.traffic.protocol in (protocol, ANY)
        for other in opposite
    )
