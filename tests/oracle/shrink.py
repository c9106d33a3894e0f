"""Makes a failing sequence short: fewer steps, then smaller ones, as long as it still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from .packets import Sequence, Step, Tcp

Fails = Callable[[Sequence], bool]


def shrunk(sequence: Sequence, fails: Fails) -> Sequence:
    """A sequence that fails, of which no simpler neighbour does."""
    while (simpler := next(filter(fails, _simpler(sequence)), None)) is not None:
        sequence = simpler
    return sequence


def _simpler(sequence: Sequence) -> Iterator[Sequence]:
    """Neighbours with less in them, the shortest first."""
    steps, count = sequence.steps, len(sequence.steps)
    size = count // 2
    while size:
        for start in range(0, count - size + 1, size):
            yield replace(sequence, steps=steps[:start] + steps[start + size :])
        size //= 2
    if sequence.ipv6:
        yield replace(sequence, ipv6=False)
    for place, step in enumerate(steps):
        for other in _plainer(step):
            yield replace(sequence, steps=(*steps[:place], other, *steps[place + 1 :]))


def _plainer(step: Step) -> Iterator[Step]:
    if not isinstance(step, Tcp):
        return
    if step.scale is not None:
        yield replace(step, scale=None)
    if step.sack_permitted:
        yield replace(step, sack_permitted=False)
    if step.sacks:
        yield replace(step, sacks=())
    if step.length:
        yield replace(step, length=0)
    if step.flags & 0xE8:
        yield replace(step, flags=step.flags & ~0xE8)
    if step.window != 1000:
        yield replace(step, window=1000)
