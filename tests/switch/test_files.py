"""Capture files in the place of interfaces: merged by time, named pipes, short packets, broken files."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from switch.engine.io import FileIO, IOConfig, PcapError, PortError
from switch.engine.io.pcap import PcapReader, PcapWriter

CPU = 64


class Echo:
    """Sends port 0 to 1 and 1 to 0; packets that start with C0 to the CPU, with FF to port 9, others nowhere else."""

    pointer = 0
    library: Any = None

    def __init__(self) -> None:
        self.seen: list[tuple[int, bytes]] = []
        self.events: list[str] = []

    def process(self, port: int, packet: bytes) -> Sequence[tuple[int, bytes]]:
        self.seen.append((port, packet))
        special = {b"\xc0": CPU, b"\xff": 9}.get(packet[:1])
        return [(port ^ 1 if special is None else special, packet)]

    def adopt(self, old: Any) -> list[str]:
        return ["t"]

    def poll_events(self) -> list[str]:
        events, self.events = self.events, []
        return events


def write_pcap(path: Path, *packets: tuple[int, bytes]) -> None:
    """Packets with their time in milliseconds."""
    with open(path, "wb") as file:
        writer = PcapWriter(file)
        for time_ms, data in packets:
            writer.write(data, time_ms * 1_000_000)


def read_pcap(path: Path) -> list[bytes]:
    with open(path, "rb") as file:
        return [capture.data for capture in iter(PcapReader(file.read, path.name).next, None)]


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 3
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def attach(io: FileIO, directory: Path, *numbers: int) -> None:
    for number in numbers:
        io.add_port(number, str(directory / f"pcap{number}"))


def test_packets_of_all_files_are_processed_in_the_order_of_their_time(tmp_path: Path) -> None:
    write_pcap(tmp_path / "pcap0_in.pcap", (1, b"a"), (4, b"d"))
    write_pcap(tmp_path / "pcap1_in.pcap", (2, b"b"), (3, b"c"))
    engine = Echo()
    io = FileIO(engine)
    attach(io, tmp_path, 0, 1)
    io.start()

    assert eventually(lambda: len(engine.seen) == 4)
    io.close()
    assert engine.seen == [(0, b"a"), (1, b"b"), (1, b"c"), (0, b"d")]
    assert read_pcap(tmp_path / "pcap0_out.pcap") == [b"b", b"c"]
    assert read_pcap(tmp_path / "pcap1_out.pcap") == [b"a", b"d"]


def test_named_pipes_may_be_opened_in_any_order_and_read_while_they_are_written(tmp_path: Path) -> None:
    for number in (0, 1):
        os.mkfifo(tmp_path / f"pcap{number}_in.pcap")
    engine = Echo()
    io = FileIO(engine)
    attach(io, tmp_path, 0, 1)
    io.start()
    time.sleep(0.05)

    second = PcapWriter.create(tmp_path / "pcap1_in.pcap")
    first = PcapWriter.create(tmp_path / "pcap0_in.pcap")
    first.write(b"1", 1_000_000)
    second.write(b"2", 2_000_000)
    first.write(b"3", 3_000_000)
    second.close()
    assert eventually(lambda: [data for _, data in engine.seen] == [b"1", b"2", b"3"])
    first.write(b"", 4_000_000)
    first.close()

    assert eventually(lambda: engine.seen[-1] == (0, b""))
    io.close()
    assert read_pcap(tmp_path / "pcap1_out.pcap") == [b"1", b"3", b""]


def test_closing_does_not_wait_for_a_pipe_that_nobody_writes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pcap0_in.pcap")
    io = FileIO(Echo())
    attach(io, tmp_path, 0)
    io.start()
    started = time.monotonic()

    io.close()

    assert time.monotonic() - started < 1


def test_packets_wait_for_the_given_time(tmp_path: Path) -> None:
    write_pcap(tmp_path / "pcap0_in.pcap", (1, b"a"))
    engine = Echo()
    io = FileIO(engine, wait_s=0.3)
    attach(io, tmp_path, 0)
    started = time.monotonic()
    io.start()

    assert eventually(lambda: len(engine.seen) == 1)
    assert time.monotonic() - started >= 0.3
    io.close()


def test_packets_for_the_controller_and_for_unknown_ports_are_told_apart(tmp_path: Path) -> None:
    write_pcap(tmp_path / "pcap0_in.pcap", (1, b"\xc0cpu"), (2, b"\xffnowhere"), (3, b"plain"))
    received: list[bytes] = []
    io = FileIO(Echo(), IOConfig(cpu_port=CPU))
    io.set_cpu_handler(received.append)
    attach(io, tmp_path, 0)
    io.start()

    assert eventually(lambda: io.totals()["packets"] == 3)
    io.close()
    assert received == [b"\xc0cpu"]
    assert (io.totals()["cpu_packets"], io.totals()["dropped_no_port"]) == (1, 2)


def test_events_reach_their_handler_and_injected_packets_the_pipeline(tmp_path: Path) -> None:
    write_pcap(tmp_path / "pcap0_in.pcap")
    engine, events = Echo(), []
    io = FileIO(engine)
    io.set_cpu_handler(None, events.append)
    attach(io, tmp_path, 0)
    engine.events.append("digest")

    io.inject(1, b"out")
    io.close()

    assert events == ["digest"]
    assert read_pcap(tmp_path / "pcap0_out.pcap") == [b"out"]


def test_without_a_program_packets_are_counted_drops_and_a_program_takes_over(tmp_path: Path) -> None:
    write_pcap(tmp_path / "pcap0_in.pcap", (1, b"a"))
    io = FileIO(None)
    attach(io, tmp_path, 0)
    io.start()
    assert eventually(lambda: io.totals()["dropped_no_program"] == 1)
    old, new = Echo(), Echo()

    kept = [io.swap(old, keep=True), io.swap(new, keep=True)]
    io.inject(0, b"b")
    io.close()

    assert kept == [[], ["t"]]
    assert (old.seen, new.seen) == ([], [(0, b"b")])


def test_a_truncated_file_is_reported_after_the_packets_before_it(tmp_path: Path) -> None:
    write_pcap(tmp_path / "pcap0_in.pcap", (1, b"whole"), (2, b"broken"))
    path = tmp_path / "pcap0_in.pcap"
    path.write_bytes(path.read_bytes()[:-1])
    engine, failed = Echo(), threading.Event()
    errors: list[PcapError] = []
    io = FileIO(engine)
    io.on_failure(lambda error: (errors.append(error), failed.set()))  # type: ignore[func-returns-value]
    attach(io, tmp_path, 0)
    io.start()

    assert failed.wait(3)
    io.close()
    assert engine.seen == [(0, b"whole")]
    assert str(errors[0]).endswith("pcap0_in.pcap: cut off in packet 2 (5 of 6 bytes)")


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    io = FileIO(Echo())
    with pytest.raises(PortError, match=r"pcap3_in\.pcap: No such file"):
        attach(io, tmp_path, 3)
    io.close()
