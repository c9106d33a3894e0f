"""The Python thread that packet I/O wakes."""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable

PERIOD_MS = 200


class EventThread:
    """Calls `serve` when a descriptor becomes readable, and five times a second for what only time brings about."""

    def __init__(self, descriptor: int | None, serve: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._serve = serve
        self._thread: threading.Thread | None = None
        self._stop_read, self._stop_write = -1, -1

    def start(self) -> None:
        """Starts the thread; does nothing when it runs."""
        if self._thread is None:
            self._stop_read, self._stop_write = os.pipe2(os.O_CLOEXEC)
            self._thread = threading.Thread(target=self._run, name="p4vpc-events", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Serves what is left and ends the thread."""
        if self._thread is None:
            return
        os.close(self._stop_write)
        self._thread.join()
        os.close(self._stop_read)
        self._thread = None

    def _run(self) -> None:
        poll = select.poll()
        if self._descriptor is not None:
            poll.register(self._descriptor, select.POLLIN)
        poll.register(self._stop_read, select.POLLHUP)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(PERIOD_MS)}
            try:
                self._serve()
            except Exception:
                # A handler's mistake must not end packet-in for good.
                logging.getLogger(__name__).exception("fail handler thread=p4vpc-events")
            if self._stop_read in ready:
                return
