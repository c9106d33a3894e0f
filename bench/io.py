"""Packet I/O side by side: the bare C loop, our I/O around it, our switch with a router, Linux, and BMv2 where it is.

    python -m bench.io [--rounds N] [--seconds S] [--program router.json] [NAME ...]

Everything runs between two network namespaces over the same two veth pairs, in turns; the table shows medians. Rates
are the best received rate over a ladder of offered rates. Needs root.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from switch.engine.io import IOConfig, Mode, PacketIO
from tests.switch.world import LoopEngine, World, compile_c, run

HERE = Path(__file__).resolve().parent
LADDER_PPS = (100e3, 150e3, 200e3, 250e3, 300e3, 400e3, 600e3, 1e7)
ROUTER_MAC = "02:00:00:00:00:fe"
SINK_MAC = "02:00:00:00:00:99"  # of no host: what arrives is counted by the interface and goes no further
SINK = "10.77.0.3"


@dataclass
class Bench:
    """The world, the built tools and what was measured: results[measure][contender] = values."""

    world: World
    directory: Path
    program: Path | None
    seconds: float
    results: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def note(self, measure: str, contender: str, value: float) -> None:
        """Keeps one value."""
        self.results.setdefault(measure, {}).setdefault(contender, []).append(value)


@contextmanager
def process(bench: Bench, *command: str) -> Iterator[None]:
    """A process in the switch's namespace."""
    with open(bench.directory / "log.txt", "w") as log:
        child = subprocess.Popen([*bench.world.inside(bench.world.switch), *command], stdout=log, stderr=log)
    try:
        time.sleep(3 if "switch" in command[0] or "-m" in command else 0.3)
        if child.poll() is not None:
            raise RuntimeError((bench.directory / "log.txt").read_text()[-500:])
        yield
    finally:
        child.kill()
        child.wait()


@contextmanager
def bare_loop(bench: Bench) -> Iterator[None]:
    """bench/loop.c."""
    with process(bench, str(bench.directory / "loop"), *bench.world.ports):
        yield


def packet_io(mode: Mode) -> Callable:
    """Our packet I/O around the smallest program."""

    @contextmanager
    def start(bench: Bench) -> Iterator[None]:
        with bench.world.enter():
            io = PacketIO(LoopEngine(bench.directory), IOConfig(mode=mode))
            for number, device in enumerate(bench.world.ports):
                io.add_port(number, device)
            io.start()
        try:
            yield
        finally:
            io.close()

    return start


@contextmanager
def our_switch(bench: Bench) -> Iterator[None]:
    """p4vpc-switch with the router."""
    ports = [f"-i{number}@{device}" for number, device in enumerate(bench.world.ports)]
    with process(bench, sys.executable, "-m", "switch", *ports, str(bench.program)):
        yield


@contextmanager
def bmv2(bench: Bench) -> Iterator[None]:
    """simple_switch_grpc with the router."""
    ports = [word for number, device in enumerate(bench.world.ports) for word in ("-i", f"{number}@{device}")]
    with process(bench, "simple_switch_grpc", *ports, str(bench.program)):
        yield


@contextmanager
def linux(bench: Bench) -> Iterator[None]:
    """The kernel's IPv4 forwarding."""
    world = bench.world
    inside = world.inside(world.switch)
    run(*inside, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    for number, device in enumerate(world.ports):
        address = world.addresses[number]
        run("ip", "-n", world.switch, "link", "set", device, "address", ROUTER_MAC)
        run("ip", "-n", world.switch, "route", "replace", f"{address}/32", "dev", device)
        mac = f"02:00:00:00:00:0{number + 1}"
        run("ip", "-n", world.switch, "neigh", "replace", address, "lladdr", mac, "dev", device)
    run("ip", "-n", world.switch, "route", "replace", f"{SINK}/32", "dev", world.ports[1])
    run("ip", "-n", world.switch, "neigh", "replace", SINK, "lladdr", SINK_MAC, "dev", world.ports[1])
    try:
        yield
    finally:
        run(*inside, "sysctl", "-qw", "net.ipv4.ip_forward=0")


def contenders(bench: Bench) -> dict[str, Callable]:
    """Everything that can run here, by name."""
    found: dict[str, Callable] = {
        "loop": bare_loop,
        "io-mmsg": packet_io(Mode.MMSG),
        "io-ring": packet_io(Mode.RING),
        "linux": linux,
    }
    if bench.program is not None:
        found["switch"] = our_switch
        if shutil.which("simple_switch_grpc"):
            found["bmv2"] = bmv2
    return found


def received(bench: Bench) -> int:
    """Packets that host 1's interface has seen."""
    path = "/sys/class/net/eth0/statistics/rx_packets"
    return int(run(*bench.world.inside(bench.world.hosts[1]), "cat", path))


def best_rate(bench: Bench, name: str) -> float:
    """The best received rate over the ladder, in packets per second."""
    best = 0.0
    mac = SINK_MAC if name in ("loop", "io-mmsg", "io-ring") else ROUTER_MAC
    for offered in LADDER_PPS:
        before = received(bench)
        command = [str(bench.directory / "flood"), "eth0", str(offered), str(bench.seconds), "64", "256", mac]
        run(*bench.world.inside(bench.world.hosts[0]), *command, SINK)
        time.sleep(0.1)
        rate = (received(bench) - before) / bench.seconds
        if rate < 0.7 * best:
            break
        best = max(best, rate)
    return best


def measure(bench: Bench, name: str, start: Callable) -> None:
    """All measurements of one contender, once."""
    world = bench.world
    for index, host in enumerate(world.hosts):
        mac = ROUTER_MAC if name in ("linux", "switch", "bmv2") else f"02:00:00:00:00:0{2 - index}"
        run("ip", "-n", host, "neigh", "replace", world.addresses[1 - index], "lladdr", mac, "dev", "eth0")
    for mtu, state in ((1500, "off"), (1500, "on"), (9000, "off")):
        if state == "on" and name in ("loop", "bmv2"):
            continue  # they pass packets on with the checksums that offloading left out
        world.offloads(state)
        world.set_mtu(mtu)
        with start(bench):
            bits = world.iperf(bench.seconds)["end"]["sum_received"]["bits_per_second"]
            bench.note(f"TCP Gbit/s, MTU {mtu}, offloads {state}", name, bits / 1e9)
            if (mtu, state) == (1500, "off"):
                bench.note("ping ms", name, world.ping(100, 0.01))
                bench.note("64 B kpps", name, best_rate(bench, name) / 1e3)


def table(bench: Bench, names: list[str]) -> str:
    """The medians as text."""
    lines = [f"{'':32}" + "".join(f"{name:>10}" for name in names)]
    for measure_name, values in bench.results.items():
        cells = "".join(
            f"{statistics.median(values[name]):10.3f}" if name in values else f"{'-':>10}" for name in names
        )
        lines.append(f"{measure_name:32}{cells}")
    return "\n".join(lines)


def main() -> int:
    """Runs the benchmark and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="contenders; all by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--program", type=Path, help="bench/router.p4, compiled to BMv2 JSON")
    given = parser.parse_args()
    if os.geteuid() != 0:
        print("bench.io needs root for network namespaces", file=sys.stderr)
        return 1
    world = World()
    try:
        with tempfile.TemporaryDirectory() as directory:
            bench = Bench(world, Path(directory), given.program, given.seconds)
            for tool in ("loop", "flood"):
                compile_c(HERE / f"{tool}.c", bench.directory / tool)
            chosen = {
                name: start for name, start in contenders(bench).items() if name in given.names or not given.names
            }
            for _ in range(given.rounds):
                for name, start in chosen.items():
                    measure(bench, name, start)
            print(table(bench, list(chosen)))
    finally:
        world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
