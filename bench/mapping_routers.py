"""Simulated routers for the mapping bench: they hold addresses, decode each message, and confirm it in a router's time.

Each has an underlay address of its own on loopback. Routers are machines of their own, so what a message costs passes
for all of them at once; but one router works on one message after the other.
"""

from __future__ import annotations

import multiprocessing
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from multiprocessing.sharedctypes import Synchronized

from bench.mapping_region import SERVICE, address, underlay
from controller.mapping import Kind, Message
from controller.mapping.protocol import SIZE

_PATIENCE = 0.5  # seconds to wait for answers
_WINDOW = 50  # questions under way


class Routers:
    """Many routers in one thread. `cost` is what one message takes a real router, in seconds."""

    def __init__(self, hosts: Sequence[int], port: int, cost: float) -> None:
        self._service = (str(SERVICE), port)
        self._cost = cost
        self._busy: dict[int, float] = {}
        self._confirmations: deque[tuple[float, socket.socket, bytes]] = deque()
        self._epoll = select.epoll()
        self.endpoints: dict[int, socket.socket] = {}
        for index in hosts:
            endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            endpoint.bind((str(underlay(index)), port))
            endpoint.setblocking(False)
            self._epoll.register(endpoint, select.EPOLLIN)
            self.endpoints[endpoint.fileno()] = endpoint

    def ask(self, number: int) -> None:
        """All learn where an address is."""
        question = Message(Kind.REQUEST, 1, address(number)).encode()
        everyone = list(self.endpoints)
        for start in range(0, len(everyone), _WINDOW):
            waiting = set(everyone[start : start + _WINDOW])
            while waiting:
                for descriptor in waiting:
                    self.endpoints[descriptor].sendto(question, self._service)
                deadline = time.monotonic() + _PATIENCE
                while waiting and time.monotonic() < deadline:
                    waiting -= self.serve()

    def serve(self) -> set[int]:
        """Takes what has come in, and sends the confirmations whose time has come; who was told something."""
        until = self._confirmations[0][0] - time.monotonic() if self._confirmations else _PATIENCE
        heard = set()
        for descriptor, _ in self._epoll.poll(max(0.0, until), len(self.endpoints)):
            endpoint = self.endpoints[descriptor]
            data = endpoint.recv(SIZE + 1)
            message = Message.decode(data)
            heard.add(descriptor)
            ready = max(time.monotonic(), self._busy.get(descriptor, 0.0)) + self._cost
            self._busy[descriptor] = ready
            if message.ack_wanted:
                self._confirmations.append((ready, endpoint, bytes([Kind.ACK]) + data[1:]))
            self._confirm()
        self._confirm()
        return heard

    def _confirm(self) -> None:
        now = time.monotonic()
        while self._confirmations and self._confirmations[0][0] <= now:
            _, endpoint, data = self._confirmations.popleft()
            endpoint.sendto(data, self._service)


def simulate(
    hosts: Sequence[int],
    asked: int,
    port: int,
    cost: float,
    ready: multiprocessing.Queue[str],
    cpu: Synchronized[float],
) -> None:
    """Routers that all ask about the first addresses, and then confirm what they are told, until killed.

    `cpu` shows how many seconds of processor time they have taken.
    """
    routers = Routers(hosts, port, cost)
    for number in range(asked):
        routers.ask(number)
    cpu.value = time.process_time()
    ready.put("ready")
    while True:
        routers.serve()
        cpu.value = time.process_time()
