"""Changes on their way to the hosts that hold what they change: sent again until confirmed, or until the hold ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from ipaddress import IPv4Address

from controller.mapping.histogram import Histogram
from controller.mapping.table import Key

FIRST_RETRY = 0.02  # seconds; doubled each time
RETRY_EACH = 0.0003  # seconds more for each host that is told of the same change: that is how long sending takes
LONGEST_RETRY = 1.0


@dataclass(eq=False)
class Change:
    """A change of one mapping; `done` once every host that could act on the old one has confirmed or is fenced."""

    key: Key
    accepted: float
    waiting: set[IPv4Address] = field(default_factory=set)
    fenced: set[IPv4Address] = field(default_factory=set)
    finished: float | None = None
    notify: Callable[[], None] | None = None

    @property
    def done(self) -> bool:
        """Whether nobody acts on the old mapping any more."""
        return self.finished is not None


@dataclass(eq=False)
class _Push:
    version: int
    fence: float
    retry: float
    due: float
    changes: list[Change]


class Pushes:
    """The pushes that are not confirmed yet, at most one for each address and host."""

    def __init__(self) -> None:
        self._open: dict[tuple[Key, IPv4Address], _Push] = {}
        self._due: list[tuple[float, Key, IPv4Address]] = []
        self.latency = Histogram()

    def __len__(self) -> int:
        return len(self._open)

    def start(self, change: Change, host: IPv4Address, version: int, fence: float, among: int) -> None:
        """A change goes to a host, one `among` so many; it takes over from an older one to the same host."""
        older = self._open.get((change.key, host))
        changes = [*older.changes, change] if older else [change]
        fence = max(fence, older.fence) if older else fence
        retry = max(FIRST_RETRY, among * RETRY_EACH)
        due = min(change.accepted + retry, fence)
        self._open[(change.key, host)] = _Push(version, fence, retry, due, changes)
        change.waiting.add(host)
        heappush(self._due, (due, change.key, host))

    def confirm(self, key: Key, host: IPv4Address, version: int, now: float) -> bool:
        """A host holds this version; False when nothing waits for that."""
        push = self._open.get((key, host))
        if push is None or version < push.version:
            return False
        self._close(key, host, push, now)
        return True

    def finish(self, change: Change, now: float) -> None:
        """Closes a change that waits for nobody."""
        if not change.waiting and not change.done:
            change.finished = now
            self.latency.add(now - change.accepted)
            if change.notify is not None:
                change.notify()

    def due(self, now: float) -> list[tuple[Key, IPv4Address]]:
        """What is to be sent again; fences hosts whose hold has ended."""
        again = []
        while self._due and self._due[0][0] <= now:
            due, key, host = heappop(self._due)
            push = self._open.get((key, host))
            if push is None or push.due != due:
                continue
            if now >= push.fence:
                for change in push.changes:
                    change.fenced.add(host)
                self._close(key, host, push, now)
                continue
            push.retry = min(push.retry * 2, LONGEST_RETRY)
            push.due = min(now + push.retry, push.fence)
            heappush(self._due, (push.due, key, host))
            again.append((key, host))
        return again

    def next_due(self) -> float | None:
        """When `due` has something to do next."""
        return self._due[0][0] if self._due else None

    def _close(self, key: Key, host: IPv4Address, push: _Push, now: float) -> None:
        del self._open[(key, host)]
        for change in push.changes:
            change.waiting.discard(host)
            self.finish(change, now)
