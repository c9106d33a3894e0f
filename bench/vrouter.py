"""The full vrouter alone: packets in memory, one core, both directions, few entries and many.

The entries are those that the controller writes for the region two_tenants. The engine runs on the wall clock, as in a
switch.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from bench.engine import SECONDS, check, mpps, rate
from bench.row import FULL, Budget, Goal, Row, at_least
from bench.servers import BenchError
from controller.loader import Manifest
from controller.plan import FlowPlan
from controller.service import Controller
from switch.engine import ActionCall, Engine, OpKind, TableOp
from topologies import programs
from topologies.lab import ROUTER_MAC
from topologies.lab_plugins import LabPlugins
from topologies.lab_switch import LabSwitch
from topologies.region import Region, load_region

needs = ("cc",)
SENDER, RECEIVER, FAR, NEAR = "red-app", "red-web", "beta", "alpha"  # two instances and their hosts
V4 = ("10.0.1.6", "10.0.1.5")
V6 = ("fd00:10:0:1::6", "fd00:10:0:1::5")
SOURCE_ENI = slice(54, 58)  # of a Geneve frame: the ENI option behind Ethernet, IPv4, UDP, Geneve and its own header
DESTINATION = slice(30, 34)  # of a frame from an instance: behind Ethernet, at the end of the IPv4 header
MAPPED = bytes(10) + b"\xff\xff"  # what stands before an IPv4 address in the data plane
BURST = 1024
MANY_PACKETS = 16384  # so that the entries they hit do not all stay in the first cache
FIRST_NEW = 0x0A008000  # 10.0.128.0: addresses and ENI numbers that the region has not
WIDE = b"\xff\xf8\0\0"  # 10.0.0.0/13 holds them all

Frames = list[tuple[int, bytes]]


class Router(LabSwitch):
    """A switch of the lab that shows its engine."""

    @property
    def engine(self) -> Engine:
        """The running engine, on virtual time."""
        return self._running()


class World:
    """The region's routers with their entries; `wire` is the ports of FAR and NEAR that are wired together."""

    def __init__(self, region: Region, flows: FlowPlan | None = None, plugins: Sequence[Manifest] = ()) -> None:
        loaded = LabPlugins(region.model, plugins)
        self.region = region = replace(region, model=loaded.model)
        self.program = programs.compiled("vrouter", plugins)
        hosts = region.model.hosts.values()
        self._routers = {host.name: Router(host.name, i) for i, host in enumerate(hosts, start=1)}
        devices = {host.id: self._routers[host.name] for host in hosts}
        controller = Controller(region.model, self.program, devices, flows=flows, plugins=loaded.loaded)
        asyncio.run(controller.reconcile())
        self.eni = region.model.interface_of(region.model.instance(SENDER))
        self.vpc = region.model.vpcs[self.eni.vpc_id].number.to_bytes(3)
        ends = {(link.host_a, link.host_b): link.port_a for link in region.links}
        ends |= {(link.host_b, link.host_a): link.port_b for link in region.links}
        self.wire = (
            ends[(region.host(FAR).id, region.host(NEAR).id)],
            ends[(region.host(NEAR).id, region.host(FAR).id)],
        )
        self.receiver = region.model.interface_of(region.model.instance(RECEIVER))

    def outward(self, addresses: tuple[str, str]) -> bytes:
        """A frame that SENDER sends."""
        source, destination = addresses
        network = IPv6(src=source, dst=destination) if ":" in source else IP(src=source, dst=destination)
        return bytes(Ether(src=self.eni.mac, dst=ROUTER_MAC) / network / UDP(sport=5000, dport=53) / bytes(22))

    def inward(self, outward: bytes) -> bytes:
        """What FAR makes of it, on the wire to NEAR."""
        sent = self._routers[FAR].process(self.eni.port, outward)
        if len(sent) != 1:
            raise BenchError(f"{FAR} does not forward: {self._routers[FAR].counters()}")
        return sent[0][1]

    @contextmanager
    def engine(self, host: str, prefault: bool = False) -> Iterator[Engine]:
        """An engine on the wall clock with a router's entries; `prefault`: with its registers in memory."""
        with Engine(self.program.blob, prefault=prefault) as engine:
            for name, table in self._routers[host].engine.tables.items():
                ops = [TableOp(OpKind.INSERT, e.key, e.mask, e.priority, e.action) for e in table.entries()]
                engine.tables[name].write_batch(ops)
            yield engine

    def close(self) -> None:
        """Frees the engines."""
        for router in self._routers.values():
            router.close()


def measure(budget: Budget = FULL) -> list[Row]:
    """ENI to underlay and back, over IPv4 and IPv6; then with many mappings and many remote ENIs."""
    world = World(load_region("two_tenants"))
    try:
        return [*_few(world, budget), *_many(world, budget)]
    finally:
        world.close()


def _few(world: World, budget: Budget) -> Iterator[Row]:
    for label, addresses, goal in (("64 B IPv4", V4, at_least(1)), ("84 B IPv6", V6, None)):
        frame = world.outward(addresses)
        with world.engine(FAR) as engine:
            check(engine, [(world.eni.port, frame)], world.wire[0])
            yield _row(f"ENI → underlay, {label}", engine, [(world.eni.port, frame)] * BURST, budget, goal)
        frame = world.inward(frame)
        with world.engine(NEAR) as engine:
            check(engine, [(world.wire[1], frame)], world.receiver.port)
            yield _row(f"underlay → ENI, {label}", engine, [(world.wire[1], frame)] * BURST, budget, goal)


def _many(world: World, budget: Budget) -> Iterator[Row]:
    frame = world.outward(V4)
    with world.engine(FAR) as engine:
        frames = [(world.eni.port, one) for one in _to_many(world, engine, frame, budget.entries)]
        check(engine, frames, world.wire[0])
        yield _row(f"ENI → underlay, {budget.entries:,} mappings", engine, frames, budget)
    frame = world.inward(frame)
    with world.engine(NEAR) as engine:
        frames = [(world.wire[1], one) for one in _from_many(world, engine, frame, budget.entries)]
        check(engine, frames, world.receiver.port)
        yield _row(f"underlay → ENI, from {budget.entries:,} remote ENIs", engine, frames, budget)


def _row(name: str, engine: Engine, frames: Frames, budget: Budget, goal: Goal | None = None) -> Row:
    return rate(name, mpps(engine, frames, SECONDS * budget.seconds), goal)


def _to_many(world: World, engine: Engine, frame: bytes, count: int) -> list[bytes]:
    """Gives the VPC so many more addresses; returns the frame, sent to many of them.

    The router leaves the inner checksum to the receiver, and so do we.
    """
    prefix = world.vpc + MAPPED
    addresses = [(FIRST_NEW + i).to_bytes(4) for i in range(count)]
    _copy(engine, "mapping", prefix + frame[DESTINATION], [prefix + address for address in addresses])
    route = engine.tables["route"]
    for local in [entry for entry in route.entries() if MAPPED in entry.key]:
        route.insert(local.key, local.mask[:-4] + WIDE, 0, local.action)
    chosen = random.Random(4).choices(addresses, k=min(count, MANY_PACKETS))
    return [frame[: DESTINATION.start] + address + frame[DESTINATION.stop :] for address in chosen]


def _from_many(world: World, engine: Engine, frame: bytes, count: int) -> list[bytes]:
    """Lets so many more ENIs send from FAR; returns the frame, sent by many of them."""
    host = world.region.host(FAR).address.packed
    numbers = [(FIRST_NEW + i).to_bytes(4) for i in range(count)]
    known = world.vpc + frame[SOURCE_ENI] + host
    _copy(engine, "trusted_source", known, [world.vpc + number + host for number in numbers])
    chosen = random.Random(5).choices(numbers, k=min(count, MANY_PACKETS))
    return [frame[: SOURCE_ENI.start] + number + frame[SOURCE_ENI.stop :] for number in chosen]


def _copy(engine: Engine, name: str, known: bytes, keys: list[bytes]) -> None:
    """Gives a table the entry of a known key under other keys too."""
    table = engine.tables[name]
    handle = table.find(known, None, 0)
    if handle is None:
        raise BenchError(f"table {name} has no entry {known.hex()}")
    action = table.entry(handle).action
    assert isinstance(action, ActionCall)
    for result in table.write_batch([TableOp(OpKind.INSERT, key, action=action) for key in keys]):
        if isinstance(result, Exception):
            raise result
