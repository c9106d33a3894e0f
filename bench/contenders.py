"""What can stand between two hosts: a bare C loop (of recvmmsg), our packet I/O, our switch, Linux, BMv2."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.servers import BMV2, OURS, BenchError, compile_program, executable, free_port, have_bmv2, listens, running
from switch.engine.io import IOConfig, Mode, PacketIO
from tests.switch.world import RUNTIME, LoopEngine, World, compile_c, run

HERE = Path(__file__).resolve().parent
ROUTER_MAC = "02:00:00:00:00:fe"
SINK = "10.77.0.3"
SINK_MAC = "02:00:00:00:00:99"  # of no host: what arrives is counted by the interface and goes no further
LOOP, LINUX, BUSY = "bare C loop", "Linux forwarding", f"{OURS}, busy polling"
SPIN_US = 200
SETTLE_S = 0.2


@dataclass(frozen=True)
class Tools:
    """What was built for all contenders, in one folder."""

    folder: Path
    program: Path

    @property
    def flood(self) -> str:
        """The sender of small packets."""
        return str(self.folder / "flood")


@dataclass(frozen=True)
class Contender:
    """Something that forwards; `start` gives its process, if it is one of its own.

    `routes` says that it does so by IP address, as a router.
    """

    start: Callable[[World, Tools], AbstractContextManager[int | None]]
    routes: bool
    carries_offload: bool  # forwards packets whose checksum and segmentation the sender left out


def build(folder: Path) -> Tools:
    """Compiles the C tools and the router."""
    compile_c(HERE / "loop.c", folder / "loop")
    compile_c(HERE / "flood.c", folder / "flood", str(RUNTIME / "io_xdp.c"))
    program, _ = compile_program(HERE / "router.p4", folder)
    return Tools(folder, program)


def contenders() -> dict[str, Contender]:
    """Everything that can run here, by name; the packet I/O modes are for its engineers."""
    found = {
        LOOP: Contender(_loop, routes=False, carries_offload=False),
        OURS: Contender(_switch(OURS), routes=True, carries_offload=True),
        LINUX: Contender(_linux, routes=True, carries_offload=True),
        BUSY: Contender(_switch(OURS, "--spin-us", str(SPIN_US)), routes=True, carries_offload=True),
        "io-mmsg": Contender(_packet_io(Mode.MMSG), routes=False, carries_offload=True),
        "io-ring": Contender(_packet_io(Mode.RING), routes=False, carries_offload=True),
        "io-xdp": Contender(_packet_io(Mode.AF_XDP), routes=False, carries_offload=True),
    }
    if have_bmv2():
        found[BMV2] = Contender(_switch(BMV2), routes=True, carries_offload=False)
    return found


@contextmanager
def between(contender: Contender, tools: Tools) -> Iterator[tuple[World, int | None]]:
    """Two hosts with the contender, which passes packets both ways, between them; and its process."""
    world = World()
    try:
        for index, host in enumerate(world.hosts):
            mac = ROUTER_MAC if contender.routes else f"02:00:00:00:00:0{2 - index}"
            run("ip", "-n", host, "neigh", "replace", world.addresses[1 - index], "lladdr", mac, "dev", "eth0")
        world.offloads("off")
        with contender.start(world, tools) as process:
            time.sleep(SETTLE_S)
            yield world, process
    finally:
        world.close()


@contextmanager
def _loop(world: World, tools: Tools) -> Iterator[int]:
    command = [*world.inside(world.switch), str(tools.folder / "loop"), *world.ports]
    with running(command, lambda _: True) as process:
        yield process.pid


def _switch(name: str, *options: str) -> Callable[[World, Tools], AbstractContextManager[int | None]]:
    @contextmanager
    def start(world: World, tools: Tools) -> Iterator[int]:
        ports = [word for number, device in enumerate(world.ports) for word in ("-i", f"{number}@{device}")]
        port = free_port()
        own = ["--thrift-port", str(free_port())] if name == BMV2 else options
        command = [*world.inside(world.switch), *executable(name), *ports, *own, str(tools.program)]
        command += ["--", "--grpc-server-addr", f"127.0.0.1:{port}"]
        with running(command, lambda process: listens(process.pid, port)) as process:
            yield process.pid

    return start


def _packet_io(mode: Mode) -> Callable[[World, Tools], AbstractContextManager[int | None]]:
    """Our packet I/O around the smallest program, in a thread of this process."""

    @contextmanager
    def start(world: World, tools: Tools) -> Iterator[int]:
        with world.enter():
            io = PacketIO(LoopEngine(tools.folder), IOConfig(mode=mode))
            for number, device in enumerate(world.ports):
                io.add_port(number, device)
            io.start()
        try:
            yield os.getpid()
        finally:
            io.close()

    return start


@contextmanager
def _linux(world: World, tools: Tools) -> Iterator[None]:
    """The kernel's IPv4 forwarding, with the same routes and addresses as bench/router.p4."""
    run(*world.inside(world.switch), "sysctl", "-qw", "net.ipv4.ip_forward=1")
    hops = [(world.addresses[i], f"02:00:00:00:00:0{i + 1}", port) for i, port in enumerate(world.ports)]
    for address, mac, device in [*hops, (SINK, SINK_MAC, world.ports[1])]:
        run("ip", "-n", world.switch, "link", "set", device, "address", ROUTER_MAC)
        run("ip", "-n", world.switch, "route", "replace", f"{address}/32", "dev", device)
        run("ip", "-n", world.switch, "neigh", "replace", address, "lladdr", mac, "dev", device)
    yield None


def require_forwarding(name: str, world: World) -> None:
    """Raises BenchError unless pings pass: what does not forward is not measured."""
    try:
        world.ping(3)
    except AssertionError as error:
        raise BenchError(f"{name} does not forward: {error}") from None
