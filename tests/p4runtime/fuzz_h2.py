"""The HTTP/2 server's C under sanitizers: random frames, broken requests, and a client that does everything right.

python -m tests.p4runtime.fuzz_h2 ROUNDS        with libasan preloaded, as test_h2_sanitized does
"""

import random
import socket
import sys
from contextlib import suppress
from functools import partial

import grpc
from finsy.proto import p4r, p4r_grpc

from switch.p4runtime import h2_library
from switch.p4runtime.server import P4RuntimeServer

from .world import FakeTarget

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
# POST to Write of application/grpc, as literals: :method, :path, content-type.
HEADERS = b"".join(
    bytes([0, len(name)]) + name + bytes([len(value)]) + value
    for name, value in ((b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/p4.v1.P4Runtime/Write"),
                        (b"content-type", b"application/grpc"))
)  # fmt: skip


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    """One HTTP/2 frame."""
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def random_frame(rng: random.Random) -> bytes:
    """Any kind, any flags, any body."""
    body = rng.randbytes(rng.choice([0, 4, 5, 8, rng.randrange(300)]))
    return frame(rng.randrange(11), rng.randrange(256), rng.choice([0, 1, 1, 3, 5, rng.randrange(2**31)]), body)


def broken_call(rng: random.Random) -> bytes:
    """A request of a method that exists, whose messages lie about their length."""
    size = rng.choice([0, 3, 10, 2**31, 2**32 - 1])
    body = bytes([rng.choice([0, 0, 0, 1, 255])]) + size.to_bytes(4, "big") + rng.randbytes(rng.randrange(20))
    stream = rng.choice([1, 3])
    parts = [body[: (cut := rng.randrange(len(body) + 1))], body[cut:]]
    data = b"".join(frame(0, int(i and rng.random() < 0.8), stream, part) for i, part in enumerate(parts))
    return frame(1, 4, stream, HEADERS) + data + (random_frame(rng) if rng.random() < 0.3 else b"")


def attack(address: str, data: bytes) -> None:
    """Sends bytes and reads until the server has had enough."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as client, suppress(OSError):
        client.sendall(PREFACE + SETTINGS + data)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass


def main() -> None:
    """Attacks a server; ends well when it still answers."""
    h2_library.library = partial(h2_library.library, sanitize=True)  # type: ignore[assignment]
    rng = random.Random(11)
    server = P4RuntimeServer(FakeTarget(), "127.0.0.1:0")
    server.start()
    for _ in range(int(sys.argv[1])):
        made = [rng.choice([random_frame, broken_call])(rng) for _ in range(rng.randrange(1, 8))]
        attack(server.address, b"".join(made))
    with grpc.insecure_channel(server.address) as channel:
        stub = p4r_grpc.P4RuntimeStub(channel)
        print("answers", stub.Capabilities(p4r.CapabilitiesRequest(), timeout=10).p4runtime_api_version)
    server.stop()


if __name__ == "__main__":
    main()
