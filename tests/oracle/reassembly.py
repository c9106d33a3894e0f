"""How Linux puts datagrams together before it tracks them: pieces wait, an overlap throws them all away (RFC 5722)."""

from __future__ import annotations

from dataclasses import dataclass, field

from .packets import Fragment
from .wire import ip_payload_length


@dataclass
class Datagram:
    """What has come of one datagram; `total` is known once its last piece is there."""

    began: float
    pieces: list[tuple[int, int]] = field(default_factory=list)
    total: int | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return self.total is not None and self._runs() == [(0, self.total)]

    def _runs(self) -> list[tuple[int, int]]:
        """Pieces that touch are one."""
        runs: list[tuple[int, int]] = []
        for start, stop in sorted(self.pieces):
            if runs and runs[-1][1] == start:
                runs[-1] = (runs[-1][0], stop)
            else:
                runs.append((start, stop))
        return runs

    def add(self, start: int, stop: int, *, last: bool) -> bool:
        """Takes a piece in; False when it contradicts the others, and all are to be thrown away."""
        known = max((end for _, end in self.pieces), default=0)
        if (last and stop < known) or (self.total is not None and (stop > self.total or (last and stop != self.total))):
            return False
        if last:
            self.total = stop
        for begin, end in self._runs():
            if begin <= start and stop <= end:
                return True
            if start < end and begin < stop:
                return False
        self.pieces.append((start, stop))
        return True


@dataclass
class Reassembly:
    """The datagrams of one pair that are not complete yet."""

    lifetime: float
    datagrams: dict[tuple[object, ...], Datagram] = field(default_factory=dict)

    def completed(self, identity: tuple[object, ...], fragment: Fragment, now: float) -> bool:
        """Whether this fragment was the last one missing."""
        datagram = self.datagrams.get(identity)
        if datagram is None or now - datagram.began >= self.lifetime:
            datagram = self.datagrams[identity] = Datagram(now)
        whole = ip_payload_length(fragment.whole)
        stop = min(fragment.start + fragment.count, whole) if fragment.count else whole
        if not datagram.add(fragment.start, stop, last=stop == whole):
            del self.datagrams[identity]
            return False
        if datagram.complete:
            del self.datagrams[identity]
            return True
        return False
