"""Replicas with backups: copies leave by another port while their own is down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from switch.engine import Engine
from switch.engine.io import PacketIO
from tests.engine.json_builder import Builder, call, f, n
from tests.switch.test_net_io import eventually, raw_socket
from tests.switch.world import World, run

pytestmark = pytest.mark.net
FRAME = b"\xff" * 12 + b"\x88\xb6" + bytes(46)


def spreader() -> str:
    """Sends everything to multicast group 1."""
    b = Builder()
    b.state("start", [], default=None)
    b.run("ingress", "go", call("assign", f("standard_metadata.mcast_grp"), n(1)))
    return b.text()


@contextmanager
def switch(world: World) -> Iterator[tuple[Engine, PacketIO]]:
    with Engine(spreader()) as engine:
        with world.enter():
            io = PacketIO(engine)
            for number, device in enumerate(world.ports):
                io.add_port(number, device)
            io.start()
        try:
            assert eventually(lambda: all(port.up for port in io.ports().values()))  # the kernel tells within a second
            yield engine, io
        finally:
            io.close()


def sent_by(io: PacketIO, number: int) -> int:
    return io.ports()[number].counters["tx_packets"]


def test_a_backup_takes_the_place_of_a_port_that_is_down_until_it_is_up_again(world: World) -> None:
    with switch(world) as (engine, io), raw_socket(world, world.hosts[0]) as sender:
        engine.replication.set_multicast(1, [(1, 5, ((7, 1), (0, 6)))])  # there is no port 7
        sender.send(FRAME)
        assert eventually(lambda: sent_by(io, 1) >= 1)
        assert sent_by(io, 0) == 0

        run("ip", "-n", world.switch, "link", "set", world.ports[1], "down")
        assert eventually(lambda: not io.ports()[1].up)
        sender.send(FRAME)
        assert eventually(lambda: sent_by(io, 0) >= 1)
        assert io.ports()[1].counters["tx_dropped_down"] == 0

        run("ip", "-n", world.switch, "link", "set", world.ports[1], "up")
        assert eventually(lambda: io.ports()[1].up)
        back, there = sent_by(io, 0), sent_by(io, 1)
        sender.send(FRAME)
        assert eventually(lambda: sent_by(io, 1) > there)
        assert sent_by(io, 0) == back


def test_without_a_backup_that_is_up_the_copy_is_a_counted_drop(world: World) -> None:
    with switch(world) as (engine, io), raw_socket(world, world.hosts[0]) as sender:
        engine.replication.set_multicast(1, [(1, 5, ((7, 1),))])
        run("ip", "-n", world.switch, "link", "set", world.ports[1], "down")
        assert eventually(lambda: not io.ports()[1].up)

        sender.send(FRAME)

        assert eventually(lambda: io.ports()[1].counters["tx_dropped_down"] >= 1)
        assert sent_by(io, 0) == 0
