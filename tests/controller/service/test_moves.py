"""Moves one after the other and on top of each other, with switches that remember and routers that confirm."""

from __future__ import annotations

import asyncio
import random
import socket
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from controller.actions.accounts import create_account
from controller.actions.instances import move_instance, run_instance
from controller.actions.subnets import create_subnet
from controller.actions.vpcs import create_vpc
from controller.mapping import Kind, Message
from controller.mapping.server import MappingServer
from controller.model import Model, NetworkInterface, PhysicalHost
from controller.model.transaction import OPERATOR
from controller.p4rt import Entry, Program, Schema, TableError
from controller.plan.addresses import data_plane_address
from controller.plan.parts import Facts, Scope
from controller.service import Options, Service
from controller.store import Ledger, Store
from tests.controller.service.test_service import Remembering, World
from topologies import programs

HOSTS = 4


def host(number: int) -> PhysicalHost:
    """A host on loopback, with a switch."""
    return PhysicalHost(f"host-{number}", f"h{number}", IPv4Address(f"127.2.0.{number + 1}"), f"127.0.0.1:{number + 1}")


class Region(World):
    """Four hosts with switches and routers, and two instances of one VPC that know each other."""

    def __init__(self, path: Path, program: Program) -> None:
        self.schema = Schema(program.p4info)
        self.program = program
        self.ledger = Ledger(Store(path))
        self.switches: dict[str, Remembering] = {}
        with self.ledger.transaction(OPERATOR, "Begin") as tx:
            account = create_account(tx, "shop")
            self.hosts = [tx.put(host(number)) for number in range(HOSTS)]
            vpc = create_vpc(tx, IPv4Network("10.0.0.0/16"), account_id=account.id)
            self.subnet = create_subnet(tx, vpc.id, IPv4Network("10.0.1.0/24"))
            self.instances = [run_instance(tx, self.subnet.id, host_id=self.hosts[index].id) for index in range(2)]
        self.routers: list[Router] = []

    async def start(self) -> None:
        """Starts mapping service, routers and the loop."""
        self.server = await MappingServer.start("127.0.0.1", port=0)
        self.routers = [Router(self, index) for index in range(HOSTS)]
        self.service = Service(self.ledger, Options(self.connect, self.give, b"key"), self.server)  # type: ignore[arg-type]
        await self.service.start()
        await self.applied()

    async def stop(self) -> None:
        """Ends everything."""
        for router in self.routers:
            router.close()
        await self.service.stop()
        self.server.close()
        self.ledger.store.close()

    def interface(self, index: int) -> NetworkInterface:
        """The interface of an instance, as it is now."""
        found = self.ledger.model.network_interfaces.values()
        return next(eni for eni in found if eni.instance_id == self.instances[index].id)

    def place(self, index: int) -> int:
        """The number of the host on which an instance is."""
        return next(n for n, host in enumerate(self.hosts) if host.id == self.interface(index).host_id)


class Router:
    """Takes messages as a router does: about VPCs in whose `mapping_policy` its switch has an entry, and no others."""

    def __init__(self, region: Region, index: int) -> None:
        self._region = region
        self._index = index
        self.known: dict[object, Message] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((str(region.hosts[index].address), region.server.port))
        asyncio.get_running_loop().add_reader(self._socket, self._receive)

    def close(self) -> None:
        """No more."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def ask(self, index: int) -> None:
        """Where is this instance?"""
        address = data_plane_address(self._region.interface(index).addresses[0])
        question = Message(Kind.REQUEST, 1, address).encode()
        self._socket.sendto(question, ("127.0.0.1", self._region.server.port))

    def _receive(self) -> None:
        data = self._socket.recv(100)
        message = Message.decode(data)
        if not self._region.entries(self._index, "mapping_policy"):
            return
        known = self.known.get(message.address)
        if known is None or known.version <= message.version:
            self.known[message.address] = message
        if message.ack_wanted:
            self._socket.sendto(bytes([Kind.ACK]) + data[1:], ("127.0.0.1", self._region.server.port))


@pytest.fixture
def region(tmp_path: Path) -> Region:
    return Region(tmp_path / "region.db", programs.compiled("vrouter"))


def run(region: Region, story: object) -> None:
    """Runs a story while the service works."""

    async def whole() -> None:
        await region.start()
        try:
            await story()  # type: ignore[operator]
        finally:
            await region.stop()

    asyncio.run(whole())


def test_the_second_instance_moves_at_once_although_a_host_that_has_left_the_vpc_knew_it(region: Region) -> None:
    async def story() -> None:
        region.routers[0].ask(1)
        await asyncio.sleep(0.1)
        region.do(move_instance, region.instances[0].id, region.hosts[2].id)
        await region.applied()
        await asyncio.sleep(1.3)
        left = region.entries(0, "mapping_policy")
        region.do(move_instance, region.instances[1].id, region.hosts[3].id)
        async with asyncio.timeout(5):
            await region.applied()
        assert left == []

    run(region, story)


def test_an_interface_that_moves_again_at_once_ends_where_it_was_moved_last(region: Region) -> None:
    async def story() -> None:
        region.routers[1].ask(0)
        await asyncio.sleep(0.1)
        for host in (1, 2, 3):
            region.do(move_instance, region.instances[0].id, region.hosts[host].id)
            await asyncio.sleep(0.002)
        await region.applied()
        address = data_plane_address(region.interface(0).addresses[0])
        assert region.routers[1].known[address].host == region.hosts[3].address
        assert len(region.entries(3, "local_eni")) == 1
        await asyncio.sleep(1.5)
        assert region.tables(0) & {"moved_eni", "eni_port", "local_eni"} == set()

    run(region, story)


@pytest.mark.parametrize("seed", range(3))
def test_many_moves_back_and_forth_are_all_acknowledged(region: Region, seed: int) -> None:
    chance = random.Random(seed)

    async def story() -> None:
        for _ in range(40):
            region.routers[region.place(0)].ask(1)
            region.routers[region.place(1)].ask(0)
            index = chance.randrange(2)
            elsewhere = [host for n, host in enumerate(region.hosts) if n != region.place(index)]
            region.do(move_instance, region.instances[index].id, chance.choice(elsewhere).id)
            await asyncio.sleep(chance.choice((0, 0.001, 0.01, 0.05, 0.3)))
        async with asyncio.timeout(8):
            await region.applied()
        await asyncio.sleep(1.5)
        for index in range(2):
            address = data_plane_address(region.interface(index).addresses[0])
            router = region.routers[region.place(1 - index)]
            router.ask(index)
            await asyncio.sleep(0.05)
            assert router.known[address].host == region.hosts[region.place(index)].address
        stale = [region.tables(n) & {"moved_eni", "trusted_redirect"} for n in range(HOSTS)]
        assert stale == [set()] * HOSTS

    run(region, story)


class Failing:
    """A part that cannot be planned on one host while something is wrong."""

    def __init__(self, host_id: str) -> None:
        self.host_id = host_id
        self.wrong_with = ""

    def scopes(self, model: Model, facts: Facts, node: PhysicalHost) -> list[Scope]:
        """The host's interfaces."""
        return [Scope(NetworkInterface, "host", node.id)]

    def entries(self, subject: NetworkInterface, model: Model, facts: Facts, node: PhysicalHost) -> list[Entry]:
        """None, or an error."""
        if node.id == self.host_id and subject.instance_id == self.wrong_with:
            raise TableError("no room")
        return []


def test_what_cannot_be_planned_keeps_its_own_commit_pending_and_no_other(region: Region) -> None:
    part = Failing(region.hosts[0].id)

    async def story() -> None:
        region.service._options = Options(region.connect, region.give, b"key", parts=(part,))  # type: ignore[arg-type]
        await region.service.reload((part,))
        with region.ledger.transaction(OPERATOR, "Run") as tx:
            bad = run_instance(tx, region.subnet.id, host_id=region.hosts[0].id)
            part.wrong_with = bad.id
        failed = region.ledger.revision
        region.do(run_instance, region.subnet.id, host_id=region.hosts[0].id)
        later = max(region.ledger.model.network_interfaces.values(), key=lambda eni: eni.number)
        await asyncio.sleep(0.5)
        assert region.ledger.applied_revision == failed - 1
        assert region.ledger.is_available(later)
        part.wrong_with = ""
        region.service.replan()
        await region.applied()

    run(region, story)
