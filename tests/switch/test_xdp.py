"""Sending through AF_XDP: where it is used, where not, and that nothing is lost or reordered on the way."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from switch.engine.io import Mode, PacketIO
from tests.switch.test_net_io import eventually, raw_socket, switch
from tests.switch.world import World, run

pytestmark = pytest.mark.net
TYPE = b"\x88\xb6"


def frames(count: int, size: int = 60) -> list[bytes]:
    """Numbered frames that no host answers."""
    return [b"\xff" * 12 + TYPE + number.to_bytes(4) + bytes(size - 18) for number in range(count)]


def through(world: World, sent: list[bytes]) -> list[bytes]:
    """Sends frames from one host; returns those of ours that reach the other."""
    with raw_socket(world, world.hosts[0]) as sender, raw_socket(world, world.hosts[1]) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        for frame in sent:
            sender.send(frame)
        found: list[bytes] = []
        while len(found) < len(sent):
            frame = receiver.recv(10000)
            found += [frame] if frame[12:14] == TYPE else []
        return found


def by_xdp(io: PacketIO) -> int:
    return io.ports()[1].counters["tx_xdp_packets"]


def test_packets_leave_through_af_xdp_where_nothing_is_in_the_way(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path) as io:
        sent = frames(2000)

        assert through(world, sent) == sent
        assert by_xdp(io) >= 2000
        assert by_xdp(io) == io.ports()[1].counters["tx_packets"]


def test_af_packet_never_uses_it(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path, mode=Mode.AF_PACKET) as io:
        sent = frames(200)

        assert through(world, sent) == sent
        assert by_xdp(io) == 0


def test_jumbo_frames_go_the_other_way_and_stay_in_order_with_small_ones(world: World, tmp_path: Path) -> None:
    world.set_mtu(9216)
    with switch(world, tmp_path, mode=Mode.AF_XDP) as io:
        sent = [frame + bytes(9000 if index % 3 else 0) for index, frame in enumerate(frames(600))]

        assert through(world, sent) == sent
        assert 200 <= by_xdp(io) < 250


def test_a_queueing_discipline_keeps_its_packets(world: World, tmp_path: Path) -> None:
    discipline = ["dev", world.ports[1], "root", "pfifo", "limit", "500"]
    command = [*world.inside(world.switch), "tc", "qdisc"]
    run(*command, "add", *discipline)
    with switch(world, tmp_path) as io:
        through(world, frames(20))
        assert by_xdp(io) == 0

        run(*command, "del", *discipline[:3])
        assert eventually(lambda: bool(through(world, frames(1))) and by_xdp(io) > 0)

        run(*command, "add", *discipline)
        assert eventually(lambda: stays(world, io))


def stays(world: World, io: PacketIO) -> bool:
    """Whether the next packets leave in another way."""
    before = by_xdp(io)
    through(world, frames(3))
    return by_xdp(io) == before


def test_a_capture_on_the_switchs_end_sees_what_leaves(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path) as io:
        through(world, frames(5))
        assert by_xdp(io) >= 5

        with raw_socket(world, world.switch, world.ports[1]) as capture:
            capture.settimeout(0.2)

            def seen() -> bool:
                through(world, frames(1))
                try:
                    return any(capture.recv(200)[12:14] == TYPE for _ in range(4))
                except TimeoutError:
                    return False

            assert eventually(seen)
        before = by_xdp(io)
        assert eventually(lambda: bool(through(world, frames(1))) and by_xdp(io) > before)


def test_a_port_that_was_down_sends_through_af_xdp_again(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path) as io:
        run("ip", "-n", world.switch, "link", "set", world.ports[1], "down")
        assert eventually(lambda: not io.ports()[1].up)
        with raw_socket(world, world.hosts[0]) as sender:
            sender.send(frames(1)[0])
        assert eventually(lambda: io.ports()[1].counters["tx_dropped_down"] >= 1)

        run("ip", "-n", world.switch, "link", "set", world.ports[1], "up")
        assert eventually(lambda: io.ports()[1].up)
        before = by_xdp(io)
        sent = frames(10)

        assert through(world, sent) == sent
        assert by_xdp(io) >= before + 10
