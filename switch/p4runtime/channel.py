"""One StreamChannel of the plain HTTP/2 server: its messages in order, whoever handles them."""

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from finsy.proto import p4r
from google.protobuf.message import DecodeError

from switch.p4runtime.errors import invalid
from switch.p4runtime.service import P4RuntimeService
from switch.p4runtime.wire_status import WireStatus, wire_status

_OK = WireStatus(0, "", b"")


class Loop(Protocol):
    """What a channel needs from the server's loop."""

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        """Has the loop call something soon."""
        ...

    def crowded(self) -> bool:
        """Whether too much waits for the loop."""
        ...

    def unread(self, call: int) -> bool:
        """Whether the client has left too much unread."""
        ...

    def send(self, call: int, data: bytes) -> None:
        """Sends a message."""
        ...

    def end(self, call: int, status: WireStatus) -> None:
        """Ends the call."""
        ...

    def hand_over(self, work: Callable[..., None], *arguments: Any) -> None:
        """Has another thread do something."""
        ...


class Channel:
    """A client's stream. When it does not read, notifications are dropped and counted, elections are not."""

    def __init__(self, service: P4RuntimeService, loop: Loop, call: int, peer: str):
        self._service = service
        self._loop = loop
        self._call = call
        self._waiting: deque[bytes | None] = deque()
        self._working = False
        self._over = False
        self.dropped = 0
        self._stream = service.open_stream(self._put, peer)

    def take(self, data: bytes | None) -> None:
        """Takes a message, or None for the end; another thread handles it while the service is busy."""
        self._waiting.append(data)
        if self._working:
            return
        if self._service.busy():
            self._working = True
            self._loop.hand_over(self._drain)
        else:
            self._handle_waiting()

    def finish(self, status: WireStatus) -> None:
        """Ends the stream from this side."""
        if not self._over:
            self._loop.end(self._call, status)
            self.close()

    def close(self) -> None:
        """The stream is gone."""
        if not self._over:
            self._over = True
            self._stream.close()

    def _drain(self) -> None:
        status = self._handle_all()
        self._loop.post(self._drained, status)

    def _drained(self, status: WireStatus | None) -> None:
        self._working = False
        if status is not None:
            self.finish(status)
        elif self._waiting:
            self._handle_waiting()

    def _handle_waiting(self) -> None:
        status = self._handle_all()
        if status is not None:
            # After what handling it has posted.
            self._loop.post(self.finish, status)

    def _handle_all(self) -> WireStatus | None:
        """Handles what waits; the status when the stream must end."""
        while self._waiting and not self._over:
            data = self._waiting.popleft()
            if data is None:
                return _OK
            try:
                self._stream.handle(_parse(data))
            except Exception as error:
                return wire_status(error)
        return None

    def _put(self, response: p4r.StreamMessageResponse) -> None:
        election = response.WhichOneof("update") == "arbitration"
        if not election and self._loop.crowded():
            self.dropped += 1
            return
        self._loop.post(self._send, response.SerializeToString(), election)

    def _send(self, data: bytes, election: bool) -> None:
        if self._over:
            return
        if not election and self._loop.unread(self._call):
            self.dropped += 1
            return
        self._loop.send(self._call, data)


def _parse(data: bytes) -> p4r.StreamMessageRequest:
    try:
        return p4r.StreamMessageRequest.FromString(data)
    except DecodeError:
        raise invalid(f"the request is not a {p4r.StreamMessageRequest.DESCRIPTOR.full_name}") from None
