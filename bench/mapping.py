"""Programming latency by miss policy: from the commit of a move to the last switch and router that has it.

The controller is the real one: store, plan, loop and mapping service. Its switches are real engines behind the
P4Runtime service, in this process. The other routers of `on-demand` are simulated on loopback, in a process of their
own: all hold every address that moves, decode each message, and pay for it what a real router was measured to take.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import socket
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.mapping_region import (
    SERVICE,
    EngineDevice,
    Size,
    address,
    connecting,
    host_id,
    resources,
    simulated_routers,
    underlay,
)
from bench.row import FULL, Budget, Row, at_most
from controller.mapping import Mapping, MappingService
from controller.mapping.histogram import Histogram
from controller.mapping.server import MappingServer
from controller.model import NetworkInterface
from controller.model.transaction import OPERATOR
from controller.p4rt import Program
from controller.service import Options, Service
from controller.store import Ledger, Store
from topologies import programs
from topologies.lab import Lab
from topologies.lab_switch import LabSwitch
from topologies.region import FABRIC_PORT, load_region

needs = ("cc",)
P50, P99 = at_most(184), at_most(576)  # ms: what Andromeda was published with
_ROUTERS = 1000


@dataclass(frozen=True)
class Measured:
    """One policy's figures. Messages are those for one change; entries those of the fullest switch."""

    size: Size
    latency: Histogram
    messages: float
    entries: int
    memory_mb: float


def measure(budget: Budget = FULL) -> list[Row]:
    """A VPC of `budget.entries` interfaces; moves one after the other."""
    cost = cost_of_a_message()
    changes = max(3, round(40 * budget.seconds))
    routers = _ROUTERS if budget.entries >= 10_000 else 30
    few = max(60, budget.entries // 50)
    sizes = (
        Size("on-demand", routers + 16, 16, budget.entries, changes),
        Size("gateway", routers + 16, 16, budget.entries, changes),
        Size("preload", 16, 16, few, changes),
    )
    found = [alone(size, cost) for size in sizes]
    rows = [row for one in found for row in _rows(one, cost)]
    preload = found[-1]
    factor = (routers + 16) / preload.size.hosts
    worst = preload.latency.percentile(99) * 1000 * factor
    note = f"extrapolated: {factor:.0f} times the figure of {preload.size.hosts} switches, written one after the other"
    return [*rows, Row(f"preload, {routers + 16} switches, p99", worst, "ms", note=note)]


def _rows(found: Measured, cost: float) -> list[Row]:
    size = found.size
    name = f"{size.policy}, {size.switches} switches"
    if size.policy == "on-demand":
        name += f" and {size.hosts - size.switches} simulated routers"
    goals = (None, None) if size.policy == "preload" else (P50, P99)
    note = f"{size.interfaces:,} interfaces; {cost * 1e6:.1f} us per message" if size.policy == "on-demand" else ""
    note = note or f"{size.interfaces:,} interfaces"
    return [
        Row(f"{name}, p50", found.latency.percentile(50) * 1000, "ms", goals[0], note=note),
        Row(f"{name}, p99", found.latency.percentile(99) * 1000, "ms", goals[1]),
        Row(f"{name}, messages for a move", found.messages, ""),
        Row(f"{name}, entries of the fullest switch", found.entries, ""),
        Row(f"{name}, memory of controller and engines", found.memory_mb, "MB"),
    ]


def cost_of_a_message() -> float:
    """Seconds that a real router takes for one ANSWER, cache write and all: the engine's time, without sockets."""
    region = load_region("two_hosts")
    policy = replace(region.mapping, policy="on-demand")
    with Lab(replace(region, mapping=policy)) as lab:
        switch = lab.switches[next(iter(lab.switches))]
        host = next(host for host in region.model.hosts.values() if host.name == switch.name)
        service = MappingService(0.0)
        frames = []
        for index in range(500):
            mapping = Mapping(underlay(1), index + 1, version=1)
            service.load(1, address(index), mapping)
            frames += answers(service, index, host.address)
        begin = time.perf_counter()
        confirmed = switch.process_batch([(FABRIC_PORT, frame) for frame in frames])
        seconds = time.perf_counter() - begin
    if len(confirmed) != len(frames):
        raise RuntimeError(f"the router confirmed {len(confirmed)} of {len(frames)} messages")
    return seconds / len(frames)


def answers(service: MappingService, index: int, host: Any) -> list[bytes]:
    """The frames in which a change reaches a host."""
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether
    from scapy.packet import Raw

    message = service._answer(0.0, (1, address(index)), host, ack_wanted=True)
    ip = IP(src="172.31.255.1", dst=str(host)) / UDP(sport=6082, dport=6082) / Raw(message.data)
    return [bytes(Ether(src="02:75:ff:ff:00:01", dst="02:75:00:01:00:0f") / ip)]


def alone(size: Size, cost: float) -> Measured:
    """Measures in a process of its own, so that memory is that of one policy."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=_child, args=(size, cost, results))
    process.start()
    found = results.get()
    process.join()
    if isinstance(found, str):
        raise RuntimeError(found)
    return found


def _child(size: Size, cost: float, results: Any) -> None:
    try:
        with tempfile.TemporaryDirectory(prefix="p4vpc-bench-") as folder:
            results.put(asyncio.run(moves(size, cost, Path(folder))))
    except Exception as error:
        results.put(f"{size.policy}: {type(error).__name__}: {error}")


async def moves(size: Size, cost: float, folder: Path) -> Measured:
    """Moves interfaces between hosts with real switches, one after the other."""
    program = programs.compiled("vrouter")
    devices = {host_id(index): EngineDevice(LabSwitch(f"h{index}", index + 1)) for index in range(size.switches)}
    ledger = Ledger(Store(folder / "region.db"))
    with ledger.transaction(OPERATOR, "Begin") as tx:
        for part in resources(size):
            tx.put(part)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((str(SERVICE), 0))
        port = probe.getsockname()[1]
    server = await MappingServer.start(str(SERVICE), port=port)
    service = Service(ledger, Options(connecting(devices), _giving(program), b"bench"), server)  # type: ignore[arg-type]
    routers = _routers(size, port, cost) if size.policy == "on-demand" else None
    try:
        await service.start()
        await _applied(ledger)
        if routers is not None:
            process, ready = routers
            process.start()
            await asyncio.to_thread(ready.get)
        before = _counted(devices, server)
        await _move_all(size, ledger)
        messages = (_counted(devices, server) - before) / size.changes
    finally:
        if routers is not None and routers[0].pid is not None:
            routers[0].kill()
        await service.stop()
        server.close()
    entries = max(switch.entries for switch in service.switches())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(size, service.latency, messages, entries, memory)


def _giving(program: Program) -> Any:
    async def give(*_: object) -> Program:
        return program

    return give


def _routers(size: Size, port: int, cost: float) -> tuple[Any, Any]:
    """The process of the simulated routers, not started, and where it says that it is ready."""
    ready: multiprocessing.Queue[str] = multiprocessing.Queue()
    hosts = range(size.switches, size.hosts)
    arguments = (hosts, size.changes, port, cost, ready)
    return multiprocessing.Process(target=simulated_routers, args=arguments, daemon=True), ready


async def _move_all(size: Size, ledger: Ledger) -> None:
    for index in range(size.changes):
        eni = ledger.model.network_interfaces[f"eni-{index}"]
        with ledger.transaction(OPERATOR, "Move") as tx:
            tx.put(_moved(tx.model.free_port(_next(size, eni)), eni, _next(size, eni)))
        await _applied(ledger)


def _next(size: Size, eni: NetworkInterface) -> str:
    return host_id((int(eni.host_id.removeprefix("host-")) + 1) % (size.switches - 1))


def _moved(port: int | None, eni: NetworkInterface, host: str) -> NetworkInterface:
    assert port is not None
    return replace(eni, host_id=host, port=port)


async def _applied(ledger: Ledger) -> None:
    while ledger.applied_revision < ledger.revision:
        await asyncio.sleep(0.001)


def _counted(devices: dict[str, EngineDevice], server: MappingServer) -> float:
    """Messages so far: those of the mapping protocol both ways, and P4Runtime writes."""
    confirmed = server.service.counts["confirmed"] + server.service.counts["confirmed_again"]
    return 2 * confirmed + sum(device.writes for device in devices.values())
