"""SwitchTarget: programs are exchanged whole or not at all, and packets find the CPU port."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from switch.engine.io import PacketIOError
from switch.target import SwitchTarget


class FakeEngine:
    def __init__(self, config: bytes) -> None:
        if config == b"bad":
            raise ValueError("bad config")
        self.program = f"program {config.decode()}"
        self.closed = False

    def close(self) -> None:
        self.closed = True


class FakeIO:
    """Remembers what it was asked; refuses to swap to what it is told to refuse."""

    def __init__(self) -> None:
        self.engine: Any = None
        self.injected: list[tuple[int, bytes]] = []
        self.handlers: tuple[Any, Any] = (None, None)
        self.refuse = False
        self.closed = False

    def swap(self, engine: Any, *, keep: bool) -> list[str]:
        if self.refuse:
            raise PacketIOError("no")
        old, self.engine = self.engine, engine
        return ["kept"] if keep and old is not None else []

    def inject(self, port: int, packet: bytes) -> None:
        self.injected.append((port, packet))

    def set_cpu_handler(self, packet_in: Any, event: Any = None) -> None:
        self.handlers = (packet_in, event)

    def paused(self) -> nullcontext[None]:
        return nullcontext()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def io() -> Any:
    return FakeIO()


def test_a_new_program_takes_the_place_of_the_old(io: Any) -> None:
    target = SwitchTarget(1, FakeEngine, io)

    kept = [target.load(b"a", keep=True), target.load(b"b", keep=True), target.load(b"c", keep=False)]

    assert kept == [[], ["kept"], []]
    assert target.engine is io.engine
    assert target.engine.program == "program c"
    assert not target.engine.closed


def test_the_old_engine_is_closed(io: Any) -> None:
    target = SwitchTarget(1, FakeEngine, io)
    target.load(b"a", keep=False)
    old = target.engine

    target.load(b"b", keep=False)

    assert old.closed


def test_a_program_that_cannot_be_built_changes_nothing(io: Any) -> None:
    target = SwitchTarget(1, FakeEngine, io)
    target.load(b"a", keep=False)
    old = target.engine

    with pytest.raises(ValueError, match="bad config"):
        target.load(b"bad", keep=True)

    assert target.engine is old
    assert not old.closed


def test_a_program_that_cannot_be_swapped_in_changes_nothing(io: Any) -> None:
    target = SwitchTarget(1, FakeEngine, io)
    target.load(b"a", keep=False)
    old = target.engine
    io.refuse = True

    with pytest.raises(PacketIOError):
        target.load(b"b", keep=True)

    assert target.engine is io.engine is old
    assert not old.closed


def test_verify_builds_and_loads_nothing(io: Any) -> None:
    target = SwitchTarget(1, FakeEngine, io)

    assert target.verify(b"a") == "program a"
    assert target.engine is None
    assert io.engine is None


def test_packet_out_enters_on_the_cpu_port(io: Any) -> None:
    target = SwitchTarget(1, FakeEngine, io, cpu_port=255)

    target.packet_out(b"header and payload")

    assert io.injected == [(255, b"header and payload")]


def test_packet_out_without_a_cpu_port_is_refused(io: Any) -> None:
    target = SwitchTarget(1, FakeEngine, io)

    with pytest.raises(PacketIOError, match="--cpu-port"):
        target.packet_out(b"x")

    assert io.injected == []


def test_closing_stops_packets_before_it_frees_the_engine(io: Any) -> None:
    target = SwitchTarget(1, FakeEngine, io)
    target.load(b"a", keep=False)
    engine = target.engine

    target.close()

    assert io.closed
    assert engine.closed
    assert target.engine is None
