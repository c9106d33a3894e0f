"""The mapping service without sockets and without a clock: bytes and times in, bytes out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from typing import NamedTuple

from controller.mapping.histogram import Histogram
from controller.mapping.protocol import Kind, Message, MessageError, confirmed_in, numbered
from controller.mapping.pushes import Change, Pushes
from controller.mapping.table import NOWHERE, Holders, Key, Mapping, MappingTable, Presence

_HANDED_OVER = 4096  # mappings that a host is told at once when nobody knows which it needs


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in seconds. `margin` bounds how long a message may be under way, and how far clocks run apart."""

    lifetime: float = 60.0
    negative_lifetime: float = 5.0
    margin: float = 1.0
    requests_per_second: float = 5000.0  # of one host, and as many at once


class Outgoing(NamedTuple):
    """A message for a host's router."""

    host: IPv4Address
    data: bytes


class MappingService:
    """Answers routers, and tells those who hold an answer when it changes.

    A host may ask only about VPCs in which it has interfaces, and about their peers. Every answer has a lifetime; a
    host that does not confirm a change is fenced when the lifetime of what it holds has run out. A service that has
    just started does not know who was told by the one before it: for one lifetime it takes every host of a VPC for a
    holder. A host that has left a VPC takes no messages about it and uses nothing that it holds: nobody waits for it,
    and it is told what it has missed before a change that brings it back is done.
    """

    def __init__(self, now: float, settings: Settings | None = None) -> None:
        self._settings = settings = settings or Settings()
        self._known_from = now + settings.lifetime + settings.margin
        self._table = MappingTable()
        self._holders = Holders()
        self._presence = Presence()
        self._pushes = Pushes()
        self._peers: dict[int, frozenset[int]] = {}
        self._budgets: dict[IPv4Address, tuple[float, float]] = {}
        self._sequence = 0
        self._now = now
        self._missed: dict[Key, dict[IPv4Address, float]] = {}  # by hosts that have left, with the end of their fence
        self._assumed: dict[int, frozenset[IPv4Address]] | None = None
        self.counts: Counter[str] = Counter()

    @property
    def latency(self) -> Histogram:
        """From a change's acceptance to the last confirmation (or fence), in seconds."""
        return self._pushes.latency

    def mapping(self, vpc: int, address: IPv6Address) -> Mapping:
        """What the service would answer."""
        return self._table.get((vpc, address))

    def holders(self, vpc: int, address: IPv6Address, now: float) -> frozenset[IPv4Address]:
        """The hosts that may hold an answer about an address."""
        return frozenset(self._holders.of((vpc, address), now))

    def begin(self, version: int) -> None:
        """Says that a service before this gave answers with versions up to this one."""
        self._table.begin(version)

    def assume_holders(self, exempt: Callable[[IPv4Address], bool]) -> None:
        """Of the hosts that are in a VPC now, all but the exempt ones may hold what a service before this told them."""
        by_vpc = self._presence.by_vpc()
        self._assumed = {vpc: frozenset(host for host in hosts if not exempt(host)) for vpc, hosts in by_vpc.items()}

    def load(self, vpc: int, address: IPv6Address, mapping: Mapping) -> None:
        """Takes over a mapping that was accepted before the service started; tells nobody."""
        self._replace((vpc, address), mapping)

    def set_peerings(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Says which VPCs are peered, by their numbers, instead of what was said before."""
        peers: defaultdict[int, set[int]] = defaultdict(set)
        for one, other in pairs:
            peers[one].add(other)
            peers[other].add(one)
        self._peers = {vpc: frozenset(others) for vpc, others in peers.items()}
        self._excuse(self._now)

    def change(self, now: float, vpc: int, address: IPv6Address, mapping: Mapping) -> tuple[Change, list[Outgoing]]:
        """Accepts a new mapping, or its end (host 0.0.0.0); StaleMapping unless its version is newer.

        The change is done when no host acts on the old mapping any more.
        """
        key = (vpc, address)
        self._now = now
        present = self._presence.hosts(vpc) if self._assumed is None else self._assumed.get(vpc, frozenset())
        self._replace(key, mapping)
        change = Change(key, now)
        holders = self._holders.of(key, now)
        if now < self._known_from:
            for host in present:
                holders[host] = max(holders.get(host, 0.0), self._known_from - self._settings.margin)
        fences = {host: until + self._settings.margin for host, until in holders.items()}
        outgoing = self._told_what_they_missed(now, change)
        self._note_missed(key, [(host, fences.pop(host)) for host in list(fences) if not self._may_ask(host, vpc)])
        self._pushes.start(change, mapping.version, fences)
        return change, [*outgoing, *self._answers(now, key, fences, ack_wanted=True)]

    def receive(self, now: float, host: IPv4Address, data: bytes) -> list[Outgoing]:
        """Handles what a host sent; what makes no sense is counted and not answered."""
        self._now = now
        self._holders.forget(now)
        confirmed = confirmed_in(data)
        if confirmed is not None:
            waited = self._pushes.confirm(confirmed[0], host, confirmed[1], now)
            self.counts["confirmed" if waited else "confirmed_again"] += 1
            return []
        try:
            message = Message.decode(data)
        except MessageError as error:
            self.counts[f"malformed.{error.field}"] += 1
            return []
        key = (message.vpc, message.address)
        if message.kind is not Kind.REQUEST or not self._may_ask(host, message.vpc):
            self.counts["refused"] += 1
            return []
        if not self._within_budget(now, host):
            self.counts["over_rate"] += 1
            return []
        self.counts["answered"] += 1
        return [*self._introduce(now, message, host), *self._answers(now, key, (host,))]

    def hand_over(self, now: float, vpc: int, old: IPv4Address, new: IPv4Address) -> list[Outgoing]:
        """Tells a host what another holds about a VPC, so that peers of an interface that moves are known there.

        A service that has just taken over from another does not know what that is, and tells about everything, within
        bounds; of a gateway too, which knows its peers from them having been introduced.
        """
        keys = self._holders.held_by(old, vpc, now)
        if now < self._known_from and (self._assumed is None or self._assumed.get(vpc)):
            everything = (key for key, mapping in self._table.items() if key[0] == vpc and mapping.exists)
            keys = list(islice(everything, _HANDED_OVER))
        return [outgoing for key in keys for outgoing in self._answers(now, key, (new,))]

    def poll(self, now: float) -> list[Outgoing]:
        """What is to be sent again by now; to be called at `next_poll`."""
        self._now = now
        self._holders.forget(now)
        due = self._pushes.due(now)
        return [outgoing for key, hosts in due for outgoing in self._answers(now, key, hosts, ack_wanted=True)]

    def next_poll(self) -> float | None:
        """When `poll` is due, in seconds of the caller's clock; None when nothing waits."""
        return self._pushes.next_due()

    def _note_missed(self, key: Key, absent: Iterable[tuple[IPv4Address, float]]) -> None:
        for host, fence in absent:
            self._missed.setdefault(key, {})[host] = fence

    def _excuse(self, now: float) -> None:
        """Waits no longer for hosts that have left a VPC."""
        for key, host, fence in self._pushes.excuse(lambda key, host: not self._may_ask(host, key[0]), now):
            self._note_missed(key, [(host, fence)])

    def _told_what_they_missed(self, now: float, change: Change) -> list[Outgoing]:
        """Hosts that are back learn what has changed meanwhile, and the change that brought them waits for it."""
        outgoing: list[Outgoing] = []
        for key, hosts in list(self._missed.items()):
            back = {host: fence for host, fence in hosts.items() if fence > now and self._may_ask(host, key[0])}
            self._missed[key] = {host: fence for host, fence in hosts.items() if fence > now and host not in back}
            if not self._missed[key]:
                del self._missed[key]
            if back and key != change.key:
                change.behind += 1
                before = Change(key, now, notify=partial(self._one_less, change))
                self._pushes.start(before, self._table.get(key).version, back)
                outgoing += self._answers(now, key, back, ack_wanted=True)
        return outgoing

    def _one_less(self, change: Change) -> None:
        change.behind -= 1
        self._pushes.finish(change, self._now)

    def _may_ask(self, host: IPv4Address, vpc: int) -> bool:
        if self._presence.has(vpc, host):
            return True
        return any(self._presence.has(peer, host) for peer in self._peers.get(vpc, ()))

    def _introduce(self, now: float, question: Message, asker: IPv4Address) -> list[Outgoing]:
        """Tells the host of the answer who is about to send to it, so that it need not ask in its turn."""
        target = self._table.get((question.vpc, question.address)).host
        key = self._sender(question, asker)
        if target in (NOWHERE, asker) or key is None:
            return []
        if self._holders.until(key, target) - now > self._settings.lifetime / 2:
            return []
        self.counts["introduced"] += 1
        return self._answers(now, key, (target,))

    def _sender(self, question: Message, asker: IPv4Address) -> Key | None:
        """Whose address the packet comes from that raised the question: of the same VPC, or of a peer."""
        for vpc in (question.vpc, *sorted(self._peers.get(question.vpc, ()))):
            sender = self._table.get((vpc, question.source))
            if asker in (sender.host, sender.other):
                return vpc, question.source
        return None

    def _answers(
        self, now: float, key: Key, hosts: Collection[IPv4Address], *, ack_wanted: bool = False
    ) -> list[Outgoing]:
        """What all these hosts are told about an address: one message, which differs in its sequence number only."""
        mapping = self._table.get(key)
        lifetime = self._settings.lifetime if mapping.exists else self._settings.negative_lifetime
        self._holders.told(key, hosts, now + lifetime)
        message = Message(
            kind=Kind.ANSWER,
            vpc=key[0],
            address=key[1],
            host=mapping.host,
            other=mapping.other,
            eni=mapping.eni,
            version=mapping.version,
            lifetime=round(lifetime * 1000),
            ack_wanted=ack_wanted,
        )
        first = self._sequence + 1
        self._sequence = (self._sequence + len(hosts)) & 0xFFFFFFFF
        return list(map(Outgoing, hosts, numbered(message.encode(), first, len(hosts))))

    def _replace(self, key: Key, mapping: Mapping) -> None:
        before = self._table.get(key)
        self._table.set(key, mapping)
        if self._presence.replace(key[0], before, mapping):
            self._excuse(self._now)

    def _within_budget(self, now: float, host: IPv4Address) -> bool:
        rate = self._settings.requests_per_second
        tokens, at = self._budgets.get(host, (rate, now))
        tokens = min(rate, tokens + (now - at) * rate)
        self._budgets[host] = (tokens - 1, now) if tokens >= 1 else (tokens, now)
        return tokens >= 1
