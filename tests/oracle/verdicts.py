"""What a tracker says of a packet, in the words that all three speak, and the timeouts they are given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Verdict(IntEnum):
    """The numbers are what nftables, and the probe plugin, write into the packet's DSCP field."""

    LOST = 0  # never came out, and nobody said why
    INVALID = 1
    UNTRACKED = 2
    RELATED = 3  # an ICMP error about a tracked flow
    FIRST = 4  # made a new record
    ORIGINAL = 5  # in the direction of the flow's first packet
    REPLY = 6  # against it
    FRAGMENT = 7  # a later fragment of an admitted datagram
    HELD = 8  # a fragment kept until its datagram is complete


@dataclass(frozen=True)
class Timeouts:
    """Seconds; all are multiples of 3, and a sequence's waits never add up to one: nobody's clock decides a verdict."""

    syn_sent: int = 6
    syn_recv: int = 3
    established: int = 12
    fin_wait: int = 9
    close_wait: int = 9
    last_ack: int = 3
    time_wait: int = 6
    close: int = 3
    syn_sent2: int = 120  # the kernel has no knob for it
    max_retrans: int = 6
    unacknowledged: int = 3
    udp: int = 6
    udp_stream: int = 12
    icmp: int = 3
    generic: int = 6


def verdict_in(packet: bytes) -> Verdict:
    """What stands in the DSCP field of an IP packet."""
    traffic_class = packet[1] if packet[0] >> 4 == 4 else (packet[0] & 0xF) << 4 | packet[1] >> 4
    return Verdict(traffic_class >> 2)
