"""What packet I/O says about its ports."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Mode(Enum):
    """How packets are received and sent.

    `RING` maps what comes into memory, `MMSG` copies it with recvmmsg; both send with sendmmsg. `AF_PACKET` is the
    better of the two. `AF_XDP` sends through AF_XDP sockets, `AUTO` does so where no queueing discipline is in the way.
    """

    AUTO = 0
    MMSG = 1
    RING = 2
    AF_PACKET = 3
    AF_XDP = 4


class LinkState(Enum):
    """State of a port's interface; `GONE` means that it does not exist now."""

    GONE = -1
    DOWN = 0
    UP = 1


@dataclass(frozen=True)
class PortStatus:
    """One port; `counters` counts packets and bytes, drops by their cause."""

    number: int
    device: str
    state: LinkState
    counters: dict[str, int] = field(default_factory=dict)

    @property
    def up(self) -> bool:
        """True when packets can leave through it."""
        return self.state is LinkState.UP


@dataclass(frozen=True)
class IOConfig:
    """Settings of a packet thread.

    `tick_rate` is ticks per second (above 100 they come in bursts every 10 ms); `spin_us` looks for more packets that
    long before sleeping; `tap_bytes` copies that much of every packet to the tap handler (0: none).
    """

    mode: Mode = Mode.AUTO
    cpu_port: int | None = None
    tick_port: int | None = None
    tick_rate: int = 0
    spin_us: int = 0
    tap_bytes: int = 0
