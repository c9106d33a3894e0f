"""The region's model together with its store: the only way to change either."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from controller.model import Change, LiveModel, Model, PluginResource, Resource
from controller.model.transaction import Caller, Follower, Transaction
from controller.store.sqlite import Request, Store


@dataclass(frozen=True, slots=True)
class Committed:
    """A revision that is on the disk."""

    revision: int
    time: float
    who: str
    action: str
    changes: tuple[Change, ...]


Subscriber = Callable[[Committed], None]


class Ledger:
    """Holds the model, numbers its revisions, and tells subscribers what was committed.

    Not for several threads: a transaction must end before another begins or anyone else reads the model.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self._clock = clock
        self._subscribers: list[Subscriber] = []
        self.follower = Follower()
        self.revision, resources, self._revisions = store.load()
        self._model = LiveModel(resources)
        gc.freeze()  # what was loaded stays; no collection need look at it again
        self._applied = 0
        self._acknowledged: set[int] = set()

    @property
    def model(self) -> Model:
        """The region as it is."""
        return self._model

    @contextmanager
    def transaction(
        self, caller: Caller, action: str, answered: Callable[[], Request | None] = lambda: None
    ) -> Iterator[Transaction]:
        """Commits what the block changes, or nothing when it raises. A block that changes nothing makes no revision.

        `answered` is asked after the block for the request and its answer, which are committed with the changes.
        """
        transaction = Transaction(self._model, caller, self.follower)
        try:
            yield transaction
            changes = transaction.changes()
            committed = Committed(self.revision + 1, self._clock(), caller.name, action, tuple(changes))
            if changes:
                self.store.commit(
                    committed.revision, committed.time, committed.who, action, committed.changes, answered()
                )
        except BaseException:
            transaction.undo()
            raise
        if changes:
            self._committed(committed)

    @contextmanager
    def rehearsal(self, caller: Caller) -> Iterator[Transaction]:
        """A transaction that is taken back at the end, whatever happens."""
        transaction = Transaction(self._model, caller, self.follower)
        try:
            yield transaction
        finally:
            transaction.undo()

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Calls the subscriber after every commit; the function returned ends that."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    @property
    def applied_revision(self) -> int:
        """The last revision of which, and of all before it, every switch concerned holds what they ask for."""
        return self._applied

    def renew(self, kind: type[PluginResource], resources: Iterable[Resource]) -> None:
        """Puts resources in the place of equal ones of a kind whose class was read anew; nothing is committed."""
        old = list(self._model.table(kind).values())
        self._model.apply([Change(resource, None) for resource in old])
        self._model.forget(kind)
        self._model.apply([Change(None, resource) for resource in resources])

    def applied(self, revision: int) -> None:
        """To be called when every switch holds what this revision and all before it ask for."""
        self._applied = max(self._applied, revision)
        self._acknowledged = {later for later in self._acknowledged if later > self._applied}
        self._advance()

    def acknowledged(self, revision: int) -> None:
        """To be called when every switch concerned holds what this revision asks for, whatever is before it."""
        if revision > self._applied:
            self._acknowledged.add(revision)
            self._advance()

    def _advance(self) -> None:
        while self._applied + 1 in self._acknowledged:
            self._applied += 1
            self._acknowledged.discard(self._applied)

    def revision_of(self, resource: Resource) -> int:
        """The revision in which the resource was last changed."""
        return self._revisions.get(_key(resource), 0)  # 0: a default that nobody has changed

    def is_available(self, resource: Resource) -> bool:
        """Whether every switch concerned holds the resource as it is."""
        revision = self.revision_of(resource)
        return revision <= self._applied or revision in self._acknowledged

    def _committed(self, committed: Committed) -> None:
        self.revision = committed.revision
        for change in committed.changes:
            if change.after is None:
                del self._revisions[_key(change.subject)]
            else:
                self._revisions[_key(change.subject)] = committed.revision
        for subscriber in tuple(self._subscribers):
            subscriber(committed)


def _key(resource: Resource) -> tuple[str, str]:
    return type(resource).__name__, resource.id
