"""SwitchTarget: an engine, its packet I/O and its ports, as the P4Runtime server sees them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from switch.engine.io import PacketIOError, PortStatus


class Handover(Protocol):
    """What has to happen to a new engine before the first packet reaches it (`switch.p4runtime.target.Handover`)."""

    def fill(self, engine: Any) -> None:
        """While the old program still runs."""
        ...

    def settle(self, kept: list[str]) -> None:
        """While packets wait, after the new engine adopted `kept`."""
        ...


MakeEngine = Callable[[bytes], Any]


class DataPlane(Protocol):
    """Packet I/O as a target uses it: `PacketIO` on interfaces or `FileIO` on capture files."""

    def add_port(self, number: int, device: str) -> None:
        """Attaches an interface."""
        ...

    def remove_port(self, number: int) -> None:
        """Detaches a port."""
        ...

    def ports(self) -> Mapping[int, PortStatus]:
        """All ports."""
        ...

    def totals(self) -> dict[str, int]:
        """Counters that belong to no port."""
        ...

    def start(self) -> None:
        """Starts moving packets."""
        ...

    def close(self) -> None:
        """Stops and lets go of everything."""
        ...

    def paused(self) -> AbstractContextManager[None]:
        """Holds the packets."""
        ...

    def swap(self, engine: Any, *, keep: bool) -> list[str]:
        """Goes on with another program."""
        ...

    def inject(self, port: int, packet: bytes) -> None:
        """Puts a packet into the pipeline."""
        ...

    def set_cpu_handler(
        self, packet_in: Callable[[bytes], None] | None, event: Callable[[Any], None] | None = None
    ) -> None:
        """Says who gets packets sent to the CPU port, and events."""
        ...


class SwitchTarget:
    """One P4 device. `make_engine` compiles and loads BMv2 JSON; `cpu_port` None means no packet-in and packet-out."""

    def __init__(self, device_id: int, make_engine: MakeEngine, io: DataPlane, *, cpu_port: int | None = None) -> None:
        self._device_id = device_id
        self._make_engine = make_engine
        self._cpu_port = cpu_port
        self._engine: Any = None
        self._lock = threading.Lock()
        self.io = io

    @property
    def device_id(self) -> int:
        """The P4Runtime device id."""
        return self._device_id

    @property
    def engine(self) -> Any:
        """The running engine, or None."""
        return self._engine

    def verify(self, config: bytes) -> Any:
        """Builds the program without loading it and returns its description."""
        engine = self._make_engine(config)
        try:
            return engine.program
        finally:
            engine.close()

    def load(self, config: bytes, *, keep: bool, handover: Handover | None = None) -> list[str]:
        """Compiles and loads a program between two batches of packets; returns the names of the state that was kept.

        `handover` fills the new engine before packets reach it: they wait meanwhile, and never see it half full.
        """
        with self._lock:
            engine, old = self._make_engine(config), self._engine
            try:
                if handover is not None:
                    handover.fill(engine)
            except BaseException:
                engine.close()
                raise
            with self.io.paused():
                return self._swap(engine, old, handover, keep=keep)

    def _swap(self, engine: Any, old: Any, handover: Handover | None, *, keep: bool) -> list[str]:
        try:
            kept = self.io.swap(engine, keep=keep)
        except BaseException:
            engine.close()
            raise
        self._engine = engine
        try:
            if handover is not None:
                handover.settle(kept)
        finally:
            if old is not None:
                old.close()
        return kept

    def packet_out(self, data: bytes) -> None:
        """Lets controller header and payload enter the pipeline on the CPU port."""
        if self._cpu_port is None:
            raise PacketIOError("the switch was started without --cpu-port")
        self.io.inject(self._cpu_port, data)

    def subscribe(self, packet_in: Callable[[bytes], None], event: Callable[[Any], None]) -> None:
        """Says who gets packets sent to the CPU port, and the engine's events."""
        self.io.set_cpu_handler(packet_in, event)

    def paused(self) -> AbstractContextManager[None]:
        """No packet is processed while the context is open; packets wait, none is lost."""
        return self.io.paused()

    def close(self) -> None:
        """Stops packets and frees the engine."""
        self.io.close()
        if self._engine is not None:
            self._engine.close()
            self._engine = None
