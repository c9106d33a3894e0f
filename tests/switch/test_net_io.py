"""Packet I/O between real interfaces, with the smallest program: port 0 to port 1 and back."""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from switch.engine.io import IOConfig, LinkState, Mode, PacketIO, PortError
from tests.switch.world import LoopEngine, World, run

pytestmark = pytest.mark.net
MODES = [Mode.MMSG, Mode.RING, Mode.AF_XDP, Mode.AUTO]
CPU = 99


@contextmanager
def switch(world: World, tmp_path: Path, **config: object) -> Iterator[PacketIO]:
    """Packet I/O on both ports of the world."""
    cpu_port = config.get("cpu_port")
    assert cpu_port is None or isinstance(cpu_port, int)
    with world.enter():
        io = PacketIO(LoopEngine(tmp_path, cpu_port), IOConfig(**config))  # type: ignore[arg-type]
        for number, device in enumerate(world.ports):
            io.add_port(number, device)
        io.start()
    try:
        yield io
    finally:
        io.close()


def eventually(condition: Callable[[], bool], seconds: float = 3) -> bool:
    """True as soon as the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


@contextmanager
def raw_socket(world: World, namespace: str, device: str = "eth0") -> Iterator[socket.socket]:
    """A packet socket inside a host."""
    with world.enter(namespace):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        sock.bind((device, 3))
    sock.settimeout(2)
    with sock:
        yield sock


@pytest.mark.parametrize("mode", MODES)
def test_two_hosts_talk_through_the_switch(world: World, tmp_path: Path, mode: Mode) -> None:
    with switch(world, tmp_path, mode=mode) as io:
        rtt_ms = world.ping(20)

        status = io.ports()
        assert rtt_ms < 5
        assert status[0].counters["rx_packets"] == status[1].counters["tx_packets"] >= 20
        assert {name: n for name, n in status[0].counters.items() if "dropped" in name and n} == {}
        assert eventually(lambda: io.ports()[0].up)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("state", ["on", "off"])
def test_tcp_works_with_offloads_on_and_off(world: World, tmp_path: Path, mode: Mode, state: str) -> None:
    world.offloads(state)
    with switch(world, tmp_path, mode=mode) as io:
        report = world.iperf(1)

        counters = io.ports()[0].counters
        assert report["end"]["sum_received"]["bits_per_second"] > 50e6
        assert (counters["rx_super_packets"] > 0) == (state == "on")
        assert counters["rx_dropped_offload"] == 0
        assert io.ports()[1].counters["tx_dropped_size"] == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_program_that_changes_nothing_that_segments_repeat_gets_super_packets_whole(
    world: World, tmp_path: Path, mode: Mode
) -> None:
    with switch(world, tmp_path, mode=mode) as io:
        engine = LoopEngine(tmp_path)
        engine.carry_offload = True
        io.swap(engine, keep=False)
        report = world.iperf(1)

        status = io.ports()
        received = status[0].counters
        assert report["end"]["sum_received"]["bits_per_second"] > 100e6
        assert received["rx_super_packets"] > 0
        assert received["rx_bytes"] / received["rx_packets"] > 1514
        assert {name: n for port in status.values() for name, n in port.counters.items() if "dropped_size" in name} == {
            "tx_dropped_size": 0
        }


@pytest.mark.parametrize("mode", MODES)
def test_udp_segmentation_offload_and_checksums_arrive_right(world: World, tmp_path: Path, mode: Mode) -> None:
    with switch(world, tmp_path, mode=mode) as io:
        program = (
            "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
            "s.setsockopt(17, 103, 1000); s.sendto(bytes(range(250)) * 10, ('10.77.0.2', 7007))"
        )
        with world.enter(world.hosts[1]):
            receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with receiver:
            receiver.bind(("10.77.0.2", 7007))
            receiver.settimeout(2)
            run(*world.inside(world.hosts[0]), "python3", "-c", program)
            datagrams = [receiver.recv(2000) for _ in range(3)]

        assert [len(datagram) for datagram in datagrams] == [1000, 1000, 500]
        assert b"".join(datagrams) == bytes(range(250)) * 10
        assert io.ports()[0].counters["rx_super_packets"] == 1


def test_the_cpu_port_gets_segments_where_super_packets_pass_whole(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path, cpu_port=CPU) as io:
        engine = LoopEngine(tmp_path, CPU)
        engine.carry_offload = True
        io.swap(engine, keep=False)
        received: list[bytes] = []
        io.set_cpu_handler(received.append)
        program = (
            "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
            "s.setsockopt(17, 103, 1000); s.sendto(bytes(range(250)) * 10, ('10.77.0.2', 7007))"
        )
        run("ip", "-n", world.hosts[0], "neigh", "replace", "10.77.0.2", "lladdr", "c0:00:00:00:00:02", "dev", "eth0")
        run(*world.inside(world.hosts[0]), "python3", "-c", program)

        assert eventually(lambda: len(received) == 3)
        assert [len(frame) for frame in received] == [1042, 1042, 542]
        assert b"".join(frame[42:] for frame in received) == bytes(range(250)) * 10
        assert [udp_sum(frame) for frame in received] == [0xFFFF] * 3
        assert io.ports()[0].counters["rx_super_packets"] == 1


def udp_sum(frame: bytes) -> int:
    """The sum over a UDP datagram and its pseudo-header: all ones when its checksum is right."""
    covered = frame[26:34] + b"\0\x11" + frame[38:40] + frame[34:]
    total = sum(struct.unpack(f">{len(covered) // 2}H", covered))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


@pytest.mark.parametrize("mode", MODES)
def test_jumbo_frames_pass(tmp_path: Path, world: World, mode: Mode) -> None:
    world.set_mtu(9216)
    with switch(world, tmp_path, mode=mode):
        ping = ["ping", "-n", "-q", "-c", "3", "-i", "0.05", "-M", "do", "-s", "9188", "10.77.0.2"]
        assert " 0% packet loss" in run(*world.inside(world.hosts[0]), *ping)


def test_a_frame_longer_than_the_mtu_is_a_counted_drop(world: World, tmp_path: Path) -> None:
    run("ip", "-n", world.hosts[0], "link", "set", "eth0", "mtu", "3000")
    run("ip", "-n", world.switch, "link", "set", world.ports[0], "mtu", "3000")
    with switch(world, tmp_path) as io, raw_socket(world, world.hosts[0]) as sock:
        sock.send(bytes(12) + b"\x08\x00" + bytes(2000))

        assert eventually(lambda: io.ports()[1].counters["tx_dropped_size"] == 1)
        assert io.ports()[0].counters["rx_packets"] >= 1
        assert io.ports()[1].counters["tx_dropped_down"] == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_vlan_tag_passes_unchanged(world: World, tmp_path: Path, mode: Mode) -> None:
    frame = bytes.fromhex("ffffffffffff 020000000001 8100 2064 88b6") + b"tagged" * 10
    with switch(world, tmp_path, mode=mode, tap_bytes=2000) as io, raw_socket(world, world.hosts[0]) as sock:
        seen: list[bytes] = []
        io.set_tap_handler(lambda leaving, port, data, length: seen.append(data) if leaving else None)
        sock.send(frame)

        assert eventually(lambda: frame in seen)


def test_packets_to_a_removed_port_are_counted_drops_and_a_new_port_takes_over(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path) as io:
        world.ping()
        io.remove_port(1)
        with raw_socket(world, world.hosts[0]) as sock:
            sock.send(bytes(60))
        assert eventually(lambda: io.totals()["dropped_no_port"] >= 1)
        assert list(io.ports()) == [0]

        with world.enter():
            io.add_port(1, world.ports[1])
        world.ping()


def test_an_interface_may_vanish_and_come_back(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path) as io:
        world.ping()
        run("ip", "-n", world.switch, "link", "del", world.ports[1])
        assert eventually(lambda: io.ports()[1].state is LinkState.GONE)
        with raw_socket(world, world.hosts[0]) as sock:
            sock.send(bytes(60))
        assert eventually(lambda: io.ports()[1].counters["tx_dropped_down"] >= 1)

        world.connect(1)

        assert eventually(lambda: io.ports()[1].up)
        world.ping()


def test_a_port_that_goes_down_is_seen_and_costs_nothing(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path) as io:
        run("ip", "-n", world.switch, "link", "set", world.ports[1], "down")
        assert eventually(lambda: io.ports()[1].state is LinkState.DOWN)
        before = time.process_time()
        time.sleep(1)
        assert time.process_time() - before < 0.05

        run("ip", "-n", world.switch, "link", "set", world.ports[1], "up")
        run("ip", "-n", world.hosts[1], "neigh", "replace", "10.77.0.1", "lladdr", "02:00:00:00:00:01", "dev", "eth0")
        assert eventually(lambda: io.ports()[1].up)
        world.ping()


def test_an_interface_that_does_not_exist_is_a_clear_error(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path) as io, world.enter(), pytest.raises(PortError, match="port 7@nope: no such interface"):
        io.add_port(7, "nope")
    assert 7 not in io._devices


def test_a_port_number_is_given_once(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path) as io, world.enter(), pytest.raises(PortError, match="the port number is taken"):
        io.add_port(0, world.ports[1])


def test_packets_for_the_controller_reach_it_and_its_packets_enter_the_pipeline(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path, cpu_port=CPU) as io:
        received: list[bytes] = []
        io.set_cpu_handler(received.append)
        with raw_socket(world, world.hosts[0]) as sock:
            sock.send(b"\xc0" + bytes(63))
        assert eventually(lambda: received == [b"\xc0" + bytes(63)])

        with raw_socket(world, world.hosts[0]) as sock:
            io.inject(1, b"\xff" * 12 + b"\x88\xb6" + b"packet-out" * 5)
            assert b"packet-out" in sock.recv(200)
        assert io.totals()["cpu_packets"] == 1
        assert io.totals()["injected"] == 1


def test_ticks_come_at_their_rate_with_their_number(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path, tick_port=0, tick_rate=500) as io, raw_socket(world, world.hosts[1]) as sock:
        frames = [frame for frame in (sock.recv(200) for _ in range(300)) if frame[12:14] == b"\x88\xb5"]

        numbers = [int.from_bytes(frame[14:22]) for frame in frames]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert {len(frame) for frame in frames} == {60}
        before = io.totals()["ticks"]
        time.sleep(0.5)
        assert 200 <= io.totals()["ticks"] - before <= 300


@pytest.mark.parametrize("mode", MODES)
def test_a_program_is_exchanged_without_losing_a_packet(world: World, tmp_path: Path, mode: Mode) -> None:
    with switch(world, tmp_path, mode=mode) as io, raw_socket(world, world.hosts[0]) as sock:
        count = 20000
        frame = b"\xff" * 12 + b"\x88\xb6" + bytes(50)
        sender = threading.Thread(target=lambda: [(sock.send(frame), time.sleep(0)) for _ in range(count)])
        before = io.ports()[1].counters["tx_packets"]
        sender.start()
        engines = [LoopEngine(tmp_path) for _ in range(3)]
        kept = [io.swap(engine, keep=True) for engine in engines]
        sender.join()

        assert kept == [["everything"]] * 3
        assert engines[2].adopted == [engines[1]]
        assert eventually(lambda: io.ports()[1].counters["tx_packets"] - before >= count)


def test_without_a_program_packets_are_counted_drops(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path) as io:
        io.swap(None, keep=False)
        with raw_socket(world, world.hosts[0]) as sock:
            sock.send(bytes(60))

        assert eventually(lambda: io.ports()[0].counters["rx_dropped_no_program"] >= 1)
        assert io.ports()[1].counters["tx_packets"] == 0


def test_an_idle_switch_sleeps(world: World, tmp_path: Path) -> None:
    with switch(world, tmp_path, tick_port=0, tick_rate=100):
        before = time.process_time()
        time.sleep(2)
        assert time.process_time() - before < 0.03


def test_no_interface_stays_promiscuous_and_no_socket_stays_open(world: World, tmp_path: Path) -> None:
    def promiscuity() -> str:
        return run("ip", "-n", world.switch, "-d", "link", "show", world.ports[0]).split("promiscuity ")[1].split()[0]

    with switch(world, tmp_path) as io:
        assert promiscuity() == "1"
        assert ctypes.c_void_p(io._io).value
    assert promiscuity() == "0"
