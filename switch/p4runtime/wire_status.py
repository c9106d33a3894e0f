"""A refused request as a gRPC status: what clients take, and how it is written in HTTP/2 trailers."""

import base64
import logging
from dataclasses import dataclass
from urllib.parse import quote

from switch.p4runtime.errors import Code, P4RuntimeError

LOG = logging.getLogger(__name__)
# What clients take in a status: longer texts are cut, larger details left out (base64 makes them a third larger).
MAX_MESSAGE = 4096
MAX_DETAILS = 45_000
_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


@dataclass(frozen=True)
class WireStatus:
    """Code, words, and a serialized `google.rpc.Status` (empty: none)."""

    code: int
    message: str
    details: bytes

    def trailers(self) -> tuple[bytes, bytes, bytes]:
        """grpc-status, grpc-message and grpc-status-details-bin as they stand on the wire."""
        words = quote(self.message, safe=_PLAIN)
        return str(self.code).encode(), words.encode(), base64.b64encode(self.details)


def wire_status(error: Exception) -> WireStatus:
    """The status for whatever a request raised; what is no P4RuntimeError is logged and becomes INTERNAL."""
    refused = error if isinstance(error, P4RuntimeError) else internal(error)
    details = refused.status().SerializeToString() if refused.details else b""
    return WireStatus(int(refused.code), refused.message[:MAX_MESSAGE], details if len(details) <= MAX_DETAILS else b"")


def internal(error: Exception) -> P4RuntimeError:
    """A failure of the server itself."""
    LOG.error("fail error=%s: %s", type(error).__name__, error, exc_info=LOG.isEnabledFor(logging.DEBUG))
    return P4RuntimeError(Code.INTERNAL, f"the server failed on this request: {type(error).__name__}: {error}")
