"""Puts three opinions on a sequence together: ours, the kernel's, and the specification's on both."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from .differences import LINUX, Difference
from .packets import Sequence, Wait
from .reference import Reference
from .script import line_of
from .verdicts import Timeouts, Verdict


@dataclass(frozen=True)
class Model:
    """What the specification says of a sequence; the same for all sequences of a run."""

    timeouts: Timeouts
    loose: bool = False

    def verdicts(self, sequence: Sequence, like_linux: frozenset[Difference] = frozenset()) -> list[Verdict]:
        """Ours, or with some or all of Linux' own ways."""
        return Reference(self.timeouts, self.loose, like_linux=like_linux).run(sequence)


@dataclass(frozen=True)
class Opinions:
    """All verdicts on one sequence; without a kernel, `kernel` is the specification's word for it."""

    sequence: Sequence
    ours: list[Verdict]
    kernel: list[Verdict]
    specified: list[Verdict]
    specified_linux: list[Verdict]

    @property
    def differing(self) -> list[int]:
        """The packets that we and the kernel judge differently."""
        return [
            index for index, (ours, kernel) in enumerate(zip(self.ours, self.kernel, strict=True)) if ours != kernel
        ]

    @property
    def unexplained(self) -> list[int]:
        """The packets on which somebody does not do what the specification says of him."""
        columns = zip(self.ours, self.specified, self.kernel, self.specified_linux, strict=True)
        return [i for i, (ours, we, kernel, linux) in enumerate(columns) if ours != we or kernel != linux]

    def table(self) -> str:
        """The sequence with its verdicts, for people and for tests; what is unexplained is marked."""
        marked, index = set(self.unexplained), 0
        lines = ["ipv6" if self.sequence.ipv6 else "ipv4"]
        for step in self.sequence.steps:
            if isinstance(step, Wait):
                lines.append(line_of(step))
                continue
            words = f"ours {self.ours[index].name}, specified {self.specified[index].name}, "
            words += f"kernel {self.kernel[index].name}, specified for it {self.specified_linux[index].name}"
            lines.append(f"{line_of(step):90} {'!!' if index in marked else '# '} {words}")
            index += 1
        return "\n".join(lines)


def opinions(model: Model, sequence: Sequence, ours: list[Verdict], kernel: list[Verdict] | None) -> Opinions:
    """All opinions on a sequence."""
    specified, linux = model.verdicts(sequence), model.verdicts(sequence, LINUX)
    return Opinions(sequence, ours, linux if kernel is None else kernel, specified, linux)


def explanations(model: Model, found: Opinions) -> dict[int, frozenset[Difference]]:
    """For each explained difference, the smallest set of Linux' ways that turns our verdict into the kernel's."""
    open_ = set(found.differing) - set(found.unexplained)
    explained: dict[int, frozenset[Difference]] = {}
    for size in range(1, len(Difference) + 1):
        for ways in map(frozenset, combinations(Difference, size)):
            if not open_:
                return explained
            verdicts = model.verdicts(found.sequence, ways)
            hit = {index for index in open_ if verdicts[index] == found.kernel[index]}
            explained |= dict.fromkeys(hit, ways)
            open_ -= hit
    return explained
