"""The tracker as FACTS 4.3, 4.4 and DESIGN 6 specify it, in plain Python: the readable form of what the P4 does.

One `Reference` is one ENI's view of one remote endpoint. It also serves as a fast oracle where there is no kernel to
ask, and the generator looks into it to aim at the edges of windows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .differences import Difference
from .packets import Error, Fragment, Other, Packet, Plain, Query, Sequence, Tcp, Udp, Wait
from .reassembly import Reassembly
from .reference_rules import judge
from .reference_tcp import VALID_FLAGS, Connection, Outcome, before, begin, copied, end_of
from .verdicts import Timeouts, Verdict
from .wire import HEADERS, ip_payload_length

# An answer's type by its question's (RFC 792, RFC 950); only questions begin a flow.
ANSWERS = {8: 0, 13: 14, 15: 16, 17: 18}
QUESTIONS = {answer: question for question, answer in ANSWERS.items()}
_IGNORED_FLAGS = 0xC8  # PSH, ECE and CWR are never wrong
FRAGMENT_LIFETIME = 30  # seconds
STREAM_AFTER = 2  # seconds of two-way UDP traffic that make a stream

Key = tuple[object, ...]


@dataclass(slots=True)
class Record:
    """A flow: who began it, until when it lives, and for TCP its connection."""

    outbound: bool
    expires: float
    connection: Connection | None = None
    seen_reply: bool = False
    began: float = 0


@dataclass(slots=True)
class Pieces:
    """A datagram whose first fragment was admitted; it is forgotten when as many bytes have come as it has."""

    expires: float
    first_end: int
    received: int
    whole: Plain
    total: int | None = None


@dataclass
class Reference:
    """Judges the packets of one sequence in order."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    loose: bool = False
    ipv6: bool = False
    now: float = 0
    records: dict[Key, Record] = field(default_factory=dict)
    like_linux: frozenset[Difference] = frozenset()  # in what to differ from our own way
    datagrams: dict[Key, Pieces] = field(default_factory=dict)  # whose first fragment was admitted
    reassembly: Reassembly = field(default_factory=lambda: Reassembly(FRAGMENT_LIFETIME))

    def __post_init__(self) -> None:
        if Difference.OWN_SYN_SENT2_TIMEOUT not in self.like_linux:
            self.timeouts = replace(self.timeouts, syn_sent2=self.timeouts.syn_sent)

    def run(self, sequence: Sequence) -> list[Verdict]:
        """The verdicts on a sequence's packets."""
        self.ipv6 = sequence.ipv6
        verdicts = []
        for step in sequence.steps:
            if isinstance(step, Wait):
                self.now += step.seconds
            else:
                verdicts.append(self.judge(step))
        return verdicts

    def judge(self, packet: Packet) -> Verdict:
        """The verdict on one packet now."""
        if isinstance(packet, Fragment):
            return self._fragment(packet)
        if isinstance(packet, Error):
            return self._error(packet)
        if isinstance(packet, Tcp):
            return self._tcp(packet)
        return self._simple(packet)

    def record(self, packet: Plain) -> Record | None:
        """The living record that a packet belongs to."""
        found = self.records.get(key_of(packet))
        return found if found is not None and found.expires > self.now else None

    def _tcp(self, segment: Tcp) -> Verdict:
        if not _well_formed(segment) or segment.flags & ~_IGNORED_FLAGS not in VALID_FLAGS:
            return Verdict.INVALID
        record = self.record(segment)
        first = record is None
        if record is None:
            connection = begin(segment, loose=self.loose)
            if connection is None:
                return Verdict.INVALID
            record = Record(segment.outbound, self.now, connection)
        assert record.connection is not None
        reply = record.outbound != segment.outbound
        untouched = copied(record.connection)
        outcome = judge(record.connection, segment, reply, self.timeouts)
        if outcome is Outcome.INVALID:
            if Difference.INVALID_LEAVES_TRACES not in self.like_linux:
                record.connection = untouched
            return Verdict.INVALID
        key = key_of(segment)
        if outcome is Outcome.REOPEN:
            del self.records[key]
            return self._tcp(segment)
        self.records[key] = record
        record.connection.seen_reply |= reply
        if record.connection.timeout is not None and outcome is Outcome.ACCEPT:
            record.expires = self.now + record.connection.timeout
        if outcome is Outcome.FORGET:
            del self.records[key]
        return Verdict.FIRST if first else Verdict.REPLY if reply else Verdict.ORIGINAL

    def _simple(self, packet: Udp | Query | Other) -> Verdict:
        record = self.record(packet)
        if record is None:
            if isinstance(packet, Query) and not (packet.type == 8 or (packet.type in ANSWERS and not self.ipv6)):
                return Verdict.INVALID
            record = Record(packet.outbound, 0, began=self.now)
            self.records[key_of(packet)] = record
            verdict = Verdict.FIRST
        else:
            reply = packet.outbound != record.outbound
            verdict = Verdict.REPLY if reply else Verdict.ORIGINAL
        record.expires = self.now + self._lifetime(packet, record)
        record.seen_reply |= verdict is Verdict.REPLY
        return verdict

    def _lifetime(self, packet: Udp | Query | Other, record: Record) -> int:
        if isinstance(packet, Query):
            return self.timeouts.icmp
        if isinstance(packet, Other):
            return self.timeouts.generic
        stream = record.seen_reply and self.now - record.began > STREAM_AFTER
        return self.timeouts.udp_stream if stream else self.timeouts.udp

    def _error(self, error: Error) -> Verdict:
        """Related to the flow whose packet it quotes, if it goes to that packet's sender."""
        quoted = error.quoted
        misdirected = quoted.outbound == error.outbound or (error.outbound and error.router)
        if misdirected or self.record(quoted) is None:
            return Verdict.INVALID
        return Verdict.RELATED

    def _fragment(self, fragment: Fragment) -> Verdict:
        """The first fragment is judged as a packet, by what it holds; later ones pass behind an admitted first one."""
        whole = fragment.whole
        identity = (whole.outbound, protocol_of(whole), fragment.identification)
        if Difference.REASSEMBLES in self.like_linux:
            complete = self.reassembly.completed(identity, fragment, self.now)
            return self.judge(whole) if complete else Verdict.HELD
        size = ip_payload_length(whole)
        stop = min(fragment.start + fragment.count, size) if fragment.count else size
        if fragment.start:
            return self._later_fragment(identity, fragment.start, stop, last=stop == size)
        if stop < HEADERS[type(whole)]:
            return Verdict.INVALID
        verdict = self.judge(replace(whole, length=whole.length - size + stop))
        if verdict is not Verdict.INVALID:
            self.datagrams[identity] = Pieces(self.now + FRAGMENT_LIFETIME, stop, stop, whole)
        return verdict

    def _later_fragment(self, identity: Key, start: int, stop: int, *, last: bool) -> Verdict:
        """Not before the first one's end, whose headers it could write over (RFC 1858); TCP's end is known only now."""
        pieces = self.datagrams.get(identity)
        if pieces is None or pieces.expires <= self.now or start < pieces.first_end:
            return Verdict.INVALID
        pieces.received += stop - start
        if last:
            pieces.total = stop
        if isinstance(pieces.whole, Tcp):
            self._extend(pieces.whole, stop)
        if pieces.total is not None and pieces.received >= pieces.total:
            del self.datagrams[identity]
        return Verdict.FRAGMENT

    def _extend(self, segment: Tcp, stop: int) -> None:
        record = self.records.get(key_of(segment))
        if record is None or record.connection is None:
            return
        side = record.connection.sides[record.outbound != segment.outbound]
        end = end_of(replace(segment, length=segment.length - ip_payload_length(segment) + stop))
        if before(side.end, end):
            side.end = end


def protocol_of(packet: Plain) -> int:
    """The IPv4 protocol number."""
    if isinstance(packet, Other):
        return packet.protocol
    return {Tcp: 6, Udp: 17, Query: 1}[type(packet)]


def key_of(packet: Plain) -> Key:
    """What tells flows of one endpoint pair apart. Questions of the two sides are different flows."""
    if isinstance(packet, Query):
        asked_outwards = packet.outbound if packet.type in ANSWERS else not packet.outbound
        return ("icmp", asked_outwards, QUESTIONS.get(packet.type, packet.type), packet.code, packet.flow)
    if isinstance(packet, Other):
        return ("other", packet.protocol)
    return ("tcp" if isinstance(packet, Tcp) else "udp", packet.flow)


def _well_formed(segment: Tcp) -> bool:
    if segment.words is None:
        return True
    return segment.words >= 5 and segment.words * 4 <= ip_payload_length(segment)
