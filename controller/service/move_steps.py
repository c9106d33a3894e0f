"""The steps of moves: an interface's new host is made ready, others are told, the old host passes on, and forgets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from controller.flow_tables import Carried
from controller.model import Model, NetworkInterface
from controller.p4rt import TableError
from controller.plan.mapping import MappingPlan, Move, Phase
from controller.service.feed import MappingFeed, Place
from controller.service.moves import in_phase, without

UNDER_WAY = 1.0  # seconds that packets may be under way to an old host after everybody knows the new one
PATIENCE = 2.0  # seconds that a step of a move waits for a switch that is not there


class Programming(Protocol):
    """What the steps need of the loop between the ledger and the switches."""

    @property
    def model(self) -> Model:
        """The region as it is."""
        ...

    @property
    def mapping_plan(self) -> MappingPlan:
        """The moves under way, among others."""
        ...

    async def carry_flows(self, eni: NetworkInterface, old_host_id: str, carried: Carried) -> None:
        """Copies an interface's flows from its old host to its new one."""
        ...

    def set_moves(self, plan: MappingPlan) -> list[asyncio.Future[None]]:
        """Plans with these moves; the futures are done when the switches hold it."""
        ...

    async def patiently(self, futures: Iterable[asyncio.Future[None]]) -> list[asyncio.Future[None]]:
        """Waits for switches that are there; those of the others are returned."""
        ...

    async def push(self, places: set[Place]) -> None:
        """Tells all who hold something about these places; returns when they know or are fenced."""
        ...


@dataclass(eq=False)
class Round:
    """The moves of one commit. `over`: all its steps are, or those of the moves that took over."""

    plugged: dict[str, asyncio.Event]
    over: asyncio.Future[None]
    successors: set[Round] = field(default_factory=set)


class MoveSteps:
    """Takes interfaces through the steps of their moves; the latest move of an interface takes over from an older one.

    While an interface is not at its new host, a move to another one replaces the first. From the moment the old host
    passes on until all have been told, the next move waits.
    """

    def __init__(self, programming: Programming, feed: MappingFeed | None, plug_wait: float) -> None:
        self._programming = programming
        self._feed = feed
        self._plug_wait = plug_wait
        self._latest: dict[str, Round] = {}
        self._expected: dict[str, asyncio.Event] = {}  # by interfaces whose moves have not begun

    def plugged(self, eni_id: str) -> None:
        """Says that an interface that moves is plugged in at its new host: now the old one may pass on."""
        if eni_id in self._expected:
            self._expected[eni_id].set()
        elif eni_id in self._latest:
            self._latest[eni_id].plugged[eni_id].set()

    def expect(self, begun: Iterable[Move]) -> None:
        """Takes note of moves that are going to begin: who plugs them in may say so before their turn comes."""
        self._expected |= {move.eni_id: asyncio.Event() for move in begun}

    async def room_for(self, begun: Iterable[Move]) -> None:
        """Waits for moves of the same interfaces that cannot be replaced any more, but no longer than a while."""
        plan = self._programming.mapping_plan
        phases = {move.eni_id: move.phase for move in plan.moves}
        held = [move.eni_id for move in begun if phases.get(move.eni_id) == "switched"]
        rounds = {self._latest[eni_id] for eni_id in held if eni_id in self._latest}
        if rounds:
            await asyncio.wait([asyncio.shield(one.over) for one in rounds], timeout=PATIENCE)

    def begin(self, begun: Sequence[Move]) -> Round:
        """Takes over the interfaces; to be called in the same breath as the plan gets the moves."""
        events = {move.eni_id: self._expected.pop(move.eni_id, None) or asyncio.Event() for move in begun}
        this = Round(events, asyncio.get_running_loop().create_future())
        for eni_id in events:
            before = self._latest.get(eni_id)
            if before is not None:
                before.successors.add(this)
                before.plugged[eni_id].set()
            self._latest[eni_id] = this
        return this

    async def carry_out(self, this: Round, ready: Sequence[asyncio.Future[None]], places: set[Place]) -> None:
        """Returns when all hosts act on the new place, and the old ones pass on what still arrives."""
        programming = self._programming
        try:
            late = await programming.patiently(ready)
            carried = await self._carry(this, {})
            await programming.push(places)
            await self._until_plugged(this)
            ours = self._ours(this)
            await self._carry(this, carried)
            late += await programming.patiently(self._in_phase(ours, "switched"))
            self._hand_over(ours)
            late += self._in_phase(self._ours(this), "announced")
            await programming.push(places)
            await asyncio.gather(*late, *(asyncio.shield(other.over) for other in this.successors))
        finally:
            if not this.over.done():
                this.over.set_result(None)

    async def _carry(self, this: Round, carried: dict[str, Carried]) -> dict[str, Carried]:
        """Copies flows to the new hosts, but those that are there as they are. A silent switch holds up nothing."""
        for eni_id in self._ours(this):
            move = self._programming.mapping_plan.move_of(eni_id)
            eni = self._programming.model.network_interfaces.get(eni_id)
            if eni is not None and move is not None:
                known = carried.setdefault(eni_id, {})
                with suppress(TimeoutError, TableError):
                    await asyncio.wait_for(self._programming.carry_flows(eni, move.old_host_id, known), PATIENCE)
        return carried

    async def end(self, this: Round, places: set[Place]) -> None:
        """Lets the old hosts forget the interfaces, when nothing can be under way to them any more."""
        await asyncio.sleep(UNDER_WAY)
        ours = set(self._ours(this))
        plan = self._programming.mapping_plan
        plan = without(plan, [move for move in plan.moves if move.eni_id in ours])
        await self._programming.patiently(self._programming.set_moves(plan))
        if self._feed is not None:
            self._feed.settle(places, self._programming.mapping_plan)
        for eni_id in self._ours(this):
            del self._latest[eni_id]

    def _ours(self, this: Round) -> list[str]:
        """The interfaces that have not been moved again since."""
        return [eni_id for eni_id in this.plugged if self._latest.get(eni_id) is this]

    def _in_phase(self, eni_ids: Sequence[str], phase: Phase) -> list[asyncio.Future[None]]:
        plan = in_phase(self._programming.mapping_plan, eni_ids, phase)
        return self._programming.set_moves(plan)

    def _hand_over(self, eni_ids: Sequence[str]) -> None:
        """Tells the new hosts what the old ones knew of the VPC."""
        plan = self._programming.mapping_plan
        if self._feed is None or plan.policy != "on-demand":
            return
        for eni_id in eni_ids:
            eni, move = self._programming.model.network_interfaces.get(eni_id), plan.move_of(eni_id)
            if eni is not None and move is not None:
                self._feed.hand_over(eni, move.old_host_id)

    async def _until_plugged(self, this: Round) -> None:
        if self._plug_wait:
            with suppress(TimeoutError):
                await asyncio.wait_for(
                    asyncio.gather(*(event.wait() for event in this.plugged.values())), self._plug_wait
                )
