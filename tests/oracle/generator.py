"""Seeded random sequences. `sequence(seed, number)` is the same for ever, whatever ran before it."""

from __future__ import annotations

from random import Random

from .generator_tcp import Conversation
from .packets import ACK, SYN, Error, Fragment, Other, Plain, Query, Sequence, Step, Tcp, Udp, Wait
from .wire import ERRORS, ip_payload_length

_WAITS = (1, 4, 7, 10, 13)
_MOST_WAITING = 14


def sequence(seed: int, number: int, *, loose: bool = False) -> Sequence:
    """The sequence of that number."""
    random = Random(seed << 32 | number)
    kinds = (_tcp, _tcp, _tcp, _tcp, _udp, _queries, _others, _fragments, _mixed)
    ipv6 = random.random() < 0.25
    if loose:
        return Sequence(tuple(_tcp(random, loose=True)), ipv6)
    return Sequence(tuple(random.choice(kinds)(random)), ipv6)


def _tcp(random: Random, flow: int = 0, *, waits: bool = True, loose: bool = False) -> list[Step]:
    talk = Conversation(random, flow, loose=loose)
    pauses = _pauses(random) if waits else []
    opening = random.random()
    if opening < 0.1:
        _patiently(random, talk, pauses)
    if opening < 0.75:
        talk.handshake()
    elif opening < 0.85:
        talk.simultaneous_open()
    aimed = random.random() < 0.4
    for _ in range(random.choice((2, 5, 10, 20))):
        talk.probe() if aimed and random.random() < 0.6 else talk.move()
        _perhaps_wait(random, talk, pauses)
    if random.random() < 0.6:
        talk.close() if random.random() < 0.6 else talk.reset()
        _perhaps_wait(random, talk, pauses)
    for _ in range(random.choice((0, 0, 1, 3))):
        talk.move()
    if random.random() < 0.2:
        talk.reopen()
        talk.move()
    return talk.steps


def _patiently(random: Random, talk: Conversation, pauses: list[int]) -> None:
    """A flow that takes its time to open."""
    while pauses:
        talk.knock()
        _wait(talk, pauses.pop())
    talk.knock()


def _perhaps_wait(random: Random, talk: Conversation, pauses: list[int]) -> None:
    if pauses and random.random() < 0.2:
        _wait(talk, pauses.pop())


def _wait(talk: Conversation, seconds: int) -> None:
    talk.steps.append(Wait(seconds))
    talk.wait(seconds)


def _pauses(random: Random) -> list[int]:
    """At most two waits, whose sum is neither a multiple of 3 nor 2 (see Timeouts), in three of ten sequences."""
    if random.random() > 0.3:
        return []
    first, second = random.choice(_WAITS), random.choice((0, *_WAITS))
    return [first, second] if second and 2 < first + second <= _MOST_WAITING else [first]


def _udp(random: Random) -> list[Step]:
    def packet() -> Step:
        kind = random.random()
        flow = random.choice((0, 0, 0, 1))
        datagram = Udp(random.random() < 0.6, random.choice((0, 1, 100, 1400)), flow)
        return _error_about(random, datagram) if kind < 0.15 else datagram

    return _with_waits(random, [packet() for _ in range(random.randint(2, 10))])


def _queries(random: Random) -> list[Step]:
    def packet() -> Step:
        kind = random.choice((8, 8, 8, 0, 0, 0, 13, 14, 17, 18, 10, 40))
        query = Query(random.random() < 0.5, kind, random.choice((0, 0, 0, 0, 1)), 56, random.choice((0, 0, 1)))
        return _error_about(random, query) if random.random() < 0.15 else query

    return _with_waits(random, [packet() for _ in range(random.randint(2, 10))])


def _others(random: Random) -> list[Step]:
    def packet() -> Step:
        other = Other(random.random() < 0.5, random.choice((253, 253, 50)), 64)
        return _error_about(random, other) if random.random() < 0.15 else other

    return _with_waits(random, [packet() for _ in range(random.randint(2, 8))])


def _error_about(random: Random, packet: Plain) -> Error:
    kind, code = random.choice(ERRORS)
    outbound = not packet.outbound if random.random() < 0.8 else packet.outbound
    return Error(outbound, packet, kind, code, random.random() < 0.3)


def _with_waits(random: Random, packets: list[Step]) -> list[Step]:
    for seconds in _pauses(random):
        packets.insert(random.randint(1, len(packets)), Wait(seconds))
    return packets


def _fragments(random: Random) -> list[Step]:
    """Datagrams in pieces: in order and not, twice, overlapping, with one missing."""
    steps: list[Step] = []
    for _ in range(random.randint(1, 4)):
        whole = _fragmented(random)
        pieces = _pieces(random, whole, random.randrange(1, 65536))
        accident = random.random()
        if accident < 0.1:
            random.shuffle(pieces)
        elif accident < 0.2:
            pieces.insert(random.randrange(len(pieces)), random.choice(pieces))
        elif accident < 0.3:
            del pieces[random.randrange(len(pieces))]
        elif accident < 0.4:
            victim = random.choice(pieces[1:])
            pieces.insert(1, Fragment(whole, victim.identification, victim.start - 8, 16))
        steps += pieces
    return steps


def _fragmented(random: Random) -> Plain:
    outbound, flow = random.random() < 0.6, random.choice((0, 0, 1))
    length = random.choice((100, 1400, 5000))
    kind = random.random()
    if kind < 0.6:
        return Udp(outbound, length, flow)
    if kind < 0.8:
        return Query(outbound, random.choice((8, 0)), 0, length, flow)
    return Tcp(outbound, random.choice((SYN, ACK)), random.randrange(1 << 32), length=length, flow=flow)


def _pieces(random: Random, whole: Plain, identification: int) -> list[Fragment]:
    total, start = ip_payload_length(whole), 0
    pieces: list[Fragment] = []
    while start < total:
        count = random.choice((40, 48, 400, 1400))
        pieces.append(Fragment(whole, identification, start, count if start + count < total else 0))
        start += count
    return pieces if len(pieces) > 1 else [Fragment(whole, identification, 0, 40), Fragment(whole, identification, 40)]


def _mixed(random: Random) -> list[Step]:
    """Several flows of one pair at once, whose packets keep their own order."""
    parts = [_tcp(random, flow, waits=False) for flow in range(random.choice((1, 2)))]
    parts.append([step for step in _udp(random) if not isinstance(step, Wait)])
    parts.append([step for step in _queries(random) if not isinstance(step, Wait)])
    mixed: list[Step] = []
    while parts := [part for part in parts if part]:
        mixed.append(random.choice(parts).pop(0))
    return mixed
