"""Digests, idle timeouts and packets for the CPU reach Python soon, without a network interface in sight."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from switch.engine import ActionCall, Digest, Engine, IdleTimeout
from switch.engine.io import IOConfig, PacketIO, PacketIOError
from tests.switch.world import run

CPU = 64


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("notify") / "notify.json"
    run(sys.executable, "-m", "switch.p4c", str(Path(__file__).parent / "notify.p4"), "-o", str(path))
    return path.read_bytes()


class Switch:
    """A running engine whose packets and events can be waited for."""

    def __init__(self, config: bytes) -> None:
        self.engine = Engine(config, cpu_port=CPU)
        self.io = PacketIO(self.engine, IOConfig(cpu_port=CPU))
        self.packets: queue.Queue[bytes] = queue.Queue()
        self.events: queue.Queue[Any] = queue.Queue()
        self.io.set_cpu_handler(self.packets.put, self.events.put)
        self.io.start()


@pytest.fixture
def switch(config: bytes) -> Iterator[Switch]:
    switch = Switch(config)
    yield switch
    switch.io.close()
    switch.engine.close()


def test_a_packet_for_the_cpu_reaches_its_handler(switch: Switch) -> None:
    switch.io.inject(3, b"\0\0\0\7rest")

    assert switch.packets.get(timeout=2) == b"\0\0\0\7rest"
    assert switch.events.empty()


def test_a_digest_arrives_within_milliseconds(switch: Switch) -> None:
    time.sleep(0.3)  # the switch has gone to sleep
    started = time.monotonic()
    switch.io.inject(3, b"\0\1\0\7rest")

    digest = switch.events.get(timeout=2)

    assert time.monotonic() - started < 0.1
    assert isinstance(digest, Digest)
    assert b"".join(digest.values) == b"\0\7\0\3"


def test_every_digest_of_a_burst_arrives_in_order(switch: Switch) -> None:
    for number in range(1000):
        switch.io.inject(3, b"\0\1" + number.to_bytes(2))

    numbers = [int.from_bytes(switch.events.get(timeout=2).values[0]) for _ in range(1000)]

    assert numbers == list(range(1000))
    assert switch.io.totals()["cpu_dropped_full"] == 0


def test_an_idle_timeout_arrives_though_no_packet_does(switch: Switch) -> None:
    name, table = next(iter(switch.engine.tables.items()))
    action = next(iter(table.spec.actions)).name
    handle = table.insert(b"\0\7", None, 0, ActionCall(action), 100_000_000)

    event = switch.events.get(timeout=2)

    assert isinstance(event, IdleTimeout)
    assert (event.table, event.handle) == (name, handle)


def test_a_packet_larger_than_any_is_refused(switch: Switch) -> None:
    with pytest.raises(PacketIOError, match="70000 bytes"):
        switch.io.inject(3, bytes(70000))
    assert switch.packets.empty()


def test_a_program_is_exchanged_under_traffic_with_its_entries_and_without_a_loss(
    switch: Switch, config: bytes
) -> None:
    name, table = next(iter(switch.engine.tables.items()))
    action = next(iter(table.spec.actions)).name
    table.insert(b"\0\7", None, 0, ActionCall(action))
    count = 3000
    sender = threading.Thread(target=lambda: [switch.io.inject(3, b"\0\0" + n.to_bytes(2)) for n in range(count)])
    sender.start()

    kept: list[list[str]] = []
    for _ in range(5):
        old, switch.engine = switch.engine, Engine(config, cpu_port=CPU)
        kept.append(switch.io.swap(switch.engine, keep=True))
        old.close()
    sender.join()

    numbers = [int.from_bytes(switch.packets.get(timeout=2)[2:4]) for _ in range(count)]
    assert numbers == list(range(count))
    assert all(name in names for names in kept)
    assert [entry.key for entry in switch.engine.tables[name].entries()] == [b"\0\7"]
