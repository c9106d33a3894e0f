"""Conversations of two TCP endpoints: honest most of the time, hostile often, and aimed at the edges of windows.

Each endpoint keeps what a real one would (next sequence number, what it has got, window, scale). A reference tracker
listens; from its windows come the numbers that are just inside and just outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from .packets import ACK, CWR, ECE, FIN, PSH, RST, SYN, URG, Error, Step, Tcp
from .reference import Reference
from .reference_tcp import MIN_ACK_WINDOW, Connection
from .verdicts import Verdict
from .wire import ERRORS

_MASK = 0xFFFFFFFF
_WINDOWS = (0, 1, 100, 1000, 8192, 65535)
_LENGTHS = (1, 10, 100, 1460, 8000)
_NUDGES = (-1, 0, 0, 1)
_FLAGS = (0, FIN, SYN | FIN, SYN | RST, FIN | RST, URG, SYN | URG, FIN | ACK | URG, ACK | URG, SYN | FIN | ACK, 0xFF)


@dataclass(slots=True)
class Endpoint:
    """What one end knows; `next` is what it sends next."""

    outbound: bool
    next: int
    window: int
    scale: int | None
    sack: bool


class Conversation:
    """A random conversation; `steps` grows with each move."""

    def __init__(self, random: Random, flow: int = 0, *, loose: bool = False) -> None:
        self.random, self.flow = random, flow
        self.steps: list[Step] = []
        self._listener = Reference(loose=loose)
        self._begin()

    def handshake(self) -> None:
        """The three-way handshake, with the usual accidents."""
        client, server = self._ends
        repeated = self._chance(0.1)
        self._syn(client)
        if repeated:
            self._syn(client)
        if self._chance(0.05):
            return
        self._syn(server, ACK, acknowledges=client.next + 1)
        if self._chance(0.1):
            self._syn(server, ACK, acknowledges=client.next + 1)
        client.next, server.next = client.next + 1, server.next + 1
        if not self._chance(0.05):
            self._send(client)

    def knock(self) -> None:
        """The client's SYN again, as long as nobody answers; or the server's answer again."""
        client, server = self._ends
        if self._chance(0.3):
            self._syn(server, ACK, acknowledges=client.next + 1)
        else:
            self._syn(client)

    def simultaneous_open(self) -> None:
        """Both send a SYN first (RFC 9293, 3.5)."""
        one, other = self._ends
        self._syn(one)
        self._syn(other)
        order = [one, other]
        self.random.shuffle(order)
        for end in order:
            peer = self._peer(end)
            if self._chance(0.8):
                self._syn(end, ACK, acknowledges=peer.next + 1)
        one.next, other.next = one.next + 1, other.next + 1
        for end in order:
            self._send(end)

    def close(self) -> None:
        """FINs in one of their orders, and perhaps an accident between."""
        first, second = self._shuffled()
        self._fin(first)
        if self._chance(0.7):
            self._send(second)
        if self._chance(0.3):
            self.move()
        self._fin(second)
        if self._chance(0.3):
            self._challenge()
        else:
            self._send(first)

    def move(self) -> None:
        """One random thing that an endpoint, the network or an attacker does."""
        moves: list[Callable[[Endpoint], None]] = [
            self._data, self._data, self._data, self._send, self._repeat, self._lose, self._keepalive, self._resize,
            self._probe, self._probe, self._probe, self._reset, self._stray_syn, self._odd_flags, self._sack, self._fin,
            self._error, self._answer_syn,
        ]  # fmt: skip
        self.random.choice(moves)(self.random.choice(self._ends))

    def probe(self) -> None:
        """A segment at the edge of what the tracker accepts."""
        self._probe(self.random.choice(self._ends))

    def reset(self) -> None:
        """A reset, exact or not."""
        self._reset(self.random.choice(self._ends))

    def reopen(self) -> None:
        """The same ports again, begun by either side."""
        self._begin()
        self.handshake()

    def wait(self, seconds: int) -> None:
        """Tells the listener that time passes."""
        self._listener.now += seconds

    def _begin(self) -> None:
        outbound = self._chance(0.7)
        self._ends = (self._endpoint(outbound), self._endpoint(not outbound))

    def _endpoint(self, outbound: bool) -> Endpoint:
        first = self.random.choice((self._number(), self._number(), _MASK - self.random.randrange(3000), 0, 1 << 31))
        scale = self.random.choice((None, 0, 2, 7, 14, 15))
        return Endpoint(outbound, first, self.random.choice(_WINDOWS[1:]), scale, self._chance(0.6))

    def _send(self, end: Endpoint, flags: int = ACK, length: int = 0, **changes: int | None) -> None:
        fields = {"seq": end.next, "ack": self._peer(end).next, "window": end.window, **changes}
        self._put(Tcp(end.outbound, flags, length=length, flow=self.flow, **_wrapped(fields)))  # type: ignore[arg-type]

    def _syn(self, end: Endpoint, flags: int = 0, acknowledges: int = 0) -> None:
        bare = self._chance(0.05)
        scale, sack = (None, False) if bare else (end.scale, end.sack)
        options = {"scale": scale, "sack_permitted": sack, "flow": self.flow}
        more = self.random.choice((0, 0, 0, ECE | CWR, PSH))
        length = 100 if self._chance(0.03) else 0
        numbers = {"seq": end.next & _MASK, "ack": acknowledges & _MASK, "window": end.window, "length": length}
        self._put(Tcp(end.outbound, SYN | flags | more, **numbers, **options))  # type: ignore[arg-type]

    def _data(self, end: Endpoint) -> None:
        length = self.random.choice(_LENGTHS)
        self._send(end, self.random.choice((ACK, ACK | PSH)), length)
        end.next = (end.next + length) & _MASK

    def _fin(self, end: Endpoint) -> None:
        self._send(end, FIN | ACK)
        end.next = (end.next + 1) & _MASK

    def _lose(self, end: Endpoint) -> None:
        """Data that never came this far, and what follows it."""
        end.next = (end.next + self.random.choice(_LENGTHS)) & _MASK
        self._send(end, ACK, 100)
        end.next = (end.next + 100) & _MASK

    def _repeat(self, _: Endpoint) -> None:
        segments = [step for step in self.steps if isinstance(step, Tcp)]
        if segments:
            again = self.random.choice((segments[-1], self.random.choice(segments)))
            for _repetition in range(self.random.choice((1, 1, 4))):
                self._put(again)

    def _keepalive(self, end: Endpoint) -> None:
        self._send(end, seq=end.next - 1, length=self.random.choice((0, 1)))

    def _resize(self, end: Endpoint) -> None:
        end.window = self.random.choice(_WINDOWS)
        self._send(end)

    def _sack(self, end: Endpoint) -> None:
        """Got what came after a gap."""
        peer = self._peer(end)
        edges = [peer.next - 1000, peer.next + self.random.choice((0, 0, 0, 1))]
        if self._chance(0.3):
            edges += [peer.next - 3000, peer.next - 2000]
        segment = Tcp(end.outbound, ACK, end.next & _MASK, (peer.next - 5000) & _MASK, end.window, flow=self.flow)
        self._put(_with_sacks(segment, edges))

    def _stray_syn(self, end: Endpoint) -> None:
        """A SYN into whatever there is: the old one, a new one, or one in the window; a challenge ACK may follow."""
        number = self.random.choice((end.next, end.next + 1000, self._number(), self._syn_number(end)))
        stray = Endpoint(end.outbound, number, end.window, end.scale, end.sack)
        self._syn(stray)
        answer = self.random.choice(("challenge", "accept", "reset", "none"))
        peer = self._peer(end)
        if answer == "challenge":
            self._send(peer)
        elif answer == "accept":
            peer.next = self.random.choice((peer.next, self._number()))
            self._syn(peer, ACK, acknowledges=number + 1)
            end.next, peer.next = number + 1, peer.next + 1
        elif answer == "reset":
            self._send(peer, RST | ACK, seq=self.random.choice((0, peer.next)), ack=number + 1)

    def _challenge(self) -> None:
        """The client comes again before the last ACK; the server, still there, challenges it (RFC 5961)."""
        client, server = self._ends
        stray = Endpoint(client.outbound, self._number(), client.window, client.scale, client.sack)
        self._syn(stray)
        self._send(server)
        self._syn(stray)

    def _answer_syn(self, end: Endpoint) -> None:
        peer = self._peer(end)
        numbers = {"seq": self.random.choice((end.next, end.next - 1)), "ack": peer.next}
        self._put(Tcp(end.outbound, SYN | ACK, window=end.window, flow=self.flow, **_wrapped(numbers)))  # type: ignore[arg-type]

    def _reset(self, end: Endpoint) -> None:
        peer = self._peer(end)
        flags = self.random.choice((RST, RST | ACK))
        near = end.next + self.random.choice((0, 0, 0, 1, -1, 500, -500))
        known = self._known()
        aimed = [near, near, 0]
        if known is not None:
            aimed += [known.sides[0].max_ack, known.sides[1].max_ack, known.last.end, known.last.ack]
        ack = self.random.choice((peer.next, peer.next, 0, peer.next + 1, known.last.end if known else 0))
        self._send(end, flags, seq=self.random.choice(aimed) + self.random.choice((0, 0, 0, -1, 1)), ack=ack)

    def _odd_flags(self, end: Endpoint) -> None:
        words = self.random.choice((None, None, None, 4, 15))
        self._send(end, self.random.choice(_FLAGS), words=words)

    def _error(self, end: Endpoint) -> None:
        """An ICMP error about the other end's last segment, or about a flow that does not exist."""
        about = [step for step in self.steps if isinstance(step, Tcp) and step.words is None]
        if not about:
            return
        quoted = self.random.choice(about)
        kind, code = self.random.choice(ERRORS)
        self._put(Error(self.random.choice((end.outbound, not quoted.outbound)), quoted, kind, code, self._chance(0.3)))

    def _probe(self, end: Endpoint) -> None:
        known = self._known()
        if known is None:
            return self._send(end, ack=self._number())
        reply = end.outbound != self._first_outbound()
        sender, receiver = known.sides[reply], known.sides[not reply]
        length = self.random.choice((0, 0, 1, 100, 1460))
        edge = receiver.end - max(sender.max_window, MIN_ACK_WINDOW)
        ends = (sender.max_end + receiver.max_window - 1, sender.end - receiver.max_window)
        starts = (sender.max_end, sender.end, sender.end + (1 << 31), *(number - length for number in ends))
        acks = (receiver.end, edge, receiver.end + (1 << 31), known.sides[reply].max_ack)
        numbers = {
            "seq": self.random.choice((end.next, self.random.choice(starts) + self.random.choice(_NUDGES))),
            "ack": self.random.choice((self._peer(end).next, self.random.choice(acks) + self.random.choice(_NUDGES))),
        }
        flags = self.random.choice((ACK, ACK, ACK, ACK | PSH, FIN | ACK, RST | ACK))
        return self._send(end, flags, length if flags & RST == 0 else 0, **numbers)

    def _known(self) -> Connection | None:
        record = self._listener.record(Tcp(True, ACK, 0, flow=self.flow))
        return None if record is None else record.connection

    def _first_outbound(self) -> bool:
        record = self._listener.record(Tcp(True, ACK, 0, flow=self.flow))
        return record is None or record.outbound

    def _syn_number(self, end: Endpoint) -> int:
        sent = [s for s in self.steps if isinstance(s, Tcp) and s.flags & SYN and s.outbound == end.outbound]
        return sent[-1].seq if sent else end.next

    def _put(self, packet: Tcp | Error) -> Verdict:
        self.steps.append(packet)
        return self._listener.judge(packet)

    def _peer(self, end: Endpoint) -> Endpoint:
        return self._ends[1] if end is self._ends[0] else self._ends[0]

    def _shuffled(self) -> tuple[Endpoint, Endpoint]:
        one, other = self._ends
        return (one, other) if self._chance(0.5) else (other, one)

    def _number(self) -> int:
        return self.random.randrange(1 << 32)

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability


def _wrapped(fields: dict[str, int | None]) -> dict[str, int | None]:
    wrap = ("seq", "ack")
    return {name: value & _MASK if name in wrap and value is not None else value for name, value in fields.items()}


def _with_sacks(segment: Tcp, edges: list[int]) -> Tcp:
    return Tcp(
        segment.outbound,
        segment.flags,
        segment.seq,
        segment.ack,
        segment.window,
        sacks=tuple(edge & _MASK for edge in edges),
        flow=segment.flow,
    )
