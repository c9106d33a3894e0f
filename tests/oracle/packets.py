"""Packets of a sequence, without their addresses: what one endpoint pair says to each other, and when.

A sequence is a list of steps. `outbound` says who sends: the ENI's side (True) or the remote side. `flow` tells the
flows of one pair apart: it becomes the local port or ICMP identifier. `wire.py` makes bytes of them, `script.py` text.
"""

from __future__ import annotations

from dataclasses import dataclass

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))


@dataclass(frozen=True, slots=True)
class Tcp:
    """A TCP segment with `length` bytes of data; `words` overrides the header length, in 4-byte words."""

    outbound: bool
    flags: int
    seq: int
    ack: int = 0
    window: int = 65535
    length: int = 0
    scale: int | None = None
    sack_permitted: bool = False
    sacks: tuple[int, ...] = ()
    flow: int = 0
    words: int | None = None


@dataclass(frozen=True, slots=True)
class Udp:
    """A UDP datagram with `length` bytes of data."""

    outbound: bool
    length: int = 0
    flow: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """An ICMP message that is no error, by its IPv4 type; the echo types have their ICMPv6 counterparts."""

    outbound: bool
    type: int = 8
    code: int = 0
    length: int = 0
    flow: int = 0


@dataclass(frozen=True, slots=True)
class Other:
    """A packet of a protocol without ports."""

    outbound: bool
    protocol: int = 253
    length: int = 0


Plain = Tcp | Udp | Query | Other


@dataclass(frozen=True, slots=True)
class Error:
    """An ICMP error that quotes a packet; `router` says it or is told it, instead of the remote endpoint."""

    outbound: bool
    quoted: Plain
    type: int = 3
    code: int = 3
    router: bool = False


@dataclass(frozen=True, slots=True)
class Fragment:
    """`count` bytes of a packet's IP payload from byte `start` on (a multiple of 8); a count of 0 means: to the end."""

    whole: Plain
    identification: int
    start: int
    count: int = 0

    @property
    def outbound(self) -> bool:
        """Who sends it."""
        return self.whole.outbound


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds in which nothing happens."""

    seconds: int


Packet = Tcp | Udp | Query | Other | Error | Fragment
Step = Packet | Wait


@dataclass(frozen=True, slots=True)
class Sequence:
    """What happens between one pair of endpoints."""

    steps: tuple[Step, ...]
    ipv6: bool = False

    @property
    def packets(self) -> list[Packet]:
        """The steps without the waits."""
        return [step for step in self.steps if not isinstance(step, Wait)]
