"""The loop between ledger and switches, with switches that only remember."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from finsy.proto import p4r

from controller.actions.accounts import create_account
from controller.actions.hosts import create_host, modify_host
from controller.actions.instances import move_instance, run_instance
from controller.actions.region import modify_region
from controller.actions.subnets import create_subnet
from controller.actions.vpcs import create_vpc
from controller.model import Instance, PhysicalHost
from controller.model.transaction import OPERATOR
from controller.p4rt import Entry, Program, Schema, TableError
from controller.service import Options, Service
from controller.store import Ledger, Store
from tests.controller.conftest import MemorySwitch
from topologies import programs


class Remembering(MemorySwitch):
    """A switch that remembers, may be away, and may refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.full = False
        self.gone = asyncio.Event()

    async def set_program(self, program: Program) -> bool:
        self.programs.append(program)
        return True

    async def verify(self, program: Program) -> None:
        """It could."""

    async def runs(self, program: Program) -> bool:
        return True

    async def answers(self, within: float) -> bool:
        return not self.away

    async def ended(self) -> str:
        await self.gone.wait()
        return "gone"

    async def write(self, updates: Sequence[p4r.Update]) -> None:
        if self.full and any(update.type == p4r.Update.INSERT for update in updates):
            raise TableError("memory: table full")
        await super().write(updates)

    async def read(self, entities: Sequence[p4r.Entity]) -> list[p4r.Entity]:
        tables = entities[0].WhichOneof("entity") == "table_entry"
        return await super().read(entities) if tables else []


class World:
    """A ledger with two hosts, a VPC and an instance on the first, and a service that programs them."""

    def __init__(self, path: Path, program: Program, plug_wait: float = 0) -> None:
        self.schema = Schema(program.p4info)
        self.program = program
        self.ledger = Ledger(Store(path))
        self.switches: dict[str, Remembering] = {}
        options = Options(self.connect, self.give, b"key", plug_wait=plug_wait)  # type: ignore[arg-type]
        self.service = Service(self.ledger, options)
        with self.ledger.transaction(OPERATOR, "Begin") as tx:
            account = create_account(tx, "shop")
            self.hosts = [create_host(tx, name, IPv4Address(f"172.31.0.{n}")) for n, name in enumerate("ab", start=1)]
            vpc = create_vpc(tx, IPv4Network("10.0.0.0/16"), account_id=account.id)
            self.subnet = create_subnet(tx, vpc.id, IPv4Network("10.0.1.0/24"))
            self.web = run_instance(tx, self.subnet.id, host_id=self.hosts[0].id)

    async def give(self, name: str) -> Program:
        return self.program

    def connect(self, host: PhysicalHost) -> Callable[[], object]:
        @asynccontextmanager
        async def connection() -> AsyncIterator[Remembering]:
            switch = self.switches.setdefault(host.id, Remembering())
            if switch.away:
                raise TableError("nobody answers")
            switch.gone = asyncio.Event()
            yield switch

        return connection

    def do(self, action: Callable[..., object], *args: object, **more: object) -> None:
        """An operator's action, committed."""
        with self.ledger.transaction(OPERATOR, "Act") as tx:
            action(tx, *args, **more)

    def manage(self) -> None:
        """Both hosts get a switch."""
        for number, host in enumerate(self.hosts, start=1):
            self.do(modify_host, host.id, switch=f"127.0.0.1:{number}")

    async def applied(self) -> None:
        """Returns when every switch has everything."""
        async with asyncio.timeout(20):
            while self.ledger.applied_revision < self.ledger.revision:
                await asyncio.sleep(0.005)

    def tables(self, index: int) -> set[str]:
        """The tables of a host's switch that hold something."""
        return {self.schema.decode(entry).table for entry in self.switches[self.hosts[index].id].entries.values()}

    def entries(self, index: int, table: str) -> list[Entry]:
        """The entries of one table of a host's switch."""
        entries = map(self.schema.decode, self.switches[self.hosts[index].id].entries.values())
        return [entry for entry in entries if entry.table == table]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "region.db", programs.compiled("vrouter"))


def run(world: World, story: Callable[[], object]) -> None:
    """Runs a story while the service works."""

    async def whole() -> None:
        await world.service.start()
        try:
            await story()  # type: ignore[misc]
        finally:
            await world.service.stop()
            world.ledger.store.close()

    asyncio.run(whole())


def test_without_switches_everything_is_available_at_once(world: World) -> None:
    async def story() -> None:
        world.do(run_instance, world.subnet.id)
        assert world.ledger.applied_revision == world.ledger.revision

    run(world, story)


def test_settings_from_before_the_first_switch_count(world: World) -> None:
    async def story() -> None:
        world.do(modify_region, mapping_policy="preload")
        world.manage()
        await world.applied()
        assert "mapping_server" not in world.tables(0)
        assert world.entries(1, "mapping_policy") == []

    run(world, story)


def test_a_resource_is_pending_until_its_switch_holds_it(world: World) -> None:
    async def story() -> None:
        world.manage()
        await world.applied()
        world.do(run_instance, world.subnet.id, host_id=world.hosts[1].id)
        eni = max(world.ledger.model.network_interfaces.values(), key=lambda eni: eni.number)
        assert not world.ledger.is_available(eni)
        await world.applied()
        assert world.ledger.is_available(eni)
        assert len(world.entries(1, "eni_port")) == 1

    run(world, story)


def test_what_a_switch_refuses_is_told_and_tried_again(world: World) -> None:
    async def story() -> None:
        world.manage()
        await world.applied()
        switch = world.switches[world.hosts[1].id]
        switch.full = True
        world.do(run_instance, world.subnet.id, host_id=world.hosts[1].id)
        await asyncio.sleep(0.2)
        (state,) = [state for state in world.service.switches() if state.host_id == world.hosts[1].id]
        assert (state.state, state.error) == ("failed", "memory: table full")
        assert world.ledger.applied_revision < world.ledger.revision
        switch.full = False
        await world.applied()

    run(world, story)


def test_a_switch_that_lost_everything_gets_everything(world: World) -> None:
    async def story() -> None:
        world.manage()
        await world.applied()
        switch = world.switches[world.hosts[0].id]
        before = dict(switch.entries)
        switch.entries.clear()
        switch.gone.set()
        async with asyncio.timeout(10):
            while switch.entries != before:
                await asyncio.sleep(0.01)

    run(world, story)


def test_an_instance_leaves_a_host_that_does_not_answer(world: World) -> None:
    async def story() -> None:
        world.manage()
        await world.applied()
        first = world.switches[world.hosts[0].id]
        first.away = True
        first.gone.set()
        await asyncio.sleep(0.1)
        instance = world.ledger.model.table(Instance)[world.web.id]
        world.do(move_instance, instance.id, world.hosts[1].id)
        async with asyncio.timeout(15):
            while not world.entries(1, "local_eni"):
                await asyncio.sleep(0.01)
        assert world.ledger.applied_revision < world.ledger.revision
        first.away = False
        await world.applied()

    run(world, story)


def test_a_move_leaves_nothing_on_the_old_host(world: World) -> None:
    async def story() -> None:
        world.manage()
        await world.applied()
        world.do(move_instance, world.web.id, world.hosts[1].id)
        await world.applied()
        assert len(world.entries(0, "moved_eni")) == 1
        assert len(world.entries(1, "local_eni")) == 1
        async with asyncio.timeout(10):
            while world.tables(0) & {"moved_eni", "eni_port", "eni_address", "local_eni"}:
                await asyncio.sleep(0.05)

    run(world, story)


def test_the_old_host_passes_nothing_on_before_the_instance_is_plugged_in_at_the_new_one(tmp_path: Path) -> None:
    world = World(tmp_path / "region.db", programs.compiled("vrouter"), plug_wait=60)

    async def story() -> None:
        world.manage()
        await world.applied()
        world.do(move_instance, world.web.id, world.hosts[1].id)
        async with asyncio.timeout(10):
            while "local_eni" not in world.tables(1):
                await asyncio.sleep(0.005)
        await asyncio.sleep(0.1)
        assert "moved_eni" not in world.tables(0)

        world.service.plugged(world.ledger.model.interface_of(world.web).id)

        await world.applied()
        assert "moved_eni" in world.tables(0)

    run(world, story)


def test_who_plugs_an_instance_in_may_be_faster_than_the_controller(tmp_path: Path) -> None:
    world = World(tmp_path / "region.db", programs.compiled("vrouter"), plug_wait=60)

    async def story() -> None:
        world.manage()
        await world.applied()
        world.do(move_instance, world.web.id, world.hosts[1].id)
        world.service.plugged(world.ledger.model.interface_of(world.web).id)

        await world.applied()

        assert "moved_eni" in world.tables(0)

    run(world, story)


def test_a_host_that_is_no_longer_managed_holds_nothing_up(world: World) -> None:
    async def story() -> None:
        world.manage()
        await world.applied()
        switch = world.switches[world.hosts[1].id]
        switch.away = True
        switch.gone.set()
        await asyncio.sleep(0.1)
        world.do(run_instance, world.subnet.id, host_id=world.hosts[1].id)
        await asyncio.sleep(0.1)
        assert world.ledger.applied_revision < world.ledger.revision
        host = world.ledger.model.hosts[world.hosts[1].id]
        world.do(modify_host, host.id, switch="")
        await world.applied()

    run(world, story)
