"""Whole sequences through the kernel: many at once, each between addresses of its own, waits in real time."""

from __future__ import annotations

import time
from collections.abc import Sequence as Items

from .linux import Linux
from .packets import Fragment, Packet, Sequence
from .timetable import timetable
from .verdicts import Verdict

DRIFT = 0.7  # seconds by which a packet may be late before its verdict says nothing

Judged = list[Verdict]


class TooSlow(Exception):
    """The machine was too busy for the real-time waits; the batch says nothing and can be tried again."""


def run(kernel: Linux, sequences: Items[Sequence]) -> list[Judged]:
    """The kernel's verdicts on each sequence's packets, beginning with no records. Raises TooSlow."""
    kernel.forget()
    verdicts: list[Judged] = [[] for _ in sequences]
    table = timetable(sequences)
    began = time.monotonic()
    for offset, sends in table.items():
        due = began + offset
        time.sleep(max(0.0, due - time.monotonic()))
        for send in sends:
            found = kernel.judge(send.data, send.packet.outbound, isinstance(send.packet, Fragment))
            verdicts[send.number].append(found[0] if found else _nothing(send.packet))
        if len(table) > 1 and time.monotonic() - due > DRIFT:
            raise TooSlow
    return verdicts


def _nothing(packet: Packet) -> Verdict:
    return Verdict.HELD if isinstance(packet, Fragment) else Verdict.LOST
