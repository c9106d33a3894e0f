"""FileIO: capture files in the place of network interfaces, as BMv2's --use-files reads and writes them."""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from switch.engine.io.errors import PcapError, PortError
from switch.engine.io.events import EventThread
from switch.engine.io.packetio import CpuHandler, EventHandler, Program, TapHandler
from switch.engine.io.pcap import Capture, PcapReader, PcapWriter
from switch.engine.io.status import IOConfig, LinkState, PortStatus

LOG = logging.getLogger(__name__)


class Processor(Program, Protocol):
    """An engine that also processes single packets."""

    def process(self, port: int, packet: bytes) -> Sequence[tuple[int, bytes]]:
        """Runs one packet to completion and returns what leaves where."""
        ...


class _Stopped(Exception):
    """The reader was asked to end."""


@dataclass
class _FilePort:
    number: int
    base: str
    descriptor: int
    writer: PcapWriter
    reader: PcapReader | None = None
    head: Capture | None = None
    received: int = 0
    sent: int = 0


class FileIO:
    """Feeds the packets of all ports' BASE_in.pcap, merged by their time stamps, and writes BASE_out.pcap.

    Inputs may be named pipes: each is waited for until it has a packet or ends, so that the merged order is by time
    and not by chance. The switch goes on serving when all inputs have ended.
    """

    def __init__(self, engine: Processor | None, config: IOConfig | None = None, *, wait_s: float = 0) -> None:
        self._config = config or IOConfig()
        self._engine = engine
        self._wait_s = wait_s
        self._lock = threading.RLock()
        self._ports: dict[int, _FilePort] = {}
        self._totals = {"packets": 0, "injected": 0, "cpu_packets": 0, "dropped_no_port": 0, "dropped_no_program": 0}
        self._cpu_handler: CpuHandler | None = None
        self._event_handler: EventHandler | None = None
        self._tap_handler: TapHandler | None = None
        self._failed: Callable[[PcapError], None] | None = None
        self._stop_read, self._stop_write = os.pipe2(os.O_CLOEXEC)
        self._thread: threading.Thread | None = None
        self._events = EventThread(None, self._serve_events)

    def add_port(self, number: int, device: str) -> None:
        """Opens `device`_in.pcap and creates `device`_out.pcap; raises PortError."""
        if number in self._ports:
            raise PortError(f"port {number}@{device}: the port number is taken")
        try:
            # Without O_NONBLOCK, opening a named pipe would wait for its writer.
            descriptor = os.open(f"{device}_in.pcap", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            writer = PcapWriter.create(f"{device}_out.pcap")
        except OSError as error:
            raise PortError(f"port {number}@{device}: {error.filename}: {error.strerror}") from None
        self._ports[number] = _FilePort(number, device, descriptor, writer)

    def remove_port(self, number: int) -> None:
        """Closes a port's files."""
        with self._lock:
            port = self._ports.pop(number, None)
        if port is None:
            raise PortError(f"port {number}: there is no such port")
        os.close(port.descriptor)
        port.writer.close()

    def ports(self) -> MappingProxyType[int, PortStatus]:
        """All ports with the number of packets read and written."""
        return MappingProxyType(
            {
                number: PortStatus(
                    number, port.base, LinkState.UP, {"rx_packets": port.received, "tx_packets": port.sent}
                )
                for number, port in sorted(self._ports.items())
            }
        )

    def totals(self) -> dict[str, int]:
        """Counters that belong to no port."""
        return dict(self._totals)

    def start(self) -> None:
        """Starts reading, after the wait time."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="p4vpc-files", daemon=True)
            self._thread.start()
            self._events.start()

    def stop(self) -> None:
        """Ends reading where it stands."""
        if self._thread is not None:
            os.write(self._stop_write, b"x")
            self._thread.join()
            self._events.stop()
            self._thread = None

    def close(self) -> None:
        """Stops and closes all files."""
        self.stop()
        for number in list(self._ports):
            self.remove_port(number)
        os.close(self._stop_read)
        os.close(self._stop_write)

    def on_failure(self, handler: Callable[[PcapError], None]) -> None:
        """Says who hears of a malformed input file; reading ends there."""
        self._failed = handler

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No packet is processed while the context is open."""
        with self._lock:
            yield

    def swap(self, engine: Processor | None, *, keep: bool) -> list[str]:
        """Goes on with another program between two packets; returns the names of the state that was kept."""
        with self._lock:
            kept = engine.adopt(self._engine) if keep and engine is not None and self._engine is not None else []
            self._engine = engine
            return kept

    def inject(self, port: int, packet: bytes) -> None:
        """Processes a packet as if `port` had received it."""
        with self._lock:
            self._totals["injected"] += 1
            self._process(port, packet)

    def set_cpu_handler(self, packet_in: CpuHandler | None, event: EventHandler | None = None) -> None:
        """Says who gets packets sent to the CPU port, and the engine's events."""
        self._cpu_handler = packet_in
        self._event_handler = event

    def set_tap_handler(self, tap: TapHandler | None) -> None:
        """Says who gets copies of all packets: called with (True when leaving, port, first bytes, length)."""
        self._tap_handler = tap

    # --- the reading thread ---

    def _run(self) -> None:
        try:
            if select.select([self._stop_read], [], [], self._wait_s)[0]:
                return
            for port in self._ports.values():
                port.reader = PcapReader(self._reader_of(port), f"{port.base}_in.pcap")
                port.head = port.reader.next()
            self._merge()
            LOG.info("finish files ports=%d packets=%d", len(self._ports), self._totals["packets"])
        except _Stopped:
            return
        except PcapError as error:
            LOG.error("fail files error=%s", error)
            if self._failed is not None:
                self._failed(error)

    def _merge(self) -> None:
        while waiting := [port for port in self._ports.values() if port.head is not None]:
            port = min(waiting, key=lambda port: port.head.time_ns if port.head else 0)
            assert port.head is not None
            assert port.reader is not None
            with self._lock:
                port.received += 1
                self._process(port.number, port.head.data)
            port.head = port.reader.next()

    def _reader_of(self, port: _FilePort) -> Callable[[int], bytes]:
        poll = select.poll()
        poll.register(port.descriptor, select.POLLIN)
        poll.register(self._stop_read, select.POLLIN)

        def read(count: int) -> bytes:
            parts: list[bytes] = []
            while count:
                ready = {descriptor for descriptor, _ in poll.poll()}
                if self._stop_read in ready:
                    raise _Stopped
                part = os.read(port.descriptor, count)
                if not part:
                    break
                parts.append(part)
                count -= len(part)
            return b"".join(parts)

        return read

    def _process(self, number: int, packet: bytes) -> None:
        self._tap(False, number, packet)
        if self._engine is None:
            self._totals["dropped_no_program"] += 1
            return
        self._totals["packets"] += 1
        for out, data in self._engine.process(number, packet):
            self._tap(True, out, data)
            port = self._ports.get(out)
            if out == self._config.cpu_port:
                self._totals["cpu_packets"] += 1
                if self._cpu_handler is not None:
                    self._cpu_handler(data)
            elif port is not None:
                port.sent += 1
                port.writer.write(data, time.time_ns())
            else:
                self._totals["dropped_no_port"] += 1
        self._serve_events()

    def _tap(self, leaving: bool, number: int, packet: bytes) -> None:
        if self._tap_handler is not None and self._config.tap_bytes:
            self._tap_handler(leaving, number, packet[: self._config.tap_bytes], len(packet))

    def _serve_events(self) -> None:
        with self._lock:
            events: Sequence[Any] = self._engine.poll_events() if self._engine is not None else ()
        if self._event_handler is not None:
            for event in events:
                self._event_handler(event)
