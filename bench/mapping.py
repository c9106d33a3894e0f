"""Programming latency by miss policy: from the commit of a move to the last switch and router that has it.

The controller is the real one: store, plan, loop and mapping service. Its switches are real engines behind the
P4Runtime service, in this process. The other routers of `on-demand` are simulated on loopback, in a process of their
own: all hold every address that moves, decode each message, and confirm it after the time that a real router takes.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
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
    underlay,
)
from bench.mapping_routers import simulate
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
    """One policy's figures. Messages and processor times are for one move; entries those of the fullest switch."""

    size: Size
    latency: Histogram
    messages: float
    entries: int
    memory_mb: float
    cpu: float  # seconds of the controller and of the engines in its process
    routers_cpu: float  # seconds of the simulated routers

    @property
    def name(self) -> str:
        """The policy, and among how many."""
        simulated = self.size.hosts - self.size.switches if self.size.policy == "on-demand" else 0
        return f"{self.size.policy}, {self.size.switches} switches" + (f" + {simulated} routers" if simulated else "")


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
    return [*_rows(found, cost), *_preload_everywhere(found[-1], routers + 16, budget.entries)]


def _rows(found: list[Measured], cost: float) -> list[Row]:
    """All policies, figure by figure."""
    rows = []
    for percent, goal in ((50, P50), (99, P99)):
        for one in found:
            note = f"{one.size.interfaces:,} interfaces, {one.size.changes} moves" if percent == 50 else ""
            held_to = None if one.size.policy == "preload" else goal
            value = one.latency.percentile(percent) * 1000
            rows.append(Row(f"latency p{percent}: {one.name}", value, "ms", held_to, note=note))
    for one in found:
        rows.append(Row(f"messages for a move: {one.name}", one.messages, ""))
    for one in found:
        rows.append(Row(f"entries of the fullest switch: {one.name}", one.entries, ""))
    for one in found:
        rows.append(Row(f"memory of controller and engines: {one.name}", one.memory_mb, "MB"))
    for one in found:
        rows.append(Row(f"processor time for a move: {one.name}", one.cpu * 1000, "ms"))
    note = f"each message takes a router {cost * 1e6:.1f} us"
    return [*rows, Row("processor time of the simulated routers", found[0].routers_cpu * 1000, "ms", note=note)]


def _preload_everywhere(preload: Measured, switches: int, interfaces: int) -> list[Row]:
    """What was measured among few, as it would be in the whole region."""
    size = preload.size
    factor = switches / size.hosts
    note = f"extrapolated: {factor:.0f} times the figure of {size.hosts} switches"
    entries = preload.entries / size.interfaces * interfaces
    return [
        Row(
            f"latency p99: preload, {switches} switches",
            preload.latency.percentile(99) * 1000 * factor,
            "ms",
            note=note,
        ),
        Row(f"messages for a move: preload, {switches} switches", preload.messages * factor, "", note=note),
        Row(
            f"entries of every switch: preload, {interfaces:,} interfaces",
            entries,
            "",
            note=f"extrapolated: from {size.interfaces:,} interfaces",
        ),
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
        begin = time.process_time()
        confirmed = switch.process_batch([(FABRIC_PORT, frame) for frame in frames])
        seconds = time.process_time() - begin
    if len(confirmed) != len(frames):
        raise RuntimeError(f"the router confirmed {len(confirmed)} of {len(frames)} messages")
    return seconds / len(frames)


def answers(service: MappingService, index: int, host: Any) -> list[bytes]:
    """The frames in which a change reaches a host."""
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether
    from scapy.packet import Raw

    (message,) = service._answers(0.0, (1, address(index)), (host,), ack_wanted=True)
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
    server = await MappingServer.start(str(SERVICE), port=0)
    port = server.port
    service = Service(ledger, Options(connecting(devices), _giving(program), b"bench"), server)  # type: ignore[arg-type]
    routers = SimulatedRouters(size, port, cost) if size.policy == "on-demand" else None
    try:
        await service.start()
        await _applied(ledger)
        if routers is not None:
            await routers.start()
        before, cpu = _counted(devices, server), time.process_time()
        await _move_all(size, ledger)
        cpu = time.process_time() - cpu
        messages = (_counted(devices, server) - before) / size.changes
        routers_cpu = 0.0 if routers is None else routers.cpu() / size.changes
    finally:
        if routers is not None:
            routers.stop()
        await service.stop()
        server.close()
    if routers is not None and messages < 4 * (size.hosts - size.switches):
        raise RuntimeError(f"{messages:.0f} messages for a move: some routers did not hold what moved")
    entries = max(switch.entries for switch in service.switches())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(size, service.latency, messages, entries, memory, cpu / size.changes, routers_cpu)


class SimulatedRouters:
    """The process of the simulated routers."""

    def __init__(self, size: Size, port: int, cost: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._ready = context.Queue()
        self._cpu = context.Value("d", 0.0)
        self._begin = 0.0
        hosts = range(size.switches, size.hosts)
        arguments = (hosts, size.changes, port, cost, self._ready, self._cpu)
        self._process = context.Process(target=simulate, args=arguments, daemon=True)

    async def start(self) -> None:
        """Returns when all of them hold everything that is going to move."""
        self._process.start()
        await asyncio.to_thread(self._ready.get)
        self._begin = self._cpu.value

    def cpu(self) -> float:
        """Seconds of processor time since they were ready."""
        return self._cpu.value - self._begin

    def stop(self) -> None:
        """Ends the process."""
        if self._process.pid is not None:
            self._process.kill()
            self._process.join()


def _giving(program: Program) -> Any:
    async def give(*_: object) -> Program:
        return program

    return give


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
