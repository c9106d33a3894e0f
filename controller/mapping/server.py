"""The mapping service on a UDP socket: a thin shell around `MappingService`, which takes and sends many at a time."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address

from controller.mapping.protocol import PORT, SIZE
from controller.mapping.pushes import Change
from controller.mapping.service import MappingService, Outgoing, Settings
from controller.mapping.table import Mapping

_BATCH = 64  # messages sent before what has come in is read: confirmations must not pile up
_TURN = 1024  # messages read or sent before others have their turn
_BUFFER = 4 << 20  # bytes that the socket may hold unread, as far as the system allows
_KNOWN_HOSTS = 1 << 16  # whose addresses are kept as objects


class MappingServer:
    """Serves the mapping protocol; use `MappingServer.start`."""

    def __init__(self, endpoint: socket.socket, settings: Settings | None, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = endpoint
        self._port = port
        self._timer: asyncio.TimerHandle | None = None
        self._waiters: set[asyncio.Future[None]] = set()
        self._backlog: deque[Outgoing] = deque()
        self._hosts: dict[str, IPv4Address] = {}
        self._names: dict[IPv4Address, str] = {}
        self.service = MappingService(self._loop.time(), settings)
        self._loop.add_reader(endpoint, self._readable)

    @classmethod
    async def start(cls, address: str, settings: Settings | None = None, port: int = PORT) -> MappingServer:
        """Binds to an underlay address; routers listen on the same port (0: any). OSError when that does not work."""
        endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            endpoint.setblocking(False)
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            endpoint.bind((address, port))
        except BaseException:
            endpoint.close()
            raise
        return cls(endpoint, settings, port or endpoint.getsockname()[1])

    @property
    def port(self) -> int:
        """The UDP port of the service and of all routers."""
        return self._port

    def close(self) -> None:
        """Stops serving; changes that wait stay unfinished."""
        if self._timer is not None:
            self._timer.cancel()
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
        self._backlog.clear()
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
        if change.done:
            return change, None
        waiter: asyncio.Future[None] = self._loop.create_future()
        change.notify = lambda: None if waiter.done() else waiter.set_result(None)
        self._waiters.add(waiter)
        waiter.add_done_callback(self._waiters.discard)
        self._send(outgoing)
        return change, waiter

    # -- the socket -----------------------------------------------------------------------------------------------

    def _readable(self) -> None:
        self._send(self._drained(_TURN))

    def _drained(self, most: int) -> list[Outgoing]:
        """Reads and handles what is there; what is to be sent because of it."""
        outgoing: list[Outgoing] = []
        receive, handle, known, now = self._socket.recvfrom, self.service.receive, self._hosts, self._loop.time()
        for _ in range(most):
            try:
                data, (name, _) = receive(SIZE + 1)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:  # an ICMP error: what was sent is sent again anyway
                self.service.counts["unreachable"] += 1
                continue
            host = known.get(name) or self._host(name)
            outgoing += handle(now, host, data)
        return outgoing

    def _host(self, name: str) -> IPv4Address:
        """The address object of a host: made once, since making and comparing them is dear."""
        if len(self._hosts) >= _KNOWN_HOSTS:
            self._hosts.clear()
            self._names.clear()
        host = IPv4Address(name)
        self._hosts[name] = host
        return host

    def _send(self, outgoing: Iterable[Outgoing]) -> None:
        idle = not self._backlog
        self._backlog.extend(outgoing)
        if idle and self._backlog:
            self._flush()
        self._schedule()

    def _flush(self) -> None:
        """Sends, and reads between batches; goes on later when there is more than one turn's worth."""
        if self._socket.fileno() < 0:
            return
        for _ in range(_TURN // _BATCH):
            if not self._sent(_BATCH):
                return
            self._backlog.extend(self._drained(_BATCH))
            if not self._backlog:
                return
        self._loop.call_soon(self._flush)

    def _sent(self, most: int) -> bool:
        """Sends so many; False when the system takes no more for now, or the server is closed."""
        backlog, names, send = self._backlog, self._names, self._socket.sendto
        for _ in range(min(most, len(backlog))):
            host, data = backlog[0]
            name = names.get(host)
            if name is None:
                name = names[host] = str(host)
            try:
                send(data, (name, self._port))
            except (BlockingIOError, InterruptedError):
                self._loop.add_writer(self._socket, self._writable)
                return False
            except OSError:  # what was sent is sent again anyway
                self.service.counts["unreachable"] += 1
            backlog.popleft()
        return True

    def _writable(self) -> None:
        self._loop.remove_writer(self._socket)
        self._flush()

    def _schedule(self) -> None:
        due = self.service.next_poll()
        if self._timer is not None and (due is None or self._timer.when() > due or self._timer.cancelled()):
            self._timer.cancel()
            self._timer = None
        if due is not None and self._timer is None:
            self._timer = self._loop.call_at(due, self._poll)

    def _poll(self) -> None:
        self._timer = None
        answers = self._drained(_TURN)  # what has been confirmed need not be sent again
        self._send([*answers, *self.service.poll(self._loop.time())])
