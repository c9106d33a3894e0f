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
from .shrink import shrunk
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


@dataclass(frozen=True)
class Campaign:
    """Who is compared, on which sequences; without a kernel, we are compared with the specification alone."""

    model: Model
    ours: Ours
    kernel: Linux | None
    seed: int
    longest_wait: int | None = None  # seconds; sequences that wait longer are left out

    def run(self, numbers: range) -> Report:
        """Runs the sequences of these numbers."""
        report = Report()
        for batch in self._batches(numbers):
            theirs = _patiently(self.kernel, batch) if self.kernel else [None] * len(batch)
            for one, our, their in zip(batch, self.ours.run(batch), theirs, strict=True):
                report.add(self.model, opinions(self.model, one, our, their))
        return report

    def judged(self, one: Sequence) -> Opinions:
        """All opinions on one sequence."""
        theirs = run(self.kernel, [one])[0] if self.kernel else None
        return opinions(self.model, one, self.ours.run([one])[0], theirs)

    def shortened(self, found: Opinions) -> Opinions:
        """The same fault in a shorter sequence. One that waits stays as it is where the kernel would wait, too."""

        def ours_is_wrong(one: Sequence) -> bool:
            return self.ours.run([one])[0] != self.model.verdicts(one)

        def somebody_is_wrong(one: Sequence) -> bool:
            return bool(self.judged(one).unexplained)

        if ours_is_wrong(found.sequence):
            return self.judged(shrunk(found.sequence, ours_is_wrong))
        if _waiting(found.sequence) or not somebody_is_wrong(found.sequence):
            return found
        return self.judged(shrunk(found.sequence, somebody_is_wrong))

    def _batches(self, numbers: range) -> Iterator[list[Sequence]]:
        """Those with waits and those without apart: a batch takes as long as its longest sequence."""
        kinds: dict[bool, list[Sequence]] = {True: [], False: []}
        for number in numbers:
            one = sequence(self.seed, number, loose=self.model.loose)
            if self.longest_wait is not None and _waiting(one) > self.longest_wait:
                continue
            batch = kinds[_waiting(one) > 0]
            batch.append(one)
            if len(batch) == BATCH:
                yield list(batch)
                batch.clear()
        yield from (batch for batch in kinds.values() if batch)


def _waiting(one: Sequence) -> int:
    return sum(step.seconds for step in one.steps if isinstance(step, Wait))


def _patiently(kernel: Linux, batch: list[Sequence]) -> list[list[Verdict]]:
    """Smaller batches when the machine is too busy for real-time waits."""
    try:
        return run(kernel, batch)
    except TooSlow:
        if len(batch) < 50:
            raise
        half = len(batch) // 2
        return [*_patiently(kernel, batch[:half]), *_patiently(kernel, batch[half:])]
