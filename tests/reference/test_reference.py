"""Our compiler and engine answer as p4c and BMv2 did, for programs of our own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from switch.engine import Clock, Engine
from switch.p4c.compile import Result, compile
from switch.p4c.p4info import render
from tests.reference.record import PORTS, packets, programs, recording

NAMES = list(programs())


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def recorded(name: str) -> dict[str, Any]:
    return json.loads(recording(name).read_text())


@pytest.fixture(scope="module")
def compiled(name: str) -> Result:
    result = compile(programs()[name])
    assert result.ok, result.diagnostics
    return result


def test_the_p4info_is_what_p4c_writes(recorded: dict[str, Any], compiled: Result) -> None:
    assert render(compiled.p4info) == recorded["p4info"]


def test_the_packets_that_leave_are_those_of_bmv2(name: str, recorded: dict[str, Any], compiled: Result) -> None:
    assert [[port, data.hex()] for port, data in packets(name)] == recorded["packets"]
    out: dict[str, list[str]] = {str(port): [] for port in PORTS}

    with Engine(json.dumps(compiled.json), clock=Clock.VIRTUAL) as engine:
        for port, data in packets(name):
            for left, frame in engine.process(port, data):
                out[str(left)].append(frame.hex())

    # By port and without their order: BMv2 puts a packet that goes round again behind those that wait.
    assert {port: sorted(frames) for port, frames in out.items()} == {
        port: sorted(frames) for port, frames in recorded["out"].items()
    }
