"""Chosen ways to break the tracker, from seeded.toml: rules that are easy to get wrong; the oracle has to notice."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .mutations import Mutant, lines_of
from .ours import SOURCES, OracleError


@dataclass(frozen=True)
class Seed:
    """A change to the only line of flow tracking that holds `before`: `after` stands there instead."""

    what: str
    before: str
    after: str

    def mutant(self, sources: Path = SOURCES) -> Mutant:
        """The mutant. OracleError when the line is not there any more, or not the only one."""
        hits = [place for place in lines_of(sources) if self.before in place.before]
        if len(hits) != 1:
            raise OracleError(f"{self.before!r} is in {len(hits)} lines of flow tracking: seeded.toml wants attention")
        return replace(hits[0], after=hits[0].before.replace(self.before, self.after))


def seeds() -> list[Seed]:
    """All of them."""
    text = (Path(__file__).parent / "seeded.toml").read_text()
    return [Seed(**seed) for seed in tomllib.loads(text)["seed"]]


def seeded(sources: Path = SOURCES) -> Iterator[tuple[str, Mutant]]:
    """What is broken, and how."""
    for seed in seeds():
        yield seed.what, seed.mutant(sources)
