"""What happens to a TCP segment of a known connection (FACTS 4.3): ignored, refused, or taken into account."""

from __future__ import annotations

from dataclasses import dataclass

from .packets import ACK, RST, SYN, Tcp
from .reference_tcp import (
    MIN_ACK_WINDOW,
    TRANSITIONS,
    Connection,
    Kind,
    Outcome,
    Side,
    State,
    before,
    end_of,
    kind_of,
    read_options,
)
from .verdicts import Timeouts

_MASK = 0xFFFFFFFF
_CLOSING = (State.FIN_WAIT, State.CLOSE_WAIT, State.LAST_ACK, State.TIME_WAIT, State.CLOSE)


def judge(flow: Connection, segment: Tcp, reply: bool, timeouts: Timeouts) -> Outcome:
    """Decides about a segment and updates the connection; `flow.timeout` is None when the lifetime stays as it is."""
    kind, old = kind_of(segment.flags), flow.state
    flow.timeout = None
    following = TRANSITIONS.get((reply, kind), {})
    if old not in following:
        return Outcome.INVALID
    new = following[old]
    if new is State.SYN_SENT and old in (State.TIME_WAIT, State.CLOSE):
        if any(side.closed_first for side in flow.sides) or (flow.last.kind is Kind.RST and flow.last.reply == reply):
            return Outcome.REOPEN
        new = None
    if new is None:
        if not _answers_ignored_syn(flow, segment, kind, reply):
            _note_ignored(flow, segment, kind, reply)
            return Outcome.IGNORE
        _resynchronise(flow, reply)
        old, new = State.SYN_SENT, State.SYN_RECV
    if new is State.TIME_WAIT and _is_challenge(flow, kind, reply):
        flow.last.challenge_expected = False
        return Outcome.IGNORE
    if new is State.SYN_SENT2:
        flow.last.simultaneous = True
    if new is State.SYN_RECV and reply and kind is Kind.ACK and flow.last.simultaneous:
        new = State.ESTABLISHED
    reset = _judge_reset(flow, segment, reply) if kind is Kind.RST else _Reset()
    if not reset.valid:
        return Outcome.INVALID
    if not reset.closes:
        new = old
    outcome = Outcome.ACCEPT if reset.trusted else check_windows(flow, segment, kind, reply)
    if outcome is Outcome.INVALID:
        _note_invalid(flow, kind, reply)
    return _accepted(flow, kind, reply, old, new, timeouts) if outcome is Outcome.ACCEPT else outcome


def _answers_ignored_syn(flow: Connection, segment: Tcp, kind: Kind, reply: bool) -> bool:
    """Whether this SYN/ACK acknowledges a SYN that was let pass: the endpoints agree, and the record is out of date."""
    last = flow.last
    return kind is Kind.SYN_ACK and last.kind is Kind.SYN and last.reply != reply and segment.ack == last.end


def _resynchronise(flow: Connection, reply: bool) -> None:
    last = flow.last
    client = flow.sides[last.reply]
    client.end = client.max_end = last.end
    client.max_window = last.window or 1
    client.scale, client.can_scale, client.can_sack = last.scale, last.can_scale, last.can_sack
    last.challenge_expected = False
    client.ack_seen = client.unacknowledged = client.closed_first = client.liberal = False
    server = flow.sides[reply]
    server.end = server.max_end = server.max_window = server.max_ack = server.scale = 0
    server.can_scale = server.can_sack = server.ack_seen = server.unacknowledged = server.closed_first = False


def _note_ignored(flow: Connection, segment: Tcp, kind: Kind, reply: bool) -> None:
    last = flow.last
    last.kind, last.reply, last.seq = kind, reply, segment.seq
    last.end, last.window = end_of(segment), segment.window
    if kind is Kind.SYN and not reply:
        noted = Side()
        read_options(noted, segment)
        last.scale, last.can_scale, last.can_sack = noted.scale, noted.can_scale, noted.can_sack
        last.simultaneous = False
        last.challenge_expected = flow.state is State.LAST_ACK
    if flow.state is State.SYN_SENT and kind is Kind.ACK and reply:
        last.ack = segment.ack


def _is_challenge(flow: Connection, kind: Kind, reply: bool) -> bool:
    """Whether this ACK answers a stray SYN (RFC 5961), and not the last FIN."""
    last = flow.last
    answers = kind is Kind.ACK and last.kind is Kind.SYN and last.reply != reply
    return flow.state is State.LAST_ACK and answers and last.challenge_expected


@dataclass(frozen=True, slots=True)
class _Reset:
    """What a reset may do: an invalid one nothing, a trusted one passes without a look at the windows."""

    valid: bool = True
    closes: bool = True
    trusted: bool = False


def _judge_reset(flow: Connection, segment: Tcp, reply: bool) -> _Reset:
    peer, last = flow.sides[not reply], flow.last
    closes = True
    if flow.state in _CLOSING:
        return _Reset(trusted=True)
    if peer.ack_seen and last.kind is not Kind.SYN:
        if segment.seq == 0 and not flow.established:
            return _Reset()
        if before(segment.seq, peer.max_ack):
            return _Reset(valid=False)
        in_train = last.kind is Kind.ACK and last.reply == reply and segment.seq == last.end
        if not flow.established or segment.seq == peer.max_ack or in_train:
            return _Reset()
        closes = False
    answers_syn = flow.seen_reply and last.kind is Kind.SYN and last.reply != reply
    answers_ack = not flow.assured and last.kind is Kind.ACK
    challenged = flow.state is State.SYN_SENT and last.kind is Kind.ACK and last.reply
    answers = (answers_syn or answers_ack) and segment.ack == last.end
    trusted = answers or (challenged and segment.seq == last.ack)
    return _Reset(closes=closes, trusted=trusted)


def check_windows(flow: Connection, segment: Tcp, kind: Kind, reply: bool) -> Outcome:
    """The four checks, and what an accepted segment says of both sides."""
    sender, receiver = flow.sides[reply], flow.sides[not reply]
    seq, end, ack = segment.seq, end_of(segment), segment.ack
    sack = _highest_sack(segment) if receiver.can_sack else ack
    if sender.max_window == 0:
        if segment.flags & SYN:
            _begin_side(sender, receiver, segment, reply)
            if not segment.flags & ACK:
                return Outcome.ACCEPT
        else:
            _pick_up_side(sender, receiver, segment, sack)
    elif segment.flags & SYN and before(sender.end, end) and flow.state in (State.SYN_SENT, State.SYN_RECV):
        _begin_side(sender, receiver, segment, reply)
        if reply and not segment.flags & ACK:
            return Outcome.ACCEPT
    if not segment.flags & ACK or (segment.flags & RST and ack == 0):
        ack = sack = receiver.end
    if segment.flags & RST and seq == 0 and flow.state is State.SYN_SENT:
        seq = end = sender.end
    outcome = _within(sender, receiver, seq, end, sack)
    if outcome is not Outcome.ACCEPT:
        return Outcome.ACCEPT if sender.liberal else outcome
    _take_into_account(sender, receiver, segment, end, ack, sack)
    if kind is Kind.ACK:
        _count_repetition(flow, segment, reply, seq, end, ack)
    return Outcome.ACCEPT


def _within(sender: Side, receiver: Side, seq: int, end: int, sack: int) -> Outcome:
    """Checks I to IV in the order of FACTS 4.3."""
    seen = not before(receiver.end, sack)
    recent = before(sender.end - receiver.max_window - 1, end)
    ack_recent = before(receiver.end - max(sender.max_window, MIN_ACK_WINDOW) - 1, sack)
    if before(sender.max_end, seq):
        overshoot = (end - sender.max_end + 1) & _MASK
        if receiver.max_window and recent and ack_recent and seen and overshoot <= receiver.max_window:
            sender.end = end
            sender.unacknowledged = True
            return Outcome.IGNORE
        return Outcome.INVALID
    if not seen:
        return Outcome.INVALID
    if receiver.max_window and not recent:
        return Outcome.IGNORE
    return Outcome.ACCEPT if ack_recent else Outcome.IGNORE


def _begin_side(sender: Side, receiver: Side, segment: Tcp, reply: bool) -> None:
    sender.end = sender.max_end = end_of(segment)
    sender.max_window = segment.window or 1
    read_options(sender, segment)
    if reply and not (sender.can_scale and receiver.can_scale):
        sender.scale = receiver.scale = 0


def _pick_up_side(sender: Side, receiver: Side, segment: Tcp, sack: int) -> None:
    sender.end = end_of(segment)
    sender.max_window = (segment.window << sender.scale) or 1
    sender.max_end = (sender.end + sender.max_window) & _MASK
    if receiver.max_window == 0:
        receiver.end = receiver.max_end = sack
    elif sack == (receiver.end + 1) & _MASK:
        receiver.end = sack  # the answer to a keepalive


def _take_into_account(sender: Side, receiver: Side, segment: Tcp, end: int, ack: int, sack: int) -> None:
    window = segment.window if segment.flags & SYN else segment.window << sender.scale
    sender.max_window = max(sender.max_window, (window + sack - ack) & _MASK)
    if before(sender.end, end):
        sender.end = end
        sender.unacknowledged = True
    if segment.flags & ACK and (not sender.ack_seen or before(sender.max_ack, ack)):
        sender.max_ack = ack
        sender.ack_seen = True
    if receiver.max_window and before(sender.max_end, end):
        receiver.max_window = (receiver.max_window + end - sender.max_end) & _MASK
    if before(receiver.max_end - 1, sack + window):
        receiver.max_end = (sack + (window or 1)) & _MASK
    if ack == receiver.end:
        receiver.unacknowledged = False


def _count_repetition(flow: Connection, segment: Tcp, reply: bool, seq: int, end: int, ack: int) -> None:
    last = flow.last
    if (last.reply, last.seq, last.ack, last.end, last.window) == (reply, seq, ack, end, segment.window):
        last.repeated += 1
    else:
        last.reply, last.seq, last.ack, last.end, last.window = reply, seq, ack, end, segment.window
        last.repeated = 0


def _highest_sack(segment: Tcp) -> int:
    highest = segment.ack
    for edge in segment.sacks[1::2]:
        if before(highest, edge):
            highest = edge
    return highest


def _note_invalid(flow: Connection, kind: Kind, reply: bool) -> None:
    """A FIN or RST outside the window is remembered, unless it answers one."""
    if not flow.assured or kind not in (Kind.RST, Kind.FIN):
        return
    answers = flow.last.reply != reply and flow.last.kind in (Kind.RST, Kind.FIN)
    if not answers:
        flow.last.kind, flow.last.reply = kind, reply


def _accepted(flow: Connection, kind: Kind, reply: bool, old: State, new: State, timeouts: Timeouts) -> Outcome:
    flow.last.kind, flow.last.reply = kind, reply
    flow.state = new
    if old is not new and new is State.FIN_WAIT:
        flow.sides[reply].closed_first = True
    lifetime = _lifetime(flow, kind, new, timeouts)
    if not flow.seen_reply:
        if kind is Kind.RST:
            return Outcome.FORGET
        if kind is Kind.SYN and old is State.SYN_SENT:
            return Outcome.ACCEPT  # a repeated SYN does not prolong anything
        if new is State.ESTABLISHED:
            lifetime = min(lifetime, timeouts.unacknowledged)
    elif not flow.assured and old in (State.SYN_RECV, State.ESTABLISHED) and new is State.ESTABLISHED:
        flow.assured = True
    flow.timeout = lifetime
    return Outcome.ACCEPT


def _lifetime(flow: Connection, kind: Kind, new: State, timeouts: Timeouts) -> int:
    usual = getattr(timeouts, new.name.lower())
    if flow.last.repeated >= 3 and usual > timeouts.max_retrans:
        return timeouts.max_retrans
    if kind is Kind.RST:
        return timeouts.close
    if any(side.unacknowledged for side in flow.sides) and usual > timeouts.unacknowledged:
        return timeouts.unacknowledged
    if flow.last.window == 0 and usual > timeouts.max_retrans:
        return timeouts.max_retrans
    return usual
