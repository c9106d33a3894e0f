"""One switch and the controller's talk with it: connected while both are there, brought to its plan, kept at it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from finsy.proto import p4r

from controller.errors import ControllerError
from controller.gates import gate_updates
from controller.model.observations import SwitchState
from controller.p4rt import Device, Program
from controller.plan.desired import Desired, Key
from controller.service.tables import Tables

_log = logging.getLogger(__name__)

FIRST_PAUSE = 0.05  # seconds before the next attempt; doubled each time
LONGEST_PAUSE = 2.0
CHECK_EACH = 10.0  # seconds between questions whether the switch still runs the program
ASK_EACH = 0.3  # seconds between questions whether a switch that is watched answers at all
ANSWERS_WITHIN = 1.0  # seconds


class LiveDevice(Device, Protocol):
    """A connection that can end."""

    async def runs(self, program: Program) -> bool:
        """Whether the switch runs the program."""
        ...

    async def answers(self, within: float) -> bool:
        """Whether the switch says anything within so many seconds."""
        ...

    async def ended(self) -> str:
        """Returns when the connection is of no more use; says why."""
        ...


Connect = Callable[[], AbstractAsyncContextManager[LiveDevice]]
Connected = Callable[["Node", LiveDevice], AbstractAsyncContextManager[object]]


@dataclass(frozen=True)
class Wanted:
    """What a switch is to run and hold; asked for whenever it is needed, so that it is never an old one."""

    program: Callable[[], Awaitable[Program]]
    plan: Callable[[], Desired]
    sessions: Callable[[], Iterable[int]]
    revision: Callable[[], int]
    problem: Callable[[], str | None]


class Node:
    """A switch with its plan. `run` is a task that never gives up; `changed` is told what is different."""

    def __init__(self, state: SwitchState, connect: Connect, wanted: Wanted) -> None:
        self.state = state
        self.device: LiveDevice | None = None
        self.kept = False  # whether the switch kept its tables when it last got a program
        self._gates: list[p4r.Update] = []
        self._connect = connect
        self._wanted = wanted
        self._dirty: set[Key] = set()
        self._waiting: list[tuple[asyncio.Future[None], frozenset[Key]]] = []
        self._news = asyncio.Event()
        self._everything = False
        self._connected: Callable[[Node, LiveDevice], AbstractAsyncContextManager[object]] = _nobody
        self._pause = FIRST_PAUSE
        self._listener: Callable[[bool], None] | None = None

    def on_connect(self, listener: Callable[[Node, LiveDevice], AbstractAsyncContextManager[object]]) -> None:
        """Enters the listener's context for as long as the switch is ready."""
        self._connected = listener

    def on_state(self, listener: Callable[[bool], None]) -> None:
        """Watches the switch: tells the listener when it is ready (True), and when it is lost or silent (False)."""
        self._listener = listener

    def changed(self, keys: Iterable[Key]) -> asyncio.Future[None]:
        """The entries of these keys are planned anew; the future is done when the switch holds them."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        wanted = frozenset(keys)
        self._dirty |= wanted
        self._waiting.append((future, wanted))
        self._news.set()
        return future

    def owes(self, futures: Iterable[asyncio.Future[None]]) -> bool:
        """Whether one of the futures waits for this switch."""
        return not {id(future) for future, _ in self._waiting}.isdisjoint(id(future) for future in futures)

    def again(self) -> None:
        """Looks at everything anew: program, sessions and all entries."""
        self._everything = True
        self._news.set()

    async def run(self) -> None:
        """Connects, brings the switch to its plan, keeps it there, and begins again when anything breaks."""
        while True:
            try:
                async with self._connect() as device:
                    self.device = device
                    await self._converse(device)
            except ControllerError as error:
                self._lost(str(error))
            except Exception as error:  # whatever it was, the switch must not be left alone
                _log.exception("switch_failed host=%s", self.state.name)
                self._lost(f"{type(error).__name__}: {error}")
            finally:
                self.device = None
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def close(self) -> None:
        """Nobody needs to wait for this switch any more."""
        for future, _ in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

    async def _converse(self, device: LiveDevice) -> None:
        end = asyncio.create_task(device.ended())
        watch: asyncio.Task[None] | None = None
        try:
            while not end.done():
                await self._from_the_beginning(device)
                if self._listener is not None and watch is None:
                    watch = asyncio.create_task(self._watch(device, self._listener))
                async with self._connected(self, device):
                    await self._keep(device, end)
        finally:
            for task in (end, watch):
                if task is not None:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
        self._lost(end.result())

    async def _from_the_beginning(self, device: LiveDevice) -> None:
        self._everything = False
        self.state = replace(self.state, state="programming")
        program = await self._wanted.program()
        self.kept = await device.set_program(program)
        self._tables = Tables(device)
        await self._tables.open_sessions(self._wanted.sessions())
        await self._tables.read()
        self._dirty.clear()
        self._gates = gate_updates(program.p4info)
        if not self._tables.entries:
            await self._open_gates(device)
        written = await self._write(self._tables.different(self._wanted.plan().entries))
        _log.info(
            "switch_ready host=%s revision=%d entries=%d wrote=%d", self.state.name, self.state.revision,
            self.state.entries, written,
        )  # fmt: skip
        self._pause = FIRST_PAUSE
        if self._listener is not None:
            self._listener(True)

    async def _keep(self, device: LiveDevice, end: asyncio.Task[str]) -> None:
        """Writes what changes, until the connection ends or everything is to be looked at anew."""
        while not end.done() and not self._everything:
            wait = CHECK_EACH if self.state.state == "ready" else LONGEST_PAUSE
            news = asyncio.create_task(self._news.wait())
            await asyncio.wait({news, end}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            if self._everything:
                return
            if self._news.is_set():
                self._news.clear()
                keys, self._dirty = self._dirty, set()
                await self._write(keys)
            elif not end.done():
                self._everything = self.state.state != "ready" or not await device.runs(await self._wanted.program())

    async def _watch(self, device: LiveDevice, listener: Callable[[bool], None]) -> None:
        """Asks all the time, because a switch that hangs closes no connection."""
        answered = True
        while True:
            await asyncio.sleep(ASK_EACH)
            before, answered = answered, await device.answers(ANSWERS_WITHIN)
            if answered != before:
                _log.warning("switch_%s host=%s", "answers" if answered else "silent", self.state.name)
                listener(answered)

    async def _write(self, keys: Iterable[Key]) -> int:
        """Brings the keys to the plan; tells those who wait. Returns how many entries differed."""
        revision = self._wanted.revision()
        written, refused = await self._tables.write(keys, self._wanted.plan().entries)
        if refused is None and self.device is not None:
            await self._open_gates(self.device)
        problem = refused or self._wanted.problem()
        state = "failed" if problem else "ready"
        if problem and problem != self.state.error:
            _log.error("switch_refused host=%s error=%r", self.state.name, problem)
        held = self.state.revision if problem else revision
        self.state = replace(self.state, state=state, error=problem, revision=held, entries=len(self._tables.entries))
        self._tell(everything=refused is None)
        return written

    async def _open_gates(self, device: LiveDevice) -> None:
        """Lets the router run its plugins, once after it got its program."""
        gates, self._gates = self._gates, []
        if gates:
            await device.write(gates)

    def _tell(self, *, everything: bool) -> None:
        plan = self._wanted.plan()
        still = []
        for future, keys in self._waiting:
            if future.done():
                continue
            if not keys & self._dirty and (everything or self._tables.agree(keys, plan.entries)):
                future.set_result(None)
            else:
                still.append((future, keys))
        self._waiting = still

    def _lost(self, error: str) -> None:
        if error != self.state.error or self.state.state == "ready":
            _log.warning("switch_lost host=%s error=%r", self.state.name, error)
        self.state = replace(self.state, state="connecting", error=error)
        if self._listener is not None:
            self._listener(False)


@contextlib.asynccontextmanager
async def _nobody(node: Node, device: LiveDevice):
    yield
