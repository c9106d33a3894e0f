"""PacketIO: network interfaces, the packet thread, and the Python thread that hears from it."""

from __future__ import annotations

import ctypes
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from switch.engine.io.errors import PacketIOError, port_error
from switch.engine.io.events import EventThread
from switch.engine.io.library import NO_PORT, RECORD_HEADER, Config, Counters, Totals, load_library
from switch.engine.io.status import IOConfig, LinkState, PortStatus

INJECT_PATIENCE_S = 0.5
READ_BYTES = 1 << 18
TO_CPU, TAP_OUT = 0, 2

CpuHandler = Callable[[bytes], None]
EventHandler = Callable[[Any], None]
TapHandler = Callable[[bool, int, bytes, int], None]


class Program(Protocol):
    """What packet I/O needs of an engine (`switch.engine.Engine`).

    An engine may have an attribute `carry_offload`: True says that the program does to a super-packet what it would do
    to each segment (`switch.engine.offload`); then super-packets pass whole, and only the CPU port gets segments.
    """

    @property
    def pointer(self) -> int:
        """Address of the `p4e_t`."""
        ...

    @property
    def library(self) -> ctypes.CDLL:
        """The loaded library with `p4e_run`."""
        ...

    def adopt(self, old: Any) -> list[str]:
        """Takes over the old program's state that still fits."""
        ...

    def poll_events(self) -> Sequence[Any]:
        """Digests, idle timeouts and log lines since the last call."""
        ...


class PacketIO:
    """Moves packets between network interfaces and a program on one C thread; no packet passes through Python.

    Packets sent to the CPU port, copies for the tap and the engine's events reach the handlers on one Python thread.
    """

    def __init__(self, engine: Program | None, config: IOConfig | None = None, *, cache: Path | None = None) -> None:
        self._config = config or IOConfig()
        self._library = load_library(cache)
        self._io = self._library.io_new(ctypes.byref(_c_config(self._config)))
        if not self._io:
            raise PacketIOError(f"cannot set up packet I/O: {os.strerror(ctypes.get_errno())}")
        self._lock = threading.RLock()
        self._devices: dict[int, str] = {}
        self._buffer = ctypes.create_string_buffer(READ_BYTES)
        self._cpu_handler: CpuHandler | None = None
        self._event_handler: EventHandler | None = None
        self._tap_handler: TapHandler | None = None
        self._events = EventThread(self._library.io_wake_fd(self._io), self._serve)
        self._engine: Program | None = None
        if engine is not None:
            self.swap(engine, keep=False)

    # --- ports ---

    def add_port(self, number: int, device: str) -> None:
        """Attaches a network interface; raises PortError when it does not exist or the number is taken."""
        with self.paused():
            code = self._library.io_add_port(self._io, number, device.encode())
            if code < 0:
                raise port_error(number, device, code)
            self._devices[number] = device

    def remove_port(self, number: int) -> None:
        """Detaches a port; packets sent to it from now on are counted drops."""
        with self.paused():
            code = self._library.io_remove_port(self._io, number)
            if code < 0:
                raise port_error(number, "", code)
            del self._devices[number]

    def ports(self) -> MappingProxyType[int, PortStatus]:
        """All ports with their state and counters, as they are now."""
        with self._lock:
            return MappingProxyType({number: self._status(number) for number in sorted(self._devices)})

    def totals(self) -> dict[str, int]:
        """Counters that belong to no port."""
        totals = Totals()
        self._library.io_totals(self._io, ctypes.byref(totals))
        return {name: getattr(totals, name) for name, *_ in totals._fields_}

    def _status(self, number: int) -> PortStatus:
        counters, up = Counters(), ctypes.c_int()
        self._library.io_port_stats(self._io, number, ctypes.byref(counters), ctypes.byref(up))
        values = {name: getattr(counters, name) for name, *_ in counters._fields_}
        return PortStatus(number, self._devices[number], LinkState(up.value), values)

    # --- running ---

    def start(self) -> None:
        """Starts the packet thread and the thread that serves the handlers."""
        with self._lock:
            code = self._library.io_start(self._io)
        if code < 0:
            raise PacketIOError(f"cannot start the packet thread: {os.strerror(-code)}")
        self._events.start()

    def stop(self) -> None:
        """Stops both threads; ports and counters stay."""
        with self._lock:
            self._library.io_stop(self._io)
        self._events.stop()  # not under the lock, which its last round may want

    def close(self) -> None:
        """Stops and lets go of all interfaces; the object is dead afterwards."""
        if self._io:
            self.stop()
            self.swap(None, keep=False)
            self._library.io_free(self._io)
            self._io = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No packet is processed while the context is open; packets wait in the sockets."""
        with self._lock:
            self._library.io_pause(self._io)
            try:
                yield
            finally:
                self._library.io_resume(self._io)

    def swap(self, engine: Program | None, *, keep: bool) -> list[str]:
        """Goes on with another program between two batches; returns the names of the state that was kept."""
        with self.paused():
            kept = engine.adopt(self._engine) if keep and engine is not None and self._engine is not None else []
            if engine is None:
                self._library.io_set_program(self._io, None, None, 0)
            else:
                run = ctypes.cast(engine.library.p4e_run, ctypes.c_void_p)
                flags = int(getattr(engine, "carry_offload", False))
                self._library.io_set_program(self._io, run, engine.pointer, flags)
                self._hear_events(engine, self._library.io_notify)
            if self._engine is not None and self._engine is not engine:
                self._hear_events(self._engine, None)
            self._engine = engine
            return kept

    def _hear_events(self, engine: Program, hear: Any) -> None:
        """Lets the engine wake the event thread by the C function `hear`, or no longer (None)."""
        on_event = getattr(engine.library, "p4e_on_event", None)
        if on_event is not None and engine.pointer:
            on_event(engine.pointer, None if hear is None else ctypes.cast(hear, ctypes.c_void_p), self._io)

    # --- packets from and to Python ---

    def inject(self, port: int, packet: bytes) -> None:
        """Puts a packet into the pipeline as if `port` had received it; raises PacketIOError when the queue is full."""
        deadline = time.monotonic() + INJECT_PATIENCE_S
        while (code := self._library.io_inject(self._io, port, packet, len(packet))) == -11:
            if time.monotonic() > deadline:
                raise PacketIOError("the queue of injected packets is full")
            time.sleep(0.001)
        if code < 0:
            raise PacketIOError(f"cannot inject {len(packet)} bytes: {os.strerror(-code)}")

    def set_cpu_handler(self, packet_in: CpuHandler | None, event: EventHandler | None = None) -> None:
        """Says who gets packets sent to the CPU port, and the engine's events."""
        self._cpu_handler = packet_in
        self._event_handler = event

    def set_tap_handler(self, tap: TapHandler | None) -> None:
        """Says who gets copies of all packets: called with (True when leaving, port, first bytes, length)."""
        self._tap_handler = tap

    def _serve(self) -> None:
        """Hands out what the packet thread left."""
        while used := self._library.io_read(self._io, self._buffer, READ_BYTES):
            self._hand_out(memoryview(self._buffer)[:used])
        with self._lock:
            events = self._engine.poll_events() if self._engine is not None else ()
        if self._event_handler is not None:
            for event in events:
                self._event_handler(event)

    def _hand_out(self, records: memoryview) -> None:
        offset = 0
        while offset < len(records):
            length, port, kind, total = struct.unpack_from("=IIII", records, offset)
            start = offset + RECORD_HEADER
            data = bytes(records[start : start + length])
            offset = start + (length + 15) // 16 * 16
            if kind == TO_CPU:
                if self._cpu_handler is not None:
                    self._cpu_handler(data)
            elif self._tap_handler is not None:
                self._tap_handler(kind == TAP_OUT, port, data, total)


def _c_config(config: IOConfig) -> Config:
    cpu_port = NO_PORT if config.cpu_port is None else config.cpu_port
    tick_port = NO_PORT if config.tick_port is None else config.tick_port
    return Config(config.mode.value, cpu_port, tick_port, config.tick_rate, config.spin_us, config.tap_bytes)
