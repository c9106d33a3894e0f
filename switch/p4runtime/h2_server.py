"""P4Runtime over plain HTTP/2 from one thread, which answers short requests itself: no hand-over on the way.

p4h_next --> Write, Capabilities, ... answered at once | Read, pipelines, big batches --> a pool of threads
             StreamChannel messages, in order                    (what they answer is posted back to the loop)
"""

import ctypes
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from finsy.proto import p4r
from google.protobuf.message import DecodeError, Message
from google.protobuf.wrappers_pb2 import StringValue

from switch.p4runtime import h2_library as h2
from switch.p4runtime.channel import Channel
from switch.p4runtime.errors import invalid
from switch.p4runtime.explain import METHOD as EXPLAIN
from switch.p4runtime.listening import Listeners
from switch.p4runtime.service import P4RuntimeService
from switch.p4runtime.wire_status import WireStatus, wire_status

LOG = logging.getLogger(__name__)
MAX_WORKERS = 16
# Batches up to this many bytes are applied by the loop itself: about a thousand entries, a few milliseconds.
INLINE_BYTES = 1 << 16
# What one client may leave unread, and what may wait for the loop, before notifications are dropped.
MAX_UNREAD = 32 << 20
MAX_POSTED = 16_384
OK = WireStatus(0, "", b"")
STOPPING = WireStatus(14, "the switch is stopping", b"")
_SERVICE = b"/p4.v1.P4Runtime/"
_STREAM = "StreamChannel"
M = TypeVar("M", bound=Message)


class H2Server:
    """Serves `service` on `address` (HOST:PORT or unix:PATH) without TLS.

    Raises OSError when the address cannot be bound, `switch.engine.errors.BuildFailed` without nghttp2's headers.
    """

    def __init__(self, service: P4RuntimeService, address: str):
        self._service = service
        self._library = h2.library()
        self._unary: list[tuple[str, Callable[[int, bytes], None]]] = [
            ("Write", self._write),
            ("Read", self._read),
            ("SetForwardingPipelineConfig", self._later(p4r.SetForwardingPipelineConfigRequest, service.set_pipeline)),
            ("GetForwardingPipelineConfig", self._now(p4r.GetForwardingPipelineConfigRequest, service.get_pipeline)),
            ("Capabilities", self._now(p4r.CapabilitiesRequest, service.capabilities)),
            (EXPLAIN, self._later(StringValue, service.explain)),
        ]
        self._channels: dict[int, Channel] = {}
        self._posted: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._busy = 0
        self._stopping = False
        self._signalled = False
        self._lock = threading.Lock()
        self._listeners = Listeners(address)
        self.address = self._listeners.address
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._server = self._open()
        self._pool = ThreadPoolExecutor(MAX_WORKERS, thread_name_prefix="p4runtime")
        self._thread = threading.Thread(target=self._run, name="p4runtime-loop", daemon=True)
        self._done = threading.Event()

    def start(self) -> None:
        """Starts serving."""
        self._thread.start()

    def stop(self, grace: float) -> None:
        """Waits at most `grace` seconds for the requests under way, then ends all streams and stops listening."""
        deadline = time.monotonic() + grace
        while self._busy and time.monotonic() < deadline:
            time.sleep(0.005)
        self._stopping = True
        if self._thread.is_alive():
            self._signal()
            self._thread.join()
        elif not self._done.is_set():
            self._free()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wait(self) -> None:
        """Blocks until `stop`."""
        self._done.wait()

    # The loop ----------------------------------------------------------------------------------------------------

    def _open(self) -> int:
        names = [*(name for name, _ in self._unary), _STREAM]
        paths = [name.encode() if name.startswith("/") else _SERVICE + name.encode() for name in names]
        streams = [False] * len(self._unary) + [True]
        self._methods = (h2.Method * len(paths))(*zip(paths, streams, strict=True))
        sockets = [made.fileno() for made in self._listeners.sockets]
        self._sockets = (ctypes.c_int * len(sockets))(*sockets)
        server = self._library.p4h_open(self._sockets, len(sockets), self._wake, self._methods, len(paths))
        if not server:
            self._listeners.close()
            raise OSError(ctypes.get_errno(), "the server cannot be made")
        return server

    def _run(self) -> None:
        event = h2.Event()
        waits, where = self._library.p4h_next, ctypes.byref(event)
        while True:
            waits(self._server, where)
            if event.kind == h2.REQUEST:
                self._request(event)
            elif event.kind != h2.WOKEN:
                self._stream(event)
            self._signalled = False  # before looking: what is posted from now on signals again
            while self._posted:
                call, arguments = self._posted.popleft()
                call(*arguments)
            if self._stopping:
                break
        for channel in list(self._channels.values()):
            channel.finish(STOPPING)
        self._free()

    def _free(self) -> None:
        self._listeners.close()
        with self._lock:
            server, self._server = self._server, 0
            self._library.p4h_close(server)
            os.close(self._wake)
        self._done.set()

    def _request(self, event: h2.Event) -> None:
        try:
            self._unary[event.method][1](event.call, event.body())
        except Exception as error:
            self._finish(event.call, wire_status(error))

    def _stream(self, event: h2.Event) -> None:
        call = event.call
        if event.kind == h2.OPENED:
            self._channels[call] = Channel(self._service, self, call, event.body().decode())
            return
        channel = self._channels.get(call)
        if channel is None:
            return
        if event.kind == h2.MESSAGE:
            channel.take(event.body())
        elif event.kind == h2.ENDED:
            channel.take(None)
        else:
            channel.close()

    def _signal(self) -> None:
        with self._lock:
            if self._server:
                self._signalled = True
                os.eventfd_write(self._wake, 1)

    # What channels need ------------------------------------------------------------------------------------------

    def post(self, call: Callable[..., None], *arguments: Any) -> None:
        """Has the loop call something soon; any thread may ask."""
        self._posted.append((call, arguments))
        if not self._signalled and threading.current_thread() is not self._thread:
            self._signal()

    def crowded(self) -> bool:
        """Whether so much waits for the loop that notifications should be dropped."""
        return len(self._posted) >= MAX_POSTED

    def send(self, call: int, data: bytes) -> None:
        """Sends a message; on the loop's thread only."""
        if self._server:
            self._library.p4h_send(self._server, call, data, len(data), ctypes.byref(ctypes.c_uint64()))

    def unread(self, call: int) -> bool:
        """Whether a client has left so much unread that notifications should be dropped."""
        return self._library.p4h_waiting(self._server, call) > MAX_UNREAD

    def end(self, call: int, status: WireStatus) -> None:
        """Ends a stream and forgets it; on the loop's thread only."""
        self._channels.pop(call, None)
        self._finish(call, status)

    def hand_over(self, work: Callable[..., None], *arguments: Any) -> None:
        """Has the pool do something."""
        self._pool.submit(work, *arguments)

    # Requests ----------------------------------------------------------------------------------------------------

    def _finish(self, call: int, status: WireStatus) -> None:
        if self._server:
            self._library.p4h_finish(self._server, call, *status.trailers())

    def _answer(self, call: int, data: bytes) -> None:
        self.send(call, data)
        self._finish(call, OK)

    def _write(self, call: int, raw: bytes) -> None:
        if len(raw) > INLINE_BYTES or self._service.busy():
            self._submit(call, self._write_now, raw)
        else:
            self._answer(call, self._write_now(raw)[0])

    def _write_now(self, raw: bytes) -> list[bytes]:
        return [self._service.write(_parse(p4r.WriteRequest, raw), raw).SerializeToString()]

    def _read(self, call: int, raw: bytes) -> None:
        self._submit(call, self._read_now, raw)

    def _read_now(self, raw: bytes) -> Any:
        return (part.SerializeToString() for part in self._service.read(_parse(p4r.ReadRequest, raw)))

    def _now(self, kind: type[M], handle: Callable[[M], Message]) -> Callable[[int, bytes], None]:
        return lambda call, raw: self._answer(call, handle(_parse(kind, raw)).SerializeToString())

    def _later(self, kind: type[M], handle: Callable[[M], Message]) -> Callable[[int, bytes], None]:
        return lambda call, raw: self._submit(call, lambda data: [handle(_parse(kind, data)).SerializeToString()], raw)

    def _submit(self, call: int, work: Callable[[bytes], Any], raw: bytes) -> None:
        self._busy += 1
        self._pool.submit(self._work, call, work, raw)

    def _work(self, call: int, work: Callable[[bytes], Any], raw: bytes) -> None:
        """On a thread of the pool: every part of the answer is posted as soon as it is there."""
        status = OK
        try:
            for part in work(raw):
                self.post(self.send, call, part)
        except Exception as error:
            status = wire_status(error)
        self.post(self._worked, call, status)

    def _worked(self, call: int, status: WireStatus) -> None:
        self._busy -= 1
        self._finish(call, status)


def _parse(kind: type[M], data: bytes) -> M:
    try:
        return kind.FromString(data)
    except DecodeError:
        raise invalid(f"the request is not a {kind.DESCRIPTOR.full_name}") from None
