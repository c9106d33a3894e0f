"""What waits to be sent on one stream."""

import queue
from collections.abc import Iterator

from finsy.proto import p4r

from switch.p4runtime.errors import P4RuntimeError

MAX_WAITING = 16_384


class Outbox:
    """A queue of responses; when a client does not read, notifications are dropped and counted, elections are not."""

    def __init__(self, limit: int = MAX_WAITING):
        self._queue: queue.SimpleQueue[p4r.StreamMessageResponse | None] = queue.SimpleQueue()
        self._limit = limit
        self.error: P4RuntimeError | None = None
        self.closed = False
        self.dropped = 0

    def put(self, response: p4r.StreamMessageResponse) -> None:
        """Adds a response; never blocks."""
        if self._queue.qsize() >= self._limit and response.WhichOneof("update") != "arbitration":
            self.dropped += 1
            return
        self._queue.put(response)

    def fail(self, error: P4RuntimeError) -> None:
        """Ends the stream with an error, after what waits already."""
        if not self.closed:
            self.error = error
        self.close()

    def close(self) -> None:
        """Ends the stream, after what waits already."""
        self.closed = True
        self._queue.put(None)

    def __iter__(self) -> Iterator[p4r.StreamMessageResponse]:
        while (response := self._queue.get()) is not None:
            yield response
