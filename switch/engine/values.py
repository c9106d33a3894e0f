"""The values that cross the engine's Python boundary: actions, entries, rates, events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Clock(Enum):
    """Where time comes from: the machine's monotonic clock, or `Engine.set_time`."""

    WALL = 0
    VIRTUAL = 1


@dataclass(frozen=True, slots=True)
class ActionCall:
    """An action with its arguments: each parameter as ceil(width/8) big-endian bytes, concatenated."""

    action: str
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an action profile, by its handle."""

    handle: int


@dataclass(frozen=True, slots=True)
class Group:
    """A group of an action profile, by its handle."""

    handle: int


Target = ActionCall | Member | Group


@dataclass(frozen=True, slots=True)
class Entry:
    """A table entry as it stands; key and mask are encoded as `Table` describes."""

    handle: int
    key: bytes
    mask: bytes
    priority: int
    action: Target
    is_const: bool
    idle_timeout_ns: int
    time_since_hit_ns: int


@dataclass(frozen=True, slots=True)
class MeterRates:
    """Committed and peak rates in packets or bytes per second, bursts in packets or bytes.

    With an excess burst the meter has one rate (RFC 2697), and the peak means nothing.
    """

    cir: int
    cburst: int
    pir: int
    pburst: int
    eburst: int = 0

    def cells(self) -> tuple[int, int, int, int, int, int]:
        """As C takes them."""
        return self.cir, self.cburst, self.pir, self.pburst, self.eburst, 1


@dataclass(frozen=True, slots=True)
class ColourCounts:
    """Packets and bytes that a meter has found green, yellow and red."""

    green: tuple[int, int] = (0, 0)
    yellow: tuple[int, int] = (0, 0)
    red: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, cells: Sequence[int]) -> ColourCounts:
        """From what C gives: they follow the rates."""
        return cls((cells[6], cells[7]), (cells[8], cells[9]), (cells[10], cells[11]))

    def cells(self) -> tuple[int, ...]:
        """As C takes them."""
        return (0,) * 6 + self.green + self.yellow + self.red


@dataclass(frozen=True, slots=True)
class Digest:
    """One message of a digest; `values` are the list's elements as big-endian bytes of ceil(width/8)."""

    name: str
    list_id: int
    values: tuple[bytes, ...]

    def numbers(self) -> tuple[int, ...]:
        """The elements as unsigned integers."""
        return tuple(int.from_bytes(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class IdleTimeout:
    """An entry of `table` was not hit for its idle timeout; told again after each further timeout."""

    table: str
    handle: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """What the program's log_msg said."""

    text: str


Event = Digest | IdleTimeout | LogLine


class OpKind(Enum):
    """What one element of `Table.write_batch` does."""

    INSERT = 0
    MODIFY = 1
    DELETE = 2


@dataclass(frozen=True, slots=True)
class TableOp:
    """One element of a batch; MODIFY and DELETE find their entry by key, mask and priority."""

    kind: OpKind
    key: bytes
    mask: bytes | None = None
    priority: int = 0
    action: Target | None = None
    idle_timeout_ns: int = 0
