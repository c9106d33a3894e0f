"""Ticks for switches that make none of their own (BMv2): a packet now and then on the tick port of each."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterable, Mapping

from mininet.link import Intf
from mininet.node import Node

from controller.flow_records import TICK, TICK_PORT

RATE = 5  # per second: BMv2 needs some milliseconds for each


class Ticks:
    """A thread that sends ticks to every router, by a wire of its own to each."""

    def __init__(self, routers: Mapping[str, Node]) -> None:
        self._ends = [f"{name}-tock" for name in routers]
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        lines = [f"link add {name}-tick type veth peer name {name}-tock" for name in routers]
        lines += [f"link set dev {name} up" for name in self._ends]
        subprocess.run(["ip", "-batch", "-"], input="\n".join(lines).encode(), check=True)
        for name, router in routers.items():
            Intf(f"{name}-tick", node=router, port=TICK_PORT)

    def start(self) -> None:
        """Ticks from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        wires = list(_opened(self._ends))
        while not self._end.wait(1 / RATE):
            for wire in wires:
                wire.send(TICK)
        for wire in wires:
            wire.close()


def _opened(ends: Iterable[str]) -> Iterable[socket.socket]:
    for end in ends:
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        wire.bind((end, 0))
        yield wire
