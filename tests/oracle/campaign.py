"""A run of the oracle: sequences in batches through us, the kernel and the specification, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from .differences import Difference
from .explain import Model, Opinions, explanations, opinions
from .generator import sequence
from .linux import Linux
from .linux_run import TooSlow, run
from .ours import Ours
from .packets import Sequence, Wait
from .verdicts import Verdict

BATCH = 1500


@dataclass
class Report:
    """Figures of a campaign."""

    sequences: int = 0
    packets: int = 0
    differing: int = 0  # packets
    verdicts: Counter[str] = field(default_factory=Counter)
    explained: Counter[Difference] = field(default_factory=Counter)
    unexplained: list[Opinions] = field(default_factory=list)

    def add(self, model: Model, found: Opinions) -> None:
        """Counts one sequence."""
        self.sequences += 1
        self.packets += len(found.ours)
        self.differing += len(found.differing)
        self.verdicts.update(verdict.name for verdict in found.ours)
        if found.unexplained:
            self.unexplained.append(found)
        for ways in explanations(model, found).values():
            self.explained.update(ways)

    def text(self) -> str:
        """The figures, one a line."""
        lines = [f"{self.sequences} sequences, {self.packets} packets"]
        lines.append("our verdicts: " + ", ".join(f"{name} {count}" for name, count in sorted(self.verdicts.items())))
        lines.append(f"{self.differing} packets judged differently:")
        lines += [f"  {self.explained[way]:8} {way.name}: {way.why}" for way in Difference]
        lines.append(f"{len(self.unexplained)} sequences unexplained")
        return "\n".join(lines)


def campaign(model: Model, ours: Ours, kernel: Linux | None, seed: int, numbers: range) -> Report:
    """Runs the sequences of these numbers."""
    report = Report()
    for batch in _batches(seed, numbers, loose=model.loose):
        judged = ours.run(batch)
        theirs: list[list[Verdict]] | list[None] = _patiently(kernel, batch) if kernel else [None] * len(batch)
        for one, our, their in zip(batch, judged, theirs, strict=True):
            report.add(model, opinions(model, one, our, their))
    return report


def _batches(seed: int, numbers: range, *, loose: bool) -> Iterator[list[Sequence]]:
    """Those with waits and those without apart: a batch takes as long as its longest sequence."""
    waiting: list[Sequence] = []
    quick: list[Sequence] = []
    for number in numbers:
        one = sequence(seed, number, loose=loose)
        batch = waiting if any(isinstance(step, Wait) for step in one.steps) else quick
        batch.append(one)
        if len(batch) == BATCH:
            yield list(batch)
            batch.clear()
    yield from (batch for batch in (waiting, quick) if batch)


def _patiently(kernel: Linux, batch: list[Sequence]) -> list[list[Verdict]]:
    """Smaller batches when the machine is too busy for real-time waits."""
    try:
        return run(kernel, batch)
    except TooSlow:
        if len(batch) < 50:
            raise
        half = len(batch) // 2
        return [*_patiently(kernel, batch[:half]), *_patiently(kernel, batch[half:])]
