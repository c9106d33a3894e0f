"""What the mapping bench runs: a large VPC in a ledger, and real engines as its switches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address

from finsy.proto import p4r

from controller.actions.network_interfaces import mac_of
from controller.model import (
    Account,
    NetworkInterface,
    PhysicalHost,
    RegionSettings,
    Resource,
    Route,
    RouteTable,
    Subnet,
    Vpc,
)
from controller.model.model import FIRST_ENI_PORT
from controller.p4rt import Program
from controller.plan.addresses import data_plane_address
from topologies.lab_switch import LabSwitch

SERVICE = IPv4Address("127.0.0.1")
BLOCK = IPv4Network("10.0.0.0/8")  # larger than a VPC of AWS may be, so that one holds 100,000 interfaces
PORTS_OF_THE_RESTING = 200  # of each host; those that move have the ports after these
_FIRST_HOST = int(IPv4Address("127.1.0.1"))  # every simulated router has a loopback address of its own


def underlay(index: int) -> IPv4Address:
    """The underlay address of the n-th host."""
    return IPv4Address(_FIRST_HOST + index)


def address(index: int) -> IPv6Address:
    """The address of the n-th interface, as routers have it."""
    return data_plane_address(BLOCK[index + 4])


@dataclass(frozen=True)
class Size:
    """How much of everything: hosts of the VPC, the first of them with real switches, interfaces, changes."""

    policy: str
    hosts: int
    switches: int
    interfaces: int
    changes: int


def resources(size: Size) -> Iterator[Resource]:
    """One VPC. What is going to move is on the hosts with real switches; the last of these is the gateway."""
    yield Account("000000000001", "bench")
    for index in range(size.hosts):
        switch = f"127.0.0.1:{index + 1}" if index < size.switches else ""
        yield PhysicalHost(host_id(index), f"h{index}", underlay(index), switch)
    gateway = host_id(size.switches - 1) if size.policy == "gateway" else ""
    yield RegionSettings(mapping_policy=size.policy, mapping_service=SERVICE, gateway_host_id=gateway)
    yield Vpc("vpc-1", "large", 1, (BLOCK,), "rtb-1")
    yield RouteTable("rtb-1", 1, "vpc-1", (Route(BLOCK, "local"),))
    yield Subnet("subnet-1", "all", "vpc-1", BLOCK)
    for index in range(size.interfaces):
        yield interface(size, index)


def interface(size: Size, index: int) -> NetworkInterface:
    """The n-th interface, where it is at first."""
    moving = index < size.changes
    host = index % (size.switches - 1) if moving else index % size.hosts
    port = FIRST_ENI_PORT + (PORTS_OF_THE_RESTING + index if moving else index // size.hosts)
    return NetworkInterface(
        f"eni-{index}", index + 1, "vpc-1", "subnet-1", mac_of(index + 1), (BLOCK[index + 4],), host_id(host), port
    )


def host_id(index: int) -> str:
    """The id of the n-th host."""
    return f"host-{index}"


@dataclass
class EngineDevice:
    """A real engine behind the P4Runtime service, as the controller's loop wants a switch."""

    engine: LabSwitch
    writes: int = 0
    updates: int = 0
    never: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.engine.name

    async def set_program(self, program: Program) -> bool:
        """Makes the engine run the program."""
        return await self.engine.set_program(program)

    async def verify(self, program: Program) -> None:
        """Whether it could."""
        await self.engine.verify(program)

    async def runs(self, program: Program) -> bool:
        """Nobody else changes it."""
        return True

    async def answers(self, within: float) -> bool:
        return True

    async def ended(self) -> str:
        """It does not end."""
        await self.never.wait()
        return ""

    async def write(self, updates: Sequence[p4r.Update]) -> None:
        """Carries out the updates."""
        self.writes += 1
        self.updates += len(updates)
        await self.engine.write(updates)

    async def read(self, entities: Sequence[p4r.Entity]) -> list[p4r.Entity]:
        """Reads entities."""
        return await self.engine.read(entities)


def connecting(devices: dict[str, EngineDevice]) -> Callable[[PhysicalHost], Callable[[], object]]:
    """How the controller's loop reaches the engines."""

    def connect(host: PhysicalHost) -> Callable[[], object]:
        @asynccontextmanager
        async def connection() -> AsyncIterator[EngineDevice]:
            yield devices[host.id]

        return connection

    return connect
