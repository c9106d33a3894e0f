"""What the controller keeps beside the region: how far the switches are, its secret, and numbers never given twice."""

from __future__ import annotations

import asyncio
import hashlib
import secrets

from controller.store.ledger import Ledger
from controller.store.sqlite import Store

_BLOCK = 4096  # versions taken from the store at once
_DELAY = 0.2  # seconds in which the applied revision is written once


class Notes:
    """Notes of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next = self._end = 0
        self._timer: asyncio.TimerHandle | None = None

    def secret(self) -> bytes:
        """What caches are hashed with: random, made at the first start and kept."""
        found = self._store.note("secret")
        if found is None:
            found = secrets.token_bytes(32)
            self._store.keep_note("secret", found)
        return found

    def next_version(self) -> int:
        """A mapping version that is higher than any that was given, also before a restart."""
        if self._next == self._end:
            kept = self._store.note("mapping_version")
            self._next = 1 if kept is None else int.from_bytes(kept, "big")
            self._end = self._next + _BLOCK
            self._store.keep_note("mapping_version", self._end.to_bytes(8, "big"))
        self._next += 1
        return self._next - 1

    def applied_revision(self) -> int | None:
        """How far the switches were when it was last kept; None in a store that never had a running controller."""
        found = self._store.note("applied_revision")
        return None if found is None else int.from_bytes(found, "big")

    def keep_applied(self, revision: int) -> None:
        """Keeps how far the switches are."""
        self._store.keep_note("applied_revision", revision.to_bytes(8, "big"))

    def applied_soon(self, ledger: Ledger) -> None:
        """Keeps how far they are in a moment; what a kill before that loses is done again, which changes nothing."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_DELAY, self._keep, ledger)

    def close(self, ledger: Ledger) -> None:
        """Keeps it at once, for the last time."""
        if self._timer is not None:
            self._timer.cancel()
        self.keep_applied(ledger.applied_revision)

    def _keep(self, ledger: Ledger) -> None:
        self._timer = None
        self.keep_applied(ledger.applied_revision)


def secret_of(seed: str) -> bytes:
    """The secret that a seed gives, for labs that are to do the same every time."""
    return hashlib.blake2b(seed.encode(), digest_size=32).digest()
