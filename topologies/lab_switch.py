"""One switch of the lab: an engine on virtual time behind the P4Runtime service, without gRPC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from finsy.proto import p4r

from controller.p4rt import Program, Schema, TableError
from switch.engine.build import BuildOptions
from switch.engine.engine import Engine
from switch.engine.explain import Explainer
from switch.engine.values import ActionCall, Clock, Target
from switch.p4runtime.errors import P4RuntimeError
from switch.p4runtime.explain import documents
from switch.p4runtime.service import P4RuntimeService
from switch.p4runtime.target import EventHandler, Handover, PacketInHandler

_ACTIONS = p4r.SetForwardingPipelineConfigRequest
_ELECTION = p4r.Uint128(low=1)
_BY_PORT = "port_drops"


class LabTarget:
    """What the P4Runtime service drives: an engine, and no ports of its own."""

    def __init__(self, device_id: int, options: BuildOptions | None = None) -> None:
        self.device_id = device_id
        self.engine: Engine | None = None
        self._options = options
        self._packet_in: PacketInHandler | None = None
        self._event: EventHandler | None = None

    def load(self, config: bytes, *, keep: bool, handover: Handover | None = None) -> list[str]:
        """Loads a program; with `keep`, what still fits is taken over. `handover` fills what the engine does not."""
        engine = Engine(config, clock=Clock.VIRTUAL, options=self._options)
        if handover is not None:
            handover.fill(engine)
        kept = engine.adopt(self.engine) if keep and self.engine is not None else []
        if handover is not None:
            handover.settle(kept)
        if self.engine is not None:
            self.engine.close()
        self.engine = engine
        return kept

    def packet_out(self, data: bytes) -> None:
        """Not in the lab's first form."""
        raise TableError("the lab has no CPU port yet")

    def subscribe(self, packet_in: PacketInHandler, event: EventHandler) -> None:
        """Remembers who wants packets and events."""
        self._packet_in, self._event = packet_in, event


class LabSwitch:
    """A switch as the controller sees it (`controller.p4rt.Device`), and as the lab's wires see it."""

    def __init__(self, name: str, device_id: int, options: BuildOptions | None = None) -> None:
        self.name = name
        self._target = LabTarget(device_id, options)
        self._service = P4RuntimeService(self._target)
        self._drop_reasons: dict[int, str] = {}
        self._explainer: Explainer | None = None
        self._cookie: int | None = None
        self._device_id = device_id
        claim = p4r.MasterArbitrationUpdate(device_id=device_id, election_id=_ELECTION)
        stream = self._service.open_stream(lambda _: None, name)
        stream.handle(p4r.StreamMessageRequest(arbitration=claim))

    async def set_program(self, program: Program) -> bool:
        """Makes the switch run the program; what it holds is kept where it fits. Says whether it held anything."""
        if self._cookie == program.cookie:
            return True
        keep = self._cookie is not None
        self._configure(program, _ACTIONS.RECONCILE_AND_COMMIT if keep else _ACTIONS.VERIFY_AND_COMMIT)
        self._cookie = program.cookie
        self._drop_reasons = {cell: name for name, cell in Schema(program.p4info).enum("drop_reason_t").items()}
        return keep

    async def verify(self, program: Program) -> None:
        """TableError when the switch could not run the program; changes nothing."""
        self._configure(program, _ACTIONS.VERIFY)

    def _configure(self, program: Program, action: _ACTIONS.Action.ValueType) -> None:
        request = _ACTIONS(device_id=self._device_id, election_id=_ELECTION, action=action)
        request.config.p4info.CopyFrom(program.p4info)
        request.config.p4_device_config = program.blob
        request.config.cookie.cookie = program.cookie
        try:
            self._service.set_pipeline(request)
        except P4RuntimeError as error:
            raise TableError(f"{self.name}: {error}") from None

    async def write(self, updates: Sequence[p4r.Update]) -> None:
        """Carries out the updates in order; TableError with the switch's words when one is refused."""
        request = p4r.WriteRequest(device_id=self._device_id, election_id=_ELECTION, updates=updates)
        try:
            self._service.write(request)
        except P4RuntimeError as error:
            reasons = [detail.message for detail in error.details if detail.canonical_code]
            raise TableError(f"{self.name}: {reasons[0] if reasons else error}") from None

    async def read(self, entities: Sequence[p4r.Entity]) -> list[p4r.Entity]:
        """Reads entities, wildcards as P4Runtime has them."""
        request = p4r.ReadRequest(device_id=self._device_id, entities=entities)
        return [entity for response in self._service.read(request) for entity in response.entities]

    def process(self, port: int, frame: bytes) -> list[tuple[int, bytes]]:
        """Lets a frame in; returns what leaves, as (port, frame)."""
        return self._running().process(port, frame)

    def process_batch(self, frames: Sequence[tuple[int, bytes]]) -> list[tuple[int, int, bytes]]:
        """Lets frames in, as (port, frame); returns (index of the one that caused it, port, frame) for what leaves."""
        return self._running().process_batch(frames)

    def explain(self, port: int, frame: bytes) -> list[dict[str, Any]]:
        """What a frame would do that came in by `port`, as documents; nothing is changed."""
        engine = self._running()
        if self._explainer is None or self._explainer.engine is not engine:
            self._explainer = Explainer(engine)
        return documents(self._explainer.explain(port, frame))

    def set_time(self, microseconds: int) -> None:
        """Sets the virtual clock."""
        self._running().set_time(microseconds)

    def counters(self) -> dict[str, int]:
        """Packets by `counter.cell` (drop reasons by name) and by `table.action`."""
        found: Counter[str] = Counter()
        engine = self._running()
        for name, counter in engine.counters.items():
            if name == _BY_PORT:
                continue  # the same drops again, in a cell for each port and reason
            for cell, (packets, _) in enumerate(counter.read_all()):
                if packets:
                    found[f"{name}.{self._cell(name, cell)}"] = packets
        for name, table in engine.tables.items():
            if table.spec.has_counter:
                for entry in table.entries():
                    found[f"{name}.{self._action(entry.action)}"] += table.counter(entry.handle)[0]
        return dict(found)

    @property
    def engine(self) -> Engine:
        """The running engine, on virtual time."""
        return self._running()

    def close(self) -> None:
        """Frees the engine."""
        if self._target.engine is not None:
            self._target.engine.close()

    def _cell(self, counter: str, cell: int) -> str:
        return self._drop_reasons.get(cell, str(cell)) if counter == "drops" else str(cell)

    def _action(self, target: Target) -> str:
        return target.action.rpartition(".")[2] if isinstance(target, ActionCall) else "indirect"

    def _running(self) -> Engine:
        if self._target.engine is None:
            raise TableError(f"{self.name} runs no program yet")
        return self._target.engine
