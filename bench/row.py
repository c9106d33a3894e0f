"""One measured figure, the goal it is held to, and how much time a measurement may take."""

from __future__ import annotations

import operator
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Sense(Enum):
    """On which side of the bound the goal lies."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True)
class Goal:
    """What a row must reach: its value, or with `of` its ratio to what `of` names."""

    sense: Sense
    bound: float
    of: str = ""

    def met(self, figure: float) -> bool:
        """Whether a value (or ratio) reaches the goal."""
        compare: Callable[[float, float], bool] = operator.ge if self.sense is Sense.AT_LEAST else operator.le
        return compare(figure, self.bound)

    def text(self, unit: str) -> str:
        """As it stands in the table."""
        rest = f"× {self.of}" if self.of else unit
        return f"{self.sense.value} {self.bound:g} {rest}"


def at_least(bound: float, of: str = "") -> Goal:
    """A goal that larger figures reach."""
    return Goal(Sense.AT_LEAST, bound, of)


def at_most(bound: float, of: str = "") -> Goal:
    """A goal that smaller figures reach."""
    return Goal(Sense.AT_MOST, bound, of)


@dataclass(frozen=True)
class Row:
    """A line of the table. `value` None means that it could not be measured; `note` then says why."""

    name: str
    value: float | None
    unit: str
    goal: Goal | None = None
    ratio: float | None = None
    note: str = ""
    broken: bool = False  # it should have been measured, and was not

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without a goal or without the figure that it needs."""
        figure = self.value if self.goal is None or not self.goal.of else self.ratio
        return None if self.goal is None or figure is None else self.goal.met(figure)


@dataclass(frozen=True)
class Budget:
    """How much of everything: turns of each contender, seconds of one measurement, entries of large tables."""

    rounds: int
    seconds: float
    entries: int
    idle_seconds: float
    wide: bool = True  # also the variants that only a full run has time for
    contenders: tuple[str, ...] = ()  # between interfaces; none: the usual ones
    stop_s: float = 600  # when they have passed, no further round begins

    def may_go_on(self, start: float, done: int) -> bool:
        """Whether another round like the `done` ones since `start` (monotonic time) fits; the first always does."""
        return done == 0 or (time.monotonic() - start) * (done + 1) / done <= self.stop_s


FULL = Budget(rounds=5, seconds=1.0, entries=100_000, idle_seconds=10, stop_s=600)
QUICK = Budget(rounds=1, seconds=0.25, entries=10_000, idle_seconds=3, wide=False, stop_s=60)
TINY = Budget(rounds=1, seconds=0.05, entries=200, idle_seconds=0.3, wide=False, stop_s=10)


class Bench(Protocol):
    """A module of this package that measures something. Its docstring's first line says what."""

    __doc__: str | None
    needs: tuple[str, ...]  # programs on PATH

    def measure(self, budget: Budget) -> list[Row]:
        """Measures; leaves no process, interface or file behind."""
        ...


Turns = Mapping[str, Mapping[int, float]]  # values by contender and round


def median(turns: Turns, name: str) -> float | None:
    """The median of a contender's rounds; None when it did not run."""
    values = turns.get(name)
    return statistics.median(values.values()) if values else None


def ratio(turns: Turns, ours: str, theirs: str) -> float | None:
    """The median over the rounds of ours to theirs, each pair from one round."""
    mine, other = turns.get(ours, {}), turns.get(theirs, {})
    pairs = [mine[i] / other[i] for i in mine if other.get(i)]
    return statistics.median(pairs) if pairs else None
