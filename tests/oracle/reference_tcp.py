"""TCP tracking as FACTS 4.3 has it: the states, the four window checks, what a reset may do. The readable form."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum

from .packets import ACK, FIN, RST, SYN, URG, Tcp


class State(IntEnum):
    """Where a connection stands, as the middle of the path sees it."""

    NONE = 0
    SYN_SENT = 1
    SYN_RECV = 2
    ESTABLISHED = 3
    FIN_WAIT = 4
    CLOSE_WAIT = 5
    LAST_ACK = 6
    TIME_WAIT = 7
    CLOSE = 8
    SYN_SENT2 = 9


class Kind(IntEnum):
    """What a segment is first of all: RST before SYN before FIN before ACK."""

    NONE = 0
    SYN = 1
    SYN_ACK = 2
    FIN = 3
    ACK = 4
    RST = 5


class Outcome(Enum):
    """What the tracker does with a segment."""

    ACCEPT = "accept"
    IGNORE = "ignore"  # passes, and changes neither state nor timeout
    INVALID = "invalid"
    REOPEN = "reopen"  # the record is dead; this segment begins another
    FORGET = "forget"  # passes, and the record goes


VALID_FLAGS = {SYN, SYN | URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG}
MIN_ACK_WINDOW = 66000

_S = State
_OPEN = (_S.SYN_RECV, _S.ESTABLISHED, _S.FIN_WAIT, _S.CLOSE_WAIT, _S.LAST_ACK)
_FIN = {
    _S.SYN_RECV: _S.FIN_WAIT,
    _S.ESTABLISHED: _S.FIN_WAIT,
    _S.FIN_WAIT: _S.LAST_ACK,
    _S.CLOSE_WAIT: _S.LAST_ACK,
    _S.LAST_ACK: _S.LAST_ACK,
    _S.TIME_WAIT: _S.TIME_WAIT,
    _S.CLOSE: _S.CLOSE,
}
_ACK = {
    _S.ESTABLISHED: _S.ESTABLISHED,
    _S.FIN_WAIT: _S.CLOSE_WAIT,
    _S.CLOSE_WAIT: _S.CLOSE_WAIT,
    _S.LAST_ACK: _S.TIME_WAIT,
    _S.TIME_WAIT: _S.TIME_WAIT,
    _S.CLOSE: _S.CLOSE,
}
_RST = {state: _S.CLOSE for state in State if state is not _S.NONE}
_IGNORED = None  # the segment passes, and the connection stays as it is

# By (reply direction, kind): the next state of each state. What is missing is INVALID.
TRANSITIONS: dict[tuple[bool, Kind], dict[State, State | None]] = {
    (False, Kind.SYN): {
        **{state: _S.SYN_SENT for state in (_S.NONE, _S.SYN_SENT, _S.TIME_WAIT, _S.CLOSE)},
        **dict.fromkeys(_OPEN, _IGNORED),
        _S.SYN_SENT2: _S.SYN_SENT2,
    },
    (True, Kind.SYN): {_S.SYN_SENT: _S.SYN_SENT2, _S.SYN_SENT2: _S.SYN_SENT2, _S.TIME_WAIT: _S.SYN_SENT},
    (False, Kind.SYN_ACK): {_S.SYN_SENT2: _S.SYN_RECV, _S.SYN_RECV: _S.SYN_RECV},
    (True, Kind.SYN_ACK): {
        **dict.fromkeys((*_OPEN, _S.TIME_WAIT, _S.CLOSE), _IGNORED),
        _S.SYN_SENT: _S.SYN_RECV,
        _S.SYN_SENT2: _S.SYN_RECV,
    },
    (False, Kind.FIN): {**_FIN},
    (True, Kind.FIN): {**_FIN},
    (False, Kind.ACK): {**_ACK, _S.NONE: _S.ESTABLISHED, _S.SYN_RECV: _S.ESTABLISHED},
    (True, Kind.ACK): {**_ACK, _S.SYN_RECV: _S.SYN_RECV, _S.SYN_SENT: _IGNORED, _S.SYN_SENT2: _IGNORED},
    (False, Kind.RST): {**_RST},
    (True, Kind.RST): {**_RST},
}


def kind_of(flags: int) -> Kind:
    """The segment's kind by its flags."""
    if flags & RST:
        return Kind.RST
    if flags & SYN:
        return Kind.SYN_ACK if flags & ACK else Kind.SYN
    if flags & FIN:
        return Kind.FIN
    return Kind.ACK if flags & ACK else Kind.NONE


def end_of(segment: Tcp) -> int:
    """The sequence number after the segment."""
    return (segment.seq + segment.length + bool(segment.flags & SYN) + bool(segment.flags & FIN)) & 0xFFFFFFFF


def before(a: int, b: int) -> bool:
    """a < b modulo 2^32."""
    return ((a - b) & 0xFFFFFFFF) >= 0x80000000


@dataclass(slots=True)
class Side:
    """What is known of one direction; numbers modulo 2^32."""

    end: int = 0  # highest sequence number sent, and what may be sent
    max_end: int = 0
    max_window: int = 0  # 0: nothing seen of this side
    max_ack: int = 0
    ack_seen: bool = False
    scale: int = 0
    can_scale: bool = False
    can_sack: bool = False
    unacknowledged: bool = False
    closed_first: bool = False
    liberal: bool = False


@dataclass(slots=True)
class Last:
    """The last segment that counted: of what kind, from where, with which numbers."""

    kind: Kind = Kind.NONE
    reply: bool = False
    seq: int = 0
    ack: int = 0
    end: int = 0
    window: int = 0
    repeated: int = 0
    scale: int = 0
    can_scale: bool = False
    can_sack: bool = False
    challenge_expected: bool = False
    simultaneous: bool = False


@dataclass(slots=True)
class Connection:
    """One TCP flow's record; sides[0] sent the first packet."""

    state: State = State.NONE
    sides: tuple[Side, Side] = field(default_factory=lambda: (Side(), Side()))
    last: Last = field(default_factory=Last)
    seen_reply: bool = False
    assured: bool = False
    timeout: int | None = None  # seconds to live from now on, when the last segment changed it

    @property
    def established(self) -> bool:
        """Open both ways, and used since."""
        return self.state is State.ESTABLISHED and self.assured


def begin(segment: Tcp, *, loose: bool) -> Connection | None:
    """The record that a first packet makes; None if it may not begin a flow."""
    connection = Connection()
    client, server = connection.sides
    window = segment.window or 1
    client.end = client.max_end = end_of(segment)
    client.max_window = window
    if kind_of(segment.flags) is Kind.SYN:
        read_options(client, segment)
        return connection
    if not loose or kind_of(segment.flags) is not Kind.ACK:
        return None
    client.max_end = (client.end + window) & 0xFFFFFFFF
    client.can_sack = server.can_sack = client.liberal = server.liberal = True
    return connection


def read_options(side: Side, segment: Tcp) -> None:
    """What a SYN's options say of its sender; without any option the old knowledge stays."""
    if segment.scale is None and not segment.sack_permitted and not segment.sacks:
        return
    side.scale = min(segment.scale or 0, 14)
    side.can_scale = segment.scale is not None
    side.can_sack = segment.sack_permitted
    side.ack_seen = side.unacknowledged = side.closed_first = False


def copied(connection: Connection) -> Connection:
    """A copy that does not change with the original."""
    one, other = connection.sides
    return replace(connection, sides=(replace(one), replace(other)), last=replace(connection.last))
