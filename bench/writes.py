"""P4Runtime writes per second over gRPC on the loopback, ours and BMv2's in turns.

The switch is a process of its own; this one is the client. It has built and encoded its requests before the clock
starts, and sends one after the other, as a controller does. Both switches run the same JSON.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import grpc
from finsy.proto import p4r, p4r_grpc

from bench.row import FULL, Budget, Row, at_least, median, ratio
from bench.servers import BMV2, OURS, BenchError, compile_program, executable, free_port, have_bmv2, listens, running
from controller.p4rt import Entry, Program, Schema

needs = ("cc",)
SOURCE = Path(__file__).parent / "tables.p4"
BATCHES = (1, 10, 100, 1_000, 10_000)
MAX_REQUESTS = 2_000  # of one kind: small batches write fewer entries
OPERATIONS = {"insert": p4r.Update.INSERT, "modify": p4r.Update.MODIFY, "delete": p4r.Update.DELETE}
BEFORE, AFTER = 1, 2  # ports of entries that were inserted, and modified
PORTS = {"insert": BEFORE, "modify": AFTER, "delete": None}
ELECTION = p4r.Uint128(low=1)
DEVICE = 1
CALL_S = 60.0
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

Rates = dict[str, dict[int, float]]  # by switch and turn


@dataclass(frozen=True)
class Work:
    """Encoded requests, how many updates they hold, and what the table then holds."""

    requests: list[bytes]
    count: int
    table: str
    port: int | None  # of all entries; None: there are none


def measure(budget: Budget = FULL) -> list[Row]:
    """Insert, modify and delete, exact and longest prefix match, in five sizes of batches."""
    names = [OURS, BMV2] if have_bmv2() else [OURS]
    found: defaultdict[str, Rates] = defaultdict(lambda: defaultdict(dict))
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        program = Program(*compile_program(SOURCE, Path(folder)))
        schema = Schema(program.p4info)
        work = _work(schema, budget.entries // 5)
        for turn in range(budget.rounds):
            if not budget.may_go_on(start, turn):
                break
            for name in names if turn % 2 == 0 else reversed(names):
                with _switch(name, program) as channel:
                    for what, part in work.items():
                        found[what][name][turn] = part.count / _taken(channel, part.requests)
                        if turn == 0:
                            _check(f"{name}, {what}", channel, schema, part)
    return [_row(what, rates) for what, rates in found.items()]


def _row(what: str, rates: Rates) -> Row:
    value = median(rates, OURS)
    theirs = median(rates, BMV2)
    note = f"{BMV2} is not on PATH" if theirs is None else f"{BMV2} {theirs / 1e3:.1f} k/s"
    goal = at_least(1, BMV2)
    return Row(what, None if value is None else value / 1e3, "k/s", goal, ratio(rates, OURS, BMV2), note)


def _work(schema: Schema, count: int) -> dict[str, Work]:
    """The work by what it does, in an order that an empty switch can follow."""
    tables = {"exact": ("station", _stations(schema, count)), "LPM": ("route", _routes(schema, count))}
    work: dict[str, Work] = {}
    for kind, (table, versions) in tables.items():
        for batch in BATCHES:
            for name, operation in OPERATIONS.items():
                entries = versions[operation == p4r.Update.MODIFY][: batch * MAX_REQUESTS]
                requests = [_request(entries[i : i + batch], operation) for i in range(0, len(entries), batch)]
                what = f"{kind}, {name}, batches of {min(batch, count):,}"
                work[what] = Work(requests, len(entries), table, PORTS[name])
    return work


def _stations(schema: Schema, count: int) -> tuple[list[p4r.TableEntry], list[p4r.TableEntry]]:
    """Entries as they are inserted, and as they are modified."""
    first = 0x020000000000
    return _versions(schema, "station", "address", [first + i * 0x9E37 for i in range(count)])


def _routes(schema: Schema, count: int) -> tuple[list[p4r.TableEntry], list[p4r.TableEntry]]:
    """The same for prefixes of three lengths."""
    lengths = (24, 28, 32)
    networks = [((0x0A000000 + i * 256), lengths[i % 3]) for i in range(count)]
    return _versions(schema, "route", "destination", networks)


def _versions(
    schema: Schema, table: str, field: str, values: Sequence[int | tuple[int, int]]
) -> tuple[list[p4r.TableEntry], list[p4r.TableEntry]]:
    made = [[schema.encode(Entry(table, {field: v}, "to_port", port=port)) for v in values] for port in (BEFORE, AFTER)]
    return made[0], made[1]


def _request(entries: Sequence[p4r.TableEntry], operation: p4r.Update.Type.ValueType) -> bytes:
    updates = [p4r.Update(type=operation, entity=p4r.Entity(table_entry=entry)) for entry in entries]
    return p4r.WriteRequest(device_id=DEVICE, election_id=ELECTION, updates=updates).SerializeToString()


def _taken(channel: grpc.Channel, requests: Sequence[bytes]) -> float:
    """Seconds until the switch has answered all requests; gRPC's error when it refuses one."""
    write = channel.unary_unary("/p4.v1.P4Runtime/Write")
    start = time.perf_counter()
    for request in requests:
        write(request, timeout=CALL_S)
    return time.perf_counter() - start


def _check(what: str, channel: grpc.Channel, schema: Schema, work: Work) -> None:
    """Raises BenchError unless the table holds what the requests asked for: an answer alone proves nothing."""
    wanted = p4r.Entity(table_entry=p4r.TableEntry(table_id=schema.table_id(work.table)))
    answers = p4r_grpc.P4RuntimeStub(channel).Read(p4r.ReadRequest(device_id=DEVICE, entities=[wanted]), timeout=CALL_S)
    held = [entity.table_entry for answer in answers for entity in answer.entities]
    ports = {dict(schema.decode(entry).params)["port"] for entry in (held[0], held[-1])} if held else {None}
    if len(held) != (work.count if work.port else 0) or ports != {work.port}:
        raise BenchError(f"{what}: the table holds {len(held)} entries for ports {ports}")


@contextmanager
def _switch(name: str, program: Program) -> Iterator[grpc.Channel]:
    """A switch that runs the program, and a channel whose client is primary."""
    port, thrift = free_port(), free_port()
    command = [*executable(name), "--no-p4", "--device-id", str(DEVICE), "--thrift-port", str(thrift)]
    command += ["--", "--grpc-server-addr", f"127.0.0.1:{port}"]
    with (
        running(command, lambda process: listens(process.pid, port)),
        grpc.insecure_channel(f"127.0.0.1:{port}", options=UNLIMITED) as channel,
    ):
        stub = p4r_grpc.P4RuntimeStub(channel)
        claim = p4r.MasterArbitrationUpdate(device_id=DEVICE, election_id=ELECTION)
        messages: SimpleQueue[p4r.StreamMessageRequest | None] = SimpleQueue()
        messages.put(p4r.StreamMessageRequest(arbitration=claim))
        stream = stub.StreamChannel(iter(messages.get, None))
        answer = next(stream)
        if answer.arbitration.status.code:
            raise BenchError(f"{name}: {answer.arbitration.status.message}")
        request = p4r.SetForwardingPipelineConfigRequest(device_id=DEVICE, election_id=ELECTION)
        request.action = p4r.SetForwardingPipelineConfigRequest.VERIFY_AND_COMMIT
        request.config.CopyFrom(p4r.ForwardingPipelineConfig(p4info=program.p4info, p4_device_config=program.blob))
        stub.SetForwardingPipelineConfig(request, timeout=CALL_S)
        try:
            yield channel
        finally:
            messages.put(None)
            stream.cancel()
