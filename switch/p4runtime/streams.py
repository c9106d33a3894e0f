"""One StreamChannel: arbitration, packet-out, digest acknowledgements in; everything else out."""

from collections.abc import Callable
from typing import Protocol

from finsy.proto import p4r

from switch.p4runtime.arbitration import Client
from switch.p4runtime.errors import ERROR_SPACE, P4RuntimeError, denied, invalid, unimplemented

Send = Callable[[p4r.StreamMessageResponse], None]


class Hub(Protocol):
    """What a stream needs from the service."""

    def arbitrate(self, stream: "Stream", message: p4r.MasterArbitrationUpdate) -> None:
        """Elects; raises when the stream must end."""
        ...

    def is_primary(self, stream: "Stream") -> bool:
        """Whether the stream is primary of its role."""
        ...

    def packet_out(self, packet: p4r.PacketOut) -> None:
        """Injects a packet."""
        ...

    def acknowledge(self, ack: p4r.DigestListAck) -> None:
        """Takes a digest acknowledgement."""
        ...

    def leave(self, stream: "Stream") -> None:
        """Forgets the stream."""
        ...


class Stream:
    """One open stream of a client; `send` must not block, and may be called on any thread."""

    def __init__(self, hub: Hub, send: Send, label: str = ""):
        self.client = Client(label)
        self.send = send
        self._hub = hub

    def handle(self, request: p4r.StreamMessageRequest) -> None:
        """Handles one message; an error raised from here ends the stream, others are answered on it."""
        if request.WhichOneof("update") == "arbitration":
            self._hub.arbitrate(self, request.arbitration)
            return
        try:
            self._handle_rest(request)
        except P4RuntimeError as error:
            self.send(p4r.StreamMessageResponse(error=_stream_error(error, request)))

    def close(self) -> None:
        """Ends the stream; others are told when it was primary."""
        self._hub.leave(self)

    def _handle_rest(self, request: p4r.StreamMessageRequest) -> None:
        kind = request.WhichOneof("update")
        if kind is None:
            raise invalid("the stream message is empty")
        if kind == "other":
            raise unimplemented(f"stream messages of type {request.other.type_url!r} are not known")
        if not self._hub.is_primary(self):
            raise denied(f"Not primary: this stream may not send {kind}")
        if kind == "packet":
            self._hub.packet_out(request.packet)
        else:
            self._hub.acknowledge(request.digest_ack)


def _stream_error(error: P4RuntimeError, request: p4r.StreamMessageRequest) -> p4r.StreamError:
    message = p4r.StreamError(canonical_code=int(error.code), message=error.message, space=ERROR_SPACE)
    match request.WhichOneof("update"):
        case "packet":
            message.packet_out.packet_out.CopyFrom(request.packet)
        case "digest_ack":
            message.digest_list_ack.digest_list_ack.CopyFrom(request.digest_ack)
        case _:
            message.other.other.CopyFrom(request.other)
    return message
