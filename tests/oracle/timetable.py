"""Many sequences at once, by the second: what is sent, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence as Items
from dataclasses import dataclass

from .addresses import pair
from .packets import Packet, Sequence, Wait
from .wire import wire


@dataclass(frozen=True, slots=True)
class Send:
    """A packet of the sequence of that number, and its bytes."""

    number: int
    packet: Packet
    data: bytes


def timetable(sequences: Items[Sequence]) -> dict[int, list[Send]]:
    """What is sent at which second, earliest first; within a second, sequence after sequence."""
    table: defaultdict[int, list[Send]] = defaultdict(list)
    for number, sequence in enumerate(sequences):
        ends, now = pair(number, ipv6=sequence.ipv6), 0
        for step in sequence.steps:
            if isinstance(step, Wait):
                now += step.seconds
            else:
                table[now].append(Send(number, step, wire(step, ends)))
    return dict(sorted(table.items()))
