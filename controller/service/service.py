"""The loop between the ledger and the switches: plans what a commit concerns, writes it, and says when it is done."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.errors import ControllerError
from controller.flow_tables import Carried, FlowTables
from controller.mapping.histogram import Histogram
from controller.mapping.server import MappingServer
from controller.model import Change, Model, NetworkInterface, PhysicalHost, RegionSettings
from controller.model.observations import SwitchState
from controller.p4rt import Program, Schema
from controller.plan.desired import Desired
from controller.plan.edge_parts import ALL_PARTS
from controller.plan.flows import FlowPlan
from controller.plan.mapping import MappingPlan
from controller.plan.parts import Facts, Part
from controller.plan.planner import Changed, Planner
from controller.service.feed import MappingFeed, Place
from controller.service.lab import QUESTIONS_SESSION
from controller.service.move_steps import PATIENCE, MoveSteps, Round
from controller.service.moves import moves_in, with_moves
from controller.service.node import Connect, Connected, LiveDevice, Node, Wanted
from controller.service.unplanned import UnplannedCommits
from controller.store import Committed, Ledger
from controller.store.notes import Notes

_log = logging.getLogger(__name__)

RELOAD_PATIENCE = 60.0  # seconds that switches get to load another program


@dataclass(frozen=True)
class Options:
    """What a service is given: how to reach a switch, its program, secrets, and who else has a say in the plan."""

    connect: Callable[[PhysicalHost], Connect]
    program: Callable[[str], Awaitable[Program]]  # by name, such as "vrouter"
    key: bytes
    parts: Sequence[Part] = ()
    connected: Connected | None = None  # a context to be in with each switch that is ready
    plug_wait: float = 0.0  # seconds that a move waits for `plugged`, after the new host is ready


class Service:
    """Programs the switches of a ledger's region; `start` and `stop` in the event loop of those who change it."""

    def __init__(self, ledger: Ledger, options: Options, mapping: MappingServer | None = None) -> None:
        self._ledger = ledger
        self._options = options
        self._notes = Notes(ledger.store)
        self._feed = None if mapping is None else MappingFeed(mapping, ledger.model, self._notes.next_version)
        self._commits: asyncio.Queue[Committed] = asyncio.Queue()
        self._nodes: dict[str, Node] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loops: dict[str, asyncio.Task[None]] = {}
        self._planner: Planner | None = None
        self._schemas: dict[str, Schema] = {}
        self._problem: str | None = None
        self._mapping = MappingPlan()
        self._unsubscribe: Callable[[], None] = lambda: None
        self.flow_tables: FlowTables | None = None
        self._moves = MoveSteps(self, self._feed, options.plug_wait)
        self._unplanned = UnplannedCommits()
        self.latency = Histogram()

    @property
    def model(self) -> Model:
        """The region as it is."""
        return self._ledger.model

    @property
    def mapping_plan(self) -> MappingPlan:
        """How routers learn who hosts what, and the moves under way."""
        return self._mapping

    async def carry_flows(self, eni: NetworkInterface, old_host_id: str, carried: Carried) -> None:
        """Copies an interface's flows from its old host to its new one."""
        if self.flow_tables is not None:
            await self.flow_tables.carry(eni, old_host_id, FlowPlan(key=self._options.key).secret, carried)

    def plugged(self, eni_id: str) -> None:
        """Says that an interface that moves is plugged in at its new host: now the old one may pass on."""
        self._moves.plugged(eni_id)

    def latencies(self) -> dict[str, Histogram]:
        """How long changes took: until the last switch had them, and until the last holder of a mapping had."""
        found = {"programming": self.latency}
        return found if self._feed is None else {**found, "mapping": self._feed.latency}

    def switches(self) -> list[SwitchState]:
        """How far each switch is."""
        states = {node.state.host_id: node.state for node in self._nodes.values()}
        kind = "failed" if self._problem else "connecting"
        for host in self._managed():
            states.setdefault(host.id, SwitchState(host.id, host.name, host.switch, kind, error=self._problem))
        return list(states.values())

    async def start(self) -> None:
        """Brings everything to the region as it is, and follows it from now on; returns before that is done."""
        ledger, model = self._ledger, self._ledger.model
        applied = self._notes.applied_revision()
        ledger.applied(min(applied or 0, ledger.revision))
        missed = [] if applied is None else [change for _, change in ledger.store.changes_after(applied)]
        self._mapping = self._settings()
        self._mapping = with_moves(self._mapping, model, moves_in(missed, model, phase="announced"))
        if self._feed is not None:
            self._feed.load(assume_holders=applied is not None and self._mapping.policy == "on-demand")
        self._unsubscribe = ledger.subscribe(self._committed)
        if not self._managed() and (self._feed is None or not missed):
            ledger.applied(ledger.revision)
        self._do(self._work(missed, ledger.revision))

    def devices(self) -> dict[str, LiveDevice]:
        """The switches that are reached, by host id."""
        return {host_id: node.device for host_id, node in self._nodes.items() if node.device is not None}

    def programs_in_use(self) -> list[str]:
        """The names of the programs that the region's switches run."""
        return sorted({host.program for host in self._managed()})

    async def verify(self, programs: Mapping[str, Program]) -> None:
        """TableError when a switch that is reached could not run its program; changes nothing."""
        for host_id, device in self.devices().items():
            await device.verify(programs[self._ledger.model.hosts[host_id].program])

    def replan(self) -> None:
        """Plans everything from the beginning and writes what is different: something beside the model has changed."""
        if self._planner is not None:
            self._send(self._planner.replan(self._facts()))

    async def reload(self, parts: Sequence[Part]) -> dict[str, bool]:
        """Goes on with the program and the parts that there are now; TableError when a switch refuses the program.

        Nothing is changed unless all that are reached could run it. Returns when these hold everything: by host id,
        whether what they held before was kept.
        """
        programs = {name: await self._options.program(name) for name in self.programs_in_use()}
        await self.verify(programs)
        self._options = replace(self._options, parts=parts)
        self._schemas = {name: Schema(program.p4info) for name, program in programs.items()}
        planner = Planner(self._ledger.model, self._schemas, (*ALL_PARTS, *parts), self._facts())
        for host_id in self._nodes:
            planner.add(host_id)
        self._planner = planner
        reached = self.devices()
        futures = []
        for host_id, node in self._nodes.items():
            future = node.changed(planner.plans[host_id].entries)
            node.again()
            futures += [future] if host_id in reached else []
        await asyncio.wait(futures, timeout=RELOAD_PATIENCE) if futures else None
        return {host_id: self._nodes[host_id].kept for host_id in reached if host_id in self._nodes}

    async def stop(self) -> None:
        """Ends all connections; switches keep what they hold."""
        self._unsubscribe()
        tasks = [*self._tasks, *self._loops.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._notes.close(self._ledger)

    def _settings(self) -> MappingPlan:
        settings = self._ledger.model.settings
        return replace(
            self._mapping,
            policy=settings.mapping_policy,  # type: ignore[arg-type]
            service=settings.mapping_service,
            gateway_host_id=settings.gateway_host_id,
            key=self._options.key,
        )

    def _facts(self) -> Facts:
        return Facts(self._mapping, FlowPlan(key=self._options.key))

    def _managed(self) -> list[PhysicalHost]:
        return [host for host in self._ledger.model.hosts.values() if host.switch]

    # -- commits --------------------------------------------------------------------------------------------------

    def _committed(self, committed: Committed) -> None:
        if self._options.plug_wait:  # who plugs them in may say so before the commit's turn comes
            self._moves.expect(moves_in(committed.changes, self._ledger.model))
        quiet = self._commits.empty() and not self._nodes and not self._managed()
        if quiet and self._feed is None:
            self._ledger.acknowledged(committed.revision)
            self._notes.applied_soon(self._ledger)
        else:
            self._commits.put_nowait(committed)

    async def _work(self, missed: Sequence[Change], last: int) -> None:
        """Carries out one commit after the other, beginning with what was perhaps not carried out before a restart."""
        futures = [await self._add(host) for host in self._managed()]
        places = set() if self._feed is None else self._feed.places(missed)
        revisions = range(self._ledger.applied_revision + 1, last + 1)
        moving = self._moves.begin(self._mapping.moves) if self._mapping.moves else None
        self._do(self._caught_up(futures, places, moving, revisions))
        while True:
            committed = await self._commits.get()
            try:
                await self._carry_out(committed)
            except Exception:  # what follows must go on; this revision stays pending
                _log.exception("commit_failed revision=%d", committed.revision)

    async def _carry_out(self, committed: Committed) -> None:
        begin = time.perf_counter() - max(0.0, time.time() - committed.time)
        model = self._ledger.model
        begun = moves_in(committed.changes, model)
        if begun:
            await self._moves.room_for(begun)
            begun = moves_in(committed.changes, model)
        moving = self._moves.begin(begun) if begun else None
        self._mapping = with_moves(self._settings(), model, begun)
        places = set() if self._feed is None else self._feed.places(committed.changes)
        futures = await self._plan(committed.changes)
        self._do(self._finish(committed.revision, futures, places, moving, begin))

    async def _plan(self, changes: Sequence[Change]) -> list[asyncio.Future[None]]:
        """Plans what changes concern; the futures are done when the switches hold it."""
        if any(isinstance(change.subject, RegionSettings) for change in changes):
            self._mapping = self._settings()
            futures = self._send(self._planner.replan(self._facts()) if self._planner else {})
            for node in self._nodes.values():
                node.again()
        else:
            futures = self._send(self._planner.update(changes, self._facts()) if self._planner else {})
        for change in changes:
            if isinstance(change.subject, PhysicalHost):
                futures += await self._host_changed(change)
        return futures

    async def _host_changed(self, change: Change) -> list[asyncio.Future[None]]:
        before, after = change.before, self._ledger.model.hosts.get(change.subject.id)
        old = self._nodes.get(change.subject.id)
        if old is not None and (after is None or not _same_switch(before, after)):
            await self._remove(change.subject.id)
            old = None
        if after is None or not after.switch:
            return []
        if old is not None:
            assert self._planner is not None
            return self._send({after.id: self._planner.add(after.id)})
        return [await self._add(after)]

    async def _finish(
        self,
        revision: int,
        futures: Sequence[asyncio.Future[None]],
        places: set[Place],
        moving: Round | None,
        begin: float,
    ) -> None:
        """Waits for the switches, tells the holders of mappings, goes through the steps of moves; then all is done."""
        if moving is not None:
            await self._moves.carry_out(moving, futures, places)
        else:
            await asyncio.gather(*futures)
            await self.push(places)
        self._ledger.acknowledged(revision)
        self._notes.applied_soon(self._ledger)
        self.latency.add(time.perf_counter() - begin)
        _log.info("applied revision=%d ms=%.1f", revision, (time.perf_counter() - begin) * 1000)
        if moving is not None:
            await self._moves.end(moving, places)

    async def patiently(self, futures: Iterable[asyncio.Future[None]]) -> list[asyncio.Future[None]]:
        """Waits, but no longer than a while for a switch that is away: its instances must be able to leave it."""
        waiting = set(futures)
        while waiting:
            _, waiting = await asyncio.wait(waiting, timeout=PATIENCE)
            if all(node.state.state == "connecting" for node in self._nodes.values() if node.owes(waiting)):
                break
        return list(waiting)

    async def push(self, places: set[Place]) -> None:
        """Tells all who hold something about these places; returns when they know or are fenced."""
        if self._feed is not None and places:
            await self._feed.push(places, self._mapping)

    def set_moves(self, plan: MappingPlan) -> list[asyncio.Future[None]]:
        """Plans with these moves; the futures are done when the switches hold it."""
        self._mapping = with_moves(plan, self._ledger.model)
        return self._send(self._planner.update((), self._facts()) if self._planner else {})

    def _send(self, changed: Changed) -> list[asyncio.Future[None]]:
        futures = [self._nodes[node_id].changed(keys) for node_id, keys in changed.items() if node_id in self._nodes]
        return futures if self._planner is None else [*futures, *self._unplanned.after(self._planner, futures)]

    # -- nodes ----------------------------------------------------------------------------------------------------

    async def _caught_up(
        self,
        futures: Sequence[asyncio.Future[None]],
        places: set[Place],
        moving: Round | None,
        revisions: Iterable[int],
    ) -> None:
        await asyncio.gather(*futures)
        await self.push(places)
        for revision in revisions:
            self._ledger.acknowledged(revision)
        self._notes.applied_soon(self._ledger)
        if moving is not None:
            await self._moves.end(moving, places)

    async def _add(self, host: PhysicalHost) -> asyncio.Future[None]:
        planner = await self._planner_for(host.program)
        planner.add(host.id)
        wanted = Wanted(
            program=lambda: self._options.program(host.program),
            plan=lambda: self._plan_of(host.id),
            sessions=lambda: self._sessions(host),
            revision=lambda: self._ledger.revision,
            problem=lambda: self._planner.problem(host.id) if self._planner else None,
        )
        node = Node(SwitchState(host.id, host.name, host.switch), self._options.connect(host), wanted)
        if self._options.connected is not None:
            node.on_connect(self._options.connected)
        if host.program == "blackfoot":
            node.on_state(lambda alive: self._edge_alive(host, alive=alive))
        self._nodes[host.id] = node
        future = node.changed(self._plan_of(host.id).entries)
        self._loops[host.id] = asyncio.create_task(node.run(), name=f"switch {host.name}")
        return future

    def _sessions(self, host: PhysicalHost) -> Sequence[int]:
        asks = host.program == "vrouter" and self._mapping.policy == "on-demand"
        return (QUESTIONS_SESSION,) if asks else ()

    def _edge_alive(self, host: PhysicalHost, *, alive: bool) -> None:
        """An edge that does not answer takes no flows: routers share its ways out among the others, at once."""
        lost = self._mapping.lost - {host.id} if alive else self._mapping.lost | {host.id}
        if lost == self._mapping.lost or self._planner is None:
            return
        _log.warning("edge_%s host=%s", "back" if alive else "lost", host.name)
        self._mapping = replace(self._mapping, lost=frozenset(lost))
        self._send(self._planner.update((), self._facts()))

    async def _planner_for(self, program: str) -> Planner:
        """The planner, which knows this program's tables."""
        while program not in self._schemas:
            try:
                self._schemas[program] = Schema((await self._options.program(program)).p4info)
                self._problem = None
            except ControllerError as error:
                if str(error) != self._problem:
                    _log.error("program_failed error=%r", str(error))
                self._problem = str(error)
                await asyncio.sleep(PATIENCE)
        if self._planner is None:
            parts = (*ALL_PARTS, *self._options.parts)
            self._planner = Planner(self._ledger.model, self._schemas, parts, self._facts())
        return self._planner

    async def _remove(self, host_id: str) -> None:
        task = self._loops.pop(host_id)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._nodes.pop(host_id).close()
        if self._planner is not None:
            self._planner.remove(host_id)

    def _plan_of(self, host_id: str) -> Desired:
        assert self._planner is not None
        return self._planner.plans[host_id]

    def _do(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _same_switch(before: object, after: PhysicalHost) -> bool:
    return isinstance(before, PhysicalHost) and (before.switch, before.device_id, before.program) == (
        after.switch,
        after.device_id,
        after.program,
    )


async def _logged(work: Awaitable[None]) -> None:
    try:
        await work
    except asyncio.CancelledError:
        raise
    except Exception:
        _log.exception("controller_failed")
