"""The flow tables of a lab's routers, as the controller sees them through the CPU port; and ticks."""

from __future__ import annotations

from controller.flow_records import (
    CPU_PORT,
    TICK,
    TICK_PORT,
    Answer,
    Filter,
    FlowRecord,
    Op,
    import_question,
    parse_answer,
    question,
)
from topologies.lab import Lab

ANY = Filter()
WHOLE_SWEEP = 2048  # ticks, for a table of 2^19 buckets


class LabFlows:
    """Lists, counts, removes and moves the flows of a lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def flows(self, host: str, which: Filter = ANY) -> list[FlowRecord]:
        """All records of a router that fit."""
        return [answer.record for answer in self._answers(host, Op.DUMP, which) if answer.record is not None]

    def count(self, host: str, which: Filter = ANY) -> int:
        """How many records fit."""
        return sum(answer.found for answer in self._answers(host, Op.COUNT, which))

    def delete(self, host: str, which: Filter = ANY) -> int:
        """Removes the records that fit; returns how many."""
        return sum(answer.found for answer in self._answers(host, Op.DELETE, which))

    def load(self, host: str, record: FlowRecord, port: int) -> bool:
        """Gives a router a record for the ENI behind one of its ports."""
        secret = self._lab.controller.flows.secret(self._lab.region.host(host))
        return self._ask(host, import_question(record, port, secret)).found == 1

    def live(self, host: str, port: int) -> int:
        """How many records count for the ENI behind a port."""
        return self._lab.switches[host].engine.registers["flow_live"].read(port)

    def tick(self, host: str, times: int = WHOLE_SWEEP) -> None:
        """Lets ticks come."""
        for _ in range(times):
            self._lab.switches[host].process(TICK_PORT, TICK)

    def _answers(self, host: str, op: Op, which: Filter) -> list[Answer]:
        answers = [self._ask(host, question(op, which))]
        while answers[-1].left:
            last = answers[-1]
            answers.append(self._ask(host, question(op, which, last.next_way, last.left)))
        return answers

    def _ask(self, host: str, data: bytes) -> Answer:
        ((port, answer),) = self._lab.switches[host].process(CPU_PORT, data)
        assert port == CPU_PORT
        return parse_answer(answer)
