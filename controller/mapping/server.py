"""The mapping service on a UDP socket: a thin shell around `MappingService`."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import cast

from controller.mapping.protocol import PORT
from controller.mapping.pushes import Change
from controller.mapping.service import MappingService, Outgoing, Settings
from controller.mapping.table import Mapping

_BATCH = 32  # messages sent in one go
_BUFFER = 4 << 20  # bytes that the socket may hold unread, as far as the system allows


class MappingServer(asyncio.DatagramProtocol):
    """Serves the mapping protocol; use `MappingServer.start`."""

    def __init__(self, settings: Settings | None, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._port = port
        self._timer: asyncio.TimerHandle | None = None
        self._waiters: set[asyncio.Future[None]] = set()
        self._backlog: deque[Outgoing] = deque()
        self._transport: asyncio.DatagramTransport | None = None
        self.service = MappingService(self._loop.time(), settings)

    @classmethod
    async def start(cls, address: str, settings: Settings | None = None, port: int = PORT) -> MappingServer:
        """Binds to an underlay address; routers listen on the same port."""
        loop = asyncio.get_running_loop()
        _, server = await loop.create_datagram_endpoint(lambda: cls(settings, port), local_addr=(address, port))
        return server

    def close(self) -> None:
        """Stops serving; changes that wait stay unfinished."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()
        for waiter in self._waiters:
            waiter.cancel()

    async def change(self, vpc: int, address: IPv6Address, mapping: Mapping) -> Change:
        """Accepts a change, and returns when no host acts on the old mapping any more."""
        change, waiter = self._tell(vpc, address, mapping)
        if waiter is not None:
            await waiter
        return change

    def tell(self, vpc: int, address: IPv6Address, mapping: Mapping) -> list[asyncio.Future[None]]:
        """Accepts a change; what has to be waited for, until no host acts on the old mapping any more."""
        _, waiter = self._tell(vpc, address, mapping)
        return [] if waiter is None else [waiter]

    def hand_over(self, vpc: int, old: IPv4Address, new: IPv4Address) -> None:
        """Tells a host what another holds about a VPC."""
        self._send(self.service.hand_over(self._loop.time(), vpc, old, new))

    def _tell(self, vpc: int, address: IPv6Address, mapping: Mapping) -> tuple[Change, asyncio.Future[None] | None]:
        change, outgoing = self.service.change(self._loop.time(), vpc, address, mapping)
        self._send(outgoing)
        if change.done:
            return change, None
        waiter: asyncio.Future[None] = self._loop.create_future()
        change.notify = lambda: None if waiter.done() else waiter.set_result(None)
        self._waiters.add(waiter)
        waiter.add_done_callback(self._waiters.discard)
        return change, waiter

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio has opened the socket."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A message from a host."""
        self._send(self.service.receive(self._loop.time(), IPv4Address(addr[0]), data))

    def error_received(self, exc: Exception) -> None:
        """An ICMP error: what was sent is sent again anyway."""
        self.service.counts["unreachable"] += 1

    def _send(self, outgoing: Iterable[Outgoing]) -> None:
        idle = not self._backlog
        self._backlog.extend(outgoing)
        if idle:
            self._flush()
        self._schedule()

    def _flush(self) -> None:
        """Sends a batch, and goes on when what has come in meanwhile was read: confirmations must not pile up."""
        for _ in range(min(_BATCH, len(self._backlog))):
            message = self._backlog.popleft()
            if self._transport is not None:
                self._transport.sendto(message.data, (str(message.host), self._port))
        if self._backlog:
            self._loop.call_soon(self._flush)

    def _schedule(self) -> None:
        due = self.service.next_poll()
        if self._timer is not None and (due is None or self._timer.when() > due or self._timer.cancelled()):
            self._timer.cancel()
            self._timer = None
        if due is not None and self._timer is None:
            self._timer = self._loop.call_at(due, self._poll)

    def _poll(self) -> None:
        self._timer = None
        self._send(self.service.poll(self._loop.time()))
