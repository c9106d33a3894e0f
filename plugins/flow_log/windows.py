"""What has been counted and not yet been written, for each length of interval."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .logs import INTERVALS
from .rows import RowKey, Totals


@dataclass
class Window:
    """An interval that is not over: sums by interface number, and the interfaces of which something is missing."""

    begin: float
    rows: dict[int, dict[RowKey, Totals]] = field(default_factory=lambda: defaultdict(dict))
    skipped: set[int] = field(default_factory=set)

    def add(self, key: RowKey, totals: Totals) -> None:
        """Adds a row to the sums."""
        known = self.rows[key.eni].setdefault(key, totals)
        if known is not totals:
            known.add(totals)


class Windows:
    """The open windows. The longer ones add up what the shorter ones do."""

    def __init__(self, begin: float) -> None:
        self._open = {interval: Window(begin) for interval in INTERVALS}

    def add(self, key: RowKey, totals: Totals) -> None:
        """Adds a row of the data plane to all."""
        for window in self._open.values():
            window.add(key, replace(totals))

    def skip(self, interfaces: Iterable[int]) -> None:
        """Something of these interfaces is missing."""
        numbers = set(interfaces)
        for window in self._open.values():
            window.skipped |= numbers

    def close(self, interval: int, end: float) -> Window:
        """Takes the window of this length; the next one begins."""
        closed = self._open[interval]
        self._open[interval] = Window(end)
        return closed
