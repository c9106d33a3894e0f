"""Which broken trackers the sequences tell from a right one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .explain import Model
from .mutations import Mutant, caught_by, compiled
from .packets import Sequence


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: whether it compiled, and the first sequence that told it from a right tracker."""

    what: str
    mutant: Mutant
    compiled: bool
    caught_by: int | None

    def __str__(self) -> str:
        fate = "NOT NOTICED" if self.caught_by is None else f"noticed by sequence {self.caught_by}"
        return f"{fate if self.compiled else 'does not compile'}: {self.what or self.mutant}"


def survey(model: Model, mutants: Iterable[tuple[str, Mutant]], sequences: list[Sequence]) -> Iterator[Fate]:
    """Runs each mutant until a sequence gives it away."""
    specified = [model.verdicts(one) for one in sequences]
    for what, mutant in mutants:
        with tempfile.TemporaryDirectory() as folder:
            broken = compiled(mutant, model, Path(folder), len(sequences))
        if broken is None:
            yield Fate(what, mutant, compiled=False, caught_by=None)
            continue
        yield Fate(what, mutant, compiled=True, caught_by=caught_by(broken, sequences, specified))
        broken.close()
