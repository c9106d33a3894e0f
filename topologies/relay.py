"""Lets people outside the sandbox reach the controller inside it.

A socket belongs to the network namespace in which it was made. So the parent makes one that listens on loopback, and
the process in the sandbox accepts from it; when that ends, the kernel closes the socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from topologies.controller_process import ControllerProcess

_CHUNK = 65536


class Relay:
    """Passes connections that arrive at a listening socket on to a Unix socket, in a thread."""

    def __init__(self, listener: socket.socket, path: Path) -> None:
        self._listener = listener
        self._path = path
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        """What `--endpoint` of `p4vpc` takes."""
        address, port = self._listener.getsockname()[:2]
        return f"http://{address}:{port}"

    def start(self) -> None:
        """Accepts from now on."""
        self._thread.start()
        serving = asyncio.start_server(self._pass_on, sock=self._listener)
        asyncio.run_coroutine_threadsafe(serving, self._loop).result(timeout=10)

    def stop(self) -> None:
        """Ends the thread with all connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(str(self._path))
        except OSError:
            writer.close()  # the controller is away
            return
        await asyncio.gather(_copied(reader, far_writer), _copied(far_reader, writer))


@contextlib.contextmanager
def reachable(controller: ControllerProcess, listener: socket.socket | None) -> Iterator[str]:
    """The controller's endpoint for people outside, while the block runs; "" without a listener."""
    if listener is None:
        yield ""
        return
    relay = Relay(listener, controller.socket)
    relay.start()
    try:
        yield relay.endpoint
    finally:
        relay.stop()


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
