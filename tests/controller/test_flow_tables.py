"""The controller asks routers about flows, and gives them records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import finsy
import pytest

from controller.flow_records import CPU_PORT, Filter, FlowState, answer_fields, packed
from controller.flow_tables import FlowTable
from controller.p4rt import TableError
from topologies.lab import Lab
from topologies.packets import tcp, udp
from topologies.region import load_region

CLIENT, WEB = "10.0.1.6", "10.0.1.5"
PORT = 16  # of the client's interface


class Router:
    """A session with a router of the lab, which may lose its first answers."""

    def __init__(self, lab: Lab, host: str, lost: int = 0) -> None:
        self._lab, self._host, self._lost = lab, host, lost
        self._answers: asyncio.Queue[finsy.P4PacketIn] = asyncio.Queue()

    async def packets(self) -> AsyncIterator[finsy.P4PacketIn]:
        while True:
            yield await self._answers.get()

    async def send_packet(self, payload: bytes, **metadata: int) -> None:
        for _, data in self._lab.switches[self._host].process(CPU_PORT, packed(metadata) + payload):
            if self._lost:
                self._lost -= 1
            else:
                await self._answers.put(finsy.P4PacketIn(b"", metadata=answer_fields(data)))


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(load_region("two_hosts")) as lab:
        yield lab


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.flow_tables.ANSWER_WAIT", 0.05)


def table(lab: Lab, host: str = "beta", lost: int = 0) -> FlowTable:
    return FlowTable(Router(lab, host, lost))


def test_flows_are_listed_with_state_windows_and_counters(lab: Lab) -> None:
    lab.send("client", tcp(f"{CLIENT}:1 > {WEB}:80", seq=100))

    (flow,) = asyncio.run(table(lab).flows(Filter(protocol=6)))

    assert (flow.state, flow.outbound, flow.expires_in) == (FlowState.SYN_SENT, True, 120)
    assert (flow.local_window.end, flow.leaving.packets, flow.coming.packets) == (101, 1, 0)


def test_no_more_flows_are_listed_than_asked_for(lab: Lab) -> None:
    for port in range(1, 6):
        lab.send("client", udp(f"{CLIENT}:{port} > {WEB}:53"))

    assert len(asyncio.run(table(lab).flows(most=2))) == 2


def test_only_flows_that_fit_are_removed(lab: Lab) -> None:
    lab.send("client", udp(f"{CLIENT}:1 > {WEB}:53"))
    lab.send("client", tcp(f"{CLIENT}:1 > {WEB}:80"))

    assert asyncio.run(table(lab).delete(Filter(protocol=17))) == 1
    assert [flow.protocol for flow in asyncio.run(table(lab).flows())] == [6]


def test_a_question_that_is_lost_is_asked_again(lab: Lab) -> None:
    lab.send("client", udp(f"{CLIENT}:1 > {WEB}:53"))

    assert len(asyncio.run(table(lab, lost=2).flows())) == 1


def test_a_router_that_never_answers_is_given_up(lab: Lab) -> None:
    with pytest.raises(TableError, match="does not answer"):
        asyncio.run(table(lab, lost=99).flows())


def test_a_record_taken_to_a_router_lets_its_connection_go_on(lab: Lab) -> None:
    lab.send("client", tcp(f"{CLIENT}:1 > {WEB}:80", seq=100))
    (flow,) = asyncio.run(table(lab).flows())
    asyncio.run(table(lab).delete(Filter()))
    answer = tcp(f"{WEB}:80 > {CLIENT}:1", "SA", seq=500, ack=101)
    assert lab.send("web", answer).dropped() == {"INVALID_FLOW": 1}

    secret = lab.controller.flows.secret(lab.region.host("beta"))
    assert asyncio.run(table(lab).load(flow, PORT, secret))

    assert lab.send("web", answer).dropped() == {}
