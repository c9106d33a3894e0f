"""A service over a fake target, and requests by name instead of by id."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from finsy.proto import p4i, p4r
from google.protobuf import text_format

from switch.engine import Clock, Engine
from switch.engine.program import read_program
from switch.p4runtime import P4RuntimeError, P4RuntimeService
from switch.p4runtime.target import EventHandler, Handover, PacketInHandler

from .fake_engine import FakeEngine

DATA = Path(__file__).parent / "data"
INSERT, MODIFY, DELETE = p4r.Update.INSERT, p4r.Update.MODIFY, p4r.Update.DELETE
Match = p4r.FieldMatch
SetConfig = p4r.SetForwardingPipelineConfigRequest


def p4info() -> p4i.P4Info:
    return text_format.Parse((DATA / "everything.p4info.txtpb").read_text(), p4i.P4Info())


def device_json() -> bytes:
    return (DATA / "everything.json").read_bytes()


def config(cookie: int | None = None) -> p4r.ForwardingPipelineConfig:
    made = p4r.ForwardingPipelineConfig(p4info=p4info(), p4_device_config=device_json())
    if cookie is not None:
        made.cookie.cookie = cookie
    return made


class FakeTarget:
    """Loads fake engines; with `keep` it moves the tables that `keeps` names to the new engine."""

    def __init__(self, device_id: int = 1):
        self.device_id = device_id
        self.engine: Any = None
        self.keeps: set[str] = set()
        self.sent: list[bytes] = []
        self.make: Callable[[bytes], Any] = lambda config: FakeEngine(read_program(config))
        self.packet_in: PacketInHandler = lambda data: None
        self.event: EventHandler = lambda event: None

    def load(self, config: bytes, *, keep: bool, handover: Handover | None = None) -> list[str]:
        engine, old = self.make(config), self.engine
        kept: set[str] = set()
        if handover is not None:
            handover.fill(engine)
        if keep and old is not None:
            kept = self.keeps & set(engine.tables)
            for name in kept:
                vars(engine.tables[name]).update(vars(old.tables[name]))
        if handover is not None:
            handover.settle(sorted(kept))
        self.engine = engine
        return sorted(kept)

    def packet_out(self, data: bytes) -> None:
        self.sent.append(data)

    def subscribe(self, packet_in: PacketInHandler, event: EventHandler) -> None:
        self.packet_in, self.event = packet_in, event


class NativeTarget(FakeTarget):
    """Loads real engines, which stand still unless a test sends packets."""

    def __init__(self) -> None:
        super().__init__()
        self.make = lambda config: Engine(config, clock=Clock.VIRTUAL, cpu_port=510)
        self.filled: Callable[[Any], Any] = lambda engine: None
        self.settled: Callable[[Any], Any] = lambda engine: None

    def load(self, config: bytes, *, keep: bool, handover: Handover | None = None) -> list[str]:
        engine, old = self.make(config), self.engine
        if handover is not None:
            handover.fill(engine)
            self.filled(engine)
        kept = engine.adopt(old) if keep and old is not None else []
        if handover is not None:
            handover.settle(kept)
            self.settled(engine)
        if old is not None:
            old.close()
        self.engine = engine
        return kept


class Peer:
    """A client's stream without gRPC."""

    def __init__(self, service: P4RuntimeService):
        self.got: list[p4r.StreamMessageResponse] = []
        self.stream = service.open_stream(self.got.append)

    def arbitrate(self, election_id: int | None, role: p4r.Role | None = None, device_id: int = 1) -> None:
        message = p4r.MasterArbitrationUpdate(device_id=device_id, role=role)
        if election_id is not None:
            message.election_id.CopyFrom(p4r.Uint128(high=election_id >> 64, low=election_id & (2**64 - 1)))
        self.stream.handle(p4r.StreamMessageRequest(arbitration=message))

    def take(self) -> list[p4r.StreamMessageResponse]:
        got, self.got[:] = list(self.got), []
        return got

    def codes(self) -> list[int]:
        return [message.arbitration.status.code for message in self.take()]


class World:
    """One service with a primary client and (by default) the program of `everything.p4` loaded."""

    def __init__(self, *, load: bool = True, target: FakeTarget | None = None):
        self.now = 1_000_000_000
        self.target = target or FakeTarget()
        self.service = P4RuntimeService(self.target, clock=lambda: self.now)
        self.info = p4info()
        self.primary = Peer(self.service)
        self.primary.arbitrate(1)
        self.primary.take()
        if load:
            self.push(SetConfig.VERIFY_AND_COMMIT, config())

    # Ids by name -------------------------------------------------------------------------------------------------

    def id(self, kind: str, name: str) -> int:
        return next(item.preamble.id for item in getattr(self.info, kind) if item.preamble.name == name)

    def table(self, name: str) -> p4i.Table:
        return next(table for table in self.info.tables if table.preamble.name == name)

    def field(self, table: str, name: str) -> int:
        return next(field.id for field in self.table(table).match_fields if field.name == name)

    # Building ----------------------------------------------------------------------------------------------------

    def action(self, name: str, *values: bytes) -> p4r.Action:
        params = [p4r.Action.Param(param_id=i, value=value) for i, value in enumerate(values, 1)]
        return p4r.Action(action_id=self.id("actions", name), params=params)

    def entry(self, table: str, action: p4r.Action | None = None, priority: int = 0, **fields: Any) -> p4r.TableEntry:
        """Fields: bytes exact, (value, length) lpm, (value, mask) ternary, (low, high) range, bytes optional."""
        entry = p4r.TableEntry(table_id=self.id("tables", table), priority=priority)
        if action is not None:
            entry.action.action.CopyFrom(action)
        for name, value in fields.items():
            entry.match.append(self._match(table, name, value))
        return entry

    def _match(self, table: str, name: str, value: Any) -> Match:
        number = self.field(table, name)
        kind = next(field.match_type for field in self.table(table).match_fields if field.id == number)
        match kind:
            case p4i.MatchField.EXACT:
                return Match(field_id=number, exact=Match.Exact(value=value))
            case p4i.MatchField.LPM:
                return Match(field_id=number, lpm=Match.LPM(value=value[0], prefix_len=value[1]))
            case p4i.MatchField.TERNARY:
                return Match(field_id=number, ternary=Match.Ternary(value=value[0], mask=value[1]))
            case p4i.MatchField.RANGE:
                return Match(field_id=number, range=Match.Range(low=value[0], high=value[1]))
            case _:
                return Match(field_id=number, optional=Match.Optional(value=value))

    # Calling -----------------------------------------------------------------------------------------------------

    def push(self, action: int, pushed: p4r.ForwardingPipelineConfig | None = None, role: str = "") -> None:
        request = SetConfig(device_id=1, election_id=p4r.Uint128(low=1), role=role, action=action)  # type: ignore[arg-type]
        if pushed is not None:
            request.config.CopyFrom(pushed)
        self.service.set_pipeline(request)

    def request(self, *updates: tuple[int, Any], atomicity: int = 0) -> p4r.WriteRequest:
        request = p4r.WriteRequest(device_id=1, election_id=p4r.Uint128(low=1), atomicity=atomicity)  # type: ignore[arg-type]
        for kind, message in updates:
            request.updates.add(type=kind, entity=entity(message))  # type: ignore[arg-type]
        return request

    def write(self, *updates: tuple[int, Any], atomicity: int = 0) -> None:
        self.service.write(self.request(*updates, atomicity=atomicity))

    def refused(self, kind: int, message: Any) -> tuple[str, str]:
        """Writes one update that must fail; returns the code's name and the words of its detail."""
        try:
            self.write((kind, message))
        except P4RuntimeError as error:
            (detail,) = error.details
            return p4r_code(detail.canonical_code), detail.message
        raise AssertionError(f"accepted: {message}")

    def read(self, *messages: Any, role: str = "") -> list[Any]:
        """Reads; returns the inner messages."""
        request = p4r.ReadRequest(device_id=1, role=role, entities=[entity(message) for message in messages])
        found = [e for response in self.service.read(request) for e in response.entities]
        return [getattr(e, e.WhichOneof("entity") or "") for e in found]

    def reads(self, table: str, **query: Any) -> list[p4r.TableEntry]:
        return self.read(p4r.TableEntry(table_id=self.id("tables", table), **query))


def p4r_code(number: int) -> str:
    from switch.p4runtime import Code

    return Code(number).name


_ENTITY = {
    "TableEntry": "table_entry",
    "ActionProfileMember": "action_profile_member",
    "ActionProfileGroup": "action_profile_group",
    "MeterEntry": "meter_entry",
    "DirectMeterEntry": "direct_meter_entry",
    "CounterEntry": "counter_entry",
    "DirectCounterEntry": "direct_counter_entry",
    "PacketReplicationEngineEntry": "packet_replication_engine_entry",
    "ValueSetEntry": "value_set_entry",
    "RegisterEntry": "register_entry",
    "DigestEntry": "digest_entry",
    "ExternEntry": "extern_entry",
}


def entity(message: Any) -> p4r.Entity:
    if isinstance(message, p4r.Entity):
        return message
    if isinstance(message, p4r.MulticastGroupEntry):
        message = p4r.PacketReplicationEngineEntry(multicast_group_entry=message)
    if isinstance(message, p4r.CloneSessionEntry):
        message = p4r.PacketReplicationEngineEntry(clone_session_entry=message)
    return p4r.Entity(**{_ENTITY[type(message).__name__]: message})
