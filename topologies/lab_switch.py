"""One switch of the lab: an engine on virtual time behind the P4Runtime service, without gRPC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from finsy.proto import p4r

from controller.p4rt import Program, Schema, TableError
from switch.engine.engine import Engine
from switch.engine.values import ActionCall, Clock, Target
from switch.p4runtime.errors import P4RuntimeError
from switch.p4runtime.service import P4RuntimeService
from switch.p4runtime.target import EventHandler, PacketInHandler

_ELECTION = p4r.Uint128(low=1)


class LabTarget:
    """What the P4Runtime service drives: an engine, and no ports of its own."""

    def __init__(self, device_id: int) -> None:
        self.device_id = device_id
        self.engine: Engine | None = None
        self._packet_in: PacketInHandler | None = None
        self._event: EventHandler | None = None

    def load(self, config: bytes, *, keep: bool) -> list[str]:
        """Loads a program; with `keep`, what still fits is taken over."""
        engine = Engine(config, clock=Clock.VIRTUAL)
        kept = engine.adopt(self.engine) if keep and self.engine is not None else []
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

    def __init__(self, name: str, device_id: int) -> None:
        self.name = name
        self._target = LabTarget(device_id)
        self._service = P4RuntimeService(self._target)
        self._drop_reasons: dict[int, str] = {}
        self._cookie: int | None = None
        self._device_id = device_id
        claim = p4r.MasterArbitrationUpdate(device_id=device_id, election_id=_ELECTION)
        stream = self._service.open_stream(lambda _: None, name)
        stream.handle(p4r.StreamMessageRequest(arbitration=claim))

    async def set_program(self, program: Program) -> None:
        """Makes the switch run the program; does nothing when it runs it already."""
        if self._cookie == program.cookie:
            return
        request = p4r.SetForwardingPipelineConfigRequest(
            device_id=self._device_id,
            election_id=_ELECTION,
            action=p4r.SetForwardingPipelineConfigRequest.VERIFY_AND_COMMIT,
        )
        request.config.p4info.CopyFrom(program.p4info)
        request.config.p4_device_config = program.blob
        request.config.cookie.cookie = program.cookie
        self._service.set_pipeline(request)
        self._cookie = program.cookie
        self._drop_reasons = {cell: name for name, cell in Schema(program.p4info).enum("drop_reason_t").items()}

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

    def set_time(self, microseconds: int) -> None:
        """Sets the virtual clock."""
        self._running().set_time(microseconds)

    def counters(self) -> dict[str, int]:
        """Packets by `counter.cell` (drop reasons by name) and by `table.action`."""
        found: Counter[str] = Counter()
        engine = self._running()
        for name, counter in engine.counters.items():
            for cell, (packets, _) in enumerate(counter.read_all()):
                if packets:
                    found[f"{name}.{self._cell(name, cell)}"] = packets
        for name, table in engine.tables.items():
            if table.spec.has_counter:
                for entry in table.entries():
                    found[f"{name}.{self._action(entry.action)}"] += table.counter(entry.handle)[0]
        return dict(found)

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
