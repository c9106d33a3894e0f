"""What the P4Runtime server needs from the switch under it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, runtime_checkable

PacketInHandler = Callable[[bytes], None]
EventHandler = Callable[[Any], None]


class Handover(Protocol):
    """What has to happen to a new engine before the first packet reaches it."""

    def fill(self, engine: Any) -> None:
        """While the old program still runs: what needs nothing of it."""
        ...

    def settle(self, kept: list[str]) -> None:
        """While packets wait, after the new engine adopted `kept`: the rest."""
        ...


class Target(Protocol):
    """One P4 device: an engine that may be replaced, and a way to inject packets.

    `engine` is None until a program was loaded. It is typed loosely, because the lab, the switch and the tests each
    bring their own; the names used are those of `switch.engine.Engine`.
    """

    @property
    def device_id(self) -> int:
        """The device id that P4Runtime clients must use; never 0."""
        ...

    @property
    def engine(self) -> Any:
        """The running engine, or None."""
        ...

    def load(self, config: bytes, *, keep: bool, handover: Handover | None = None) -> list[str]:
        """Loads a program; with `keep`, adopts old state that still fits and returns the names of what was kept.

        `handover` gets the new engine before packets do. When it raises, the old program goes on.
        """
        ...

    def packet_out(self, data: bytes) -> None:
        """Lets `data` (controller header and payload) enter the pipeline on the CPU port."""
        ...

    def subscribe(self, packet_in: PacketInHandler, event: EventHandler) -> None:
        """Says who wants packets sent to the CPU port, and the engine's events; both may be called on any thread."""
        ...


@runtime_checkable
class Pausable(Protocol):
    """A target that can hold its packets for a moment, so that a batch of writes looks like one to every packet."""

    def paused(self) -> AbstractContextManager[None]:
        """No packet is processed while the context is open; packets wait, none is lost."""
        ...


@runtime_checkable
class Verifier(Protocol):
    """A target that can build a program without loading it; without this only the JSON is checked before a commit."""

    def verify(self, config: bytes) -> None:
        """Builds the program as `load` would, into the cache; raises `switch.engine.errors.EngineError`."""
        ...


@runtime_checkable
class Injectable(Protocol):
    """A target that can let a packet in by any port, as if it had come over the wire."""

    def inject(self, port: int, data: bytes) -> None:
        """Queues the packet."""
        ...
