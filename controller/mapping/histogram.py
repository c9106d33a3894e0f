"""Latencies in buckets that grow by an eighth, so that a percentile is right to 12 %."""

from __future__ import annotations

from math import ceil, log

_FIRST = 1e-6  # seconds; everything faster counts as this
_GROWTH = 1.125


class Histogram:
    """Counts durations in seconds; its memory does not grow with their number."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.total = 0
        self.largest = 0.0

    def add(self, seconds: float) -> None:
        """Counts one duration."""
        bucket = max(0, ceil(log(max(seconds, _FIRST) / _FIRST) / log(_GROWTH)))
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self.total += 1
        self.largest = max(self.largest, seconds)

    def percentile(self, percent: float) -> float:
        """The duration that `percent` of all do not exceed; 0 when there are none."""
        rank = ceil(self.total * percent / 100)
        seen = 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= rank:
                return min(_FIRST * _GROWTH**bucket, self.largest)
        return 0.0
