"""Changes on their way to the hosts that hold what they change: sent again until confirmed, or until the hold ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from ipaddress import IPv4Address

from controller.mapping.histogram import Histogram
from controller.mapping.table import Key

FIRST_RETRY = 0.02  # seconds without a confirmation before anything is sent again; doubled each time
SENDING_EACH = 0.00005  # seconds more for each host that is told of the same change: that is how long sending takes
PATIENCE_EACH = 0.0005  # seconds for each host, as long as confirmations keep coming in
LONGEST_RETRY = 1.0


@dataclass(eq=False)
class Change:
    """A change of one mapping; `done` once every host that could act on the old one has confirmed or is fenced.

    `behind` counts changes of other addresses that have to be done before.
    """

    key: Key
    accepted: float
    waiting: set[IPv4Address] = field(default_factory=set)
    fenced: set[IPv4Address] = field(default_factory=set)
    behind: int = 0
    finished: float | None = None
    notify: Callable[[], None] | None = None

    @property
    def done(self) -> bool:
        """Whether nobody acts on the old mapping any more."""
        return self.finished is not None


@dataclass(eq=False)
class _Push:
    """What the hosts are told about one address, for one change or for several that follow each other closely."""

    key: Key
    version: int
    fences: dict[IPv4Address, float]  # of those who confirmed, too
    changes: list[Change]
    due: float
    retry: float
    patience: float
    heard: float = 0.0  # when the last confirmation came

    def waiting(self) -> set[IPv4Address]:
        """The hosts that have not confirmed."""
        if len(self.changes) == 1:
            return self.changes[0].waiting
        return set().union(*(change.waiting for change in self.changes))


class Pushes:
    """The pushes that are not confirmed yet: at most one for each address, with one deadline for all its hosts."""

    def __init__(self) -> None:
        self._open: dict[bytes, _Push] = {}
        self._due: list[tuple[float, int, _Push]] = []
        self._count = 0
        self.latency = Histogram()

    def __len__(self) -> int:
        return sum(len(push.waiting()) for push in self._open.values())

    def start(self, change: Change, version: int, fences: Mapping[IPv4Address, float]) -> None:
        """A change goes to hosts, each with the end of its hold; it takes over from an older one of the address."""
        change.waiting = set(fences)
        if not fences:
            self.finish(change, change.accepted)
            return
        token = token_of(change.key)
        older = self._open.get(token)
        hosts, changes = dict(fences), [change]
        if older is not None:
            changes = [*older.changes, change]
            for host in older.waiting():
                hosts[host] = max(hosts.get(host, 0.0), older.fences[host])
        retry = FIRST_RETRY + len(hosts) * SENDING_EACH
        patience = change.accepted + 2 * retry + len(hosts) * PATIENCE_EACH
        push = _Push(change.key, version, hosts, changes, 0.0, retry, patience)
        self._open[token] = push
        self._schedule(push, min(change.accepted + retry, min(hosts.values())))

    def finish(self, change: Change, now: float) -> None:
        """Ends a change, unless something has to be waited for."""
        if change.done or change.waiting or change.behind:
            return
        change.finished = now
        self.latency.add(now - change.accepted)
        if change.notify is not None:
            change.notify()

    def excuse(self, idle: Callable[[Key, IPv4Address], bool], now: float) -> list[tuple[Key, IPv4Address, float]]:
        """Waits no longer for hosts that cannot act on an address any more; these, each with the end of its hold."""
        excused = []
        for push in list(self._open.values()):
            for host in [host for host in push.waiting() if idle(push.key, host)]:
                excused.append((push.key, host, push.fences[host]))
                self._drop(push, host, now)
        return excused

    def confirm(self, token: bytes, host: IPv4Address, version: int, now: float) -> bool:
        """A host holds this version of what `token_of` names; False when nothing waits for that."""
        push = self._open.get(token)
        if push is None or version < push.version:
            return False
        push.heard = now
        return self._drop(push, host, now)

    def due(self, now: float) -> list[tuple[Key, set[IPv4Address]]]:
        """What is to be sent again, and to whom; fences hosts whose hold has ended."""
        again = []
        while self._due and self._due[0][0] <= now:
            due, _, push = heappop(self._due)
            if push.due != due or self._open.get(token_of(push.key)) is not push:
                continue
            self._fence(push, now)
            waiting = push.waiting()
            if not waiting:
                self._close_if_done(push)
                continue
            fence = min(push.fences[host] for host in waiting)
            quiet = push.heard + FIRST_RETRY
            if now < quiet and now < push.patience:
                self._schedule(push, min(quiet, fence))
                continue
            push.retry = min(push.retry * 2, LONGEST_RETRY)
            self._schedule(push, min(now + push.retry, fence))
            again.append((push.key, set(waiting)))
        return again

    def next_due(self) -> float | None:
        """When `due` has something to do next."""
        while self._due and not self._is_open(self._due[0]):
            heappop(self._due)
        return self._due[0][0] if self._due else None

    def _is_open(self, entry: tuple[float, int, _Push]) -> bool:
        due, _, push = entry
        return push.due == due and self._open.get(token_of(push.key)) is push

    def _schedule(self, push: _Push, due: float) -> None:
        push.due = due
        self._count += 1
        heappush(self._due, (due, self._count, push))

    def _drop(self, push: _Push, host: IPv4Address, now: float) -> bool:
        """A host need not be waited for; False when it was not."""
        waited = False
        for change in push.changes:
            if host in change.waiting:
                waited = True
                change.waiting.discard(host)
                self.finish(change, now)
        if not push.changes[-1].waiting:
            self._close_if_done(push)
        return waited

    def _fence(self, push: _Push, now: float) -> None:
        ended = {host for host in push.waiting() if push.fences[host] <= now}
        for change in push.changes if ended else ():
            change.fenced |= change.waiting & ended
            change.waiting -= ended
            self.finish(change, now)

    def _close_if_done(self, push: _Push) -> None:
        push.changes = [change for change in push.changes if change.waiting]
        if not push.changes:
            del self._open[token_of(push.key)]


def token_of(key: Key) -> bytes:
    """VPC and address as they stand in a message: cheaper to look up than the key."""
    return key[0].to_bytes(4, "big") + key[1].packed
