"""Sequences as text, one step a line, for reports and for tests: `parsed(text_of(sequence)) == sequence`.

ipv4
> tcp S seq 1000 win 65535 scale 7 sackok
< tcp SA seq 5000 ack 1001 win 65535
wait 4
< error 3/3 about > udp len 5
> fragment 7 0+1000 of > udp len 2000
"""

from __future__ import annotations

from dataclasses import replace

from .packets import Error, Fragment, Other, Packet, Plain, Query, Sequence, Step, Tcp, Udp, Wait

_LETTERS = "FSRPAUEC"  # bit 0 first


def text_of(sequence: Sequence) -> str:
    """The sequence, a step a line."""
    return "\n".join(["ipv6" if sequence.ipv6 else "ipv4", *map(line_of, sequence.steps)])


def line_of(step: Step) -> str:
    """One step."""
    if isinstance(step, Wait):
        return f"wait {step.seconds}"
    if isinstance(step, Error):
        router = " router" if step.router else ""
        return f"{_arrow(step)} error {step.type}/{step.code}{router} about {line_of(step.quoted)}"
    if isinstance(step, Fragment):
        return f"{_arrow(step)} fragment {step.identification} {step.start}+{step.count} of {line_of(step.whole)}"
    return " ".join([_arrow(step), *_plain(step)])


def parsed(text: str) -> Sequence:
    """The sequence that a text describes. Raises ValueError naming the line."""
    family, *lines = [line.strip() for line in text.strip().splitlines()]
    if family not in ("ipv4", "ipv6"):
        raise ValueError(f"a sequence begins with ipv4 or ipv6, not {family!r}")
    return Sequence(tuple(_step(line) for line in lines), family == "ipv6")


def _arrow(packet: Packet) -> str:
    return ">" if packet.outbound else "<"


def _plain(packet: Plain) -> list[str]:
    if isinstance(packet, Other):
        return ["ip", str(packet.protocol), *_numbers(len=packet.length)]
    if isinstance(packet, Query):
        return ["icmp", f"{packet.type}/{packet.code}", *_numbers(len=packet.length, flow=packet.flow)]
    if isinstance(packet, Udp):
        return ["udp", *_numbers(len=packet.length, flow=packet.flow)]
    flags = "".join(letter for bit, letter in enumerate(_LETTERS) if packet.flags >> bit & 1) or "-"
    words = ["tcp", flags, f"seq {packet.seq}", *_numbers(ack=packet.ack), f"win {packet.window}"]
    words += _numbers(len=packet.length, flow=packet.flow)
    words += [] if packet.scale is None else [f"scale {packet.scale}"]
    words += ["sackok"] if packet.sack_permitted else []
    words += [f"sack {','.join(map(str, packet.sacks))}"] if packet.sacks else []
    return words + ([] if packet.words is None else [f"words {packet.words}"])


def _numbers(**fields: int) -> list[str]:
    return [f"{name} {value}" for name, value in fields.items() if value]


def _step(line: str) -> Step:
    try:
        return _read(line.split())
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise ValueError(f"not a step: {line!r} ({error})") from None


def _read(words: list[str]) -> Step:
    if words[0] == "wait":
        return Wait(int(words[1]))
    outbound, kind, rest = {">": True, "<": False}[words[0]], words[1], words[2:]
    if kind == "error":
        number, code = map(int, rest[0].split("/"))
        about = _read(rest[rest.index("about") + 1 :])
        return Error(outbound, about, number, code, "router" in rest)  # type: ignore[arg-type]
    if kind == "fragment":
        start, count = map(int, rest[1].split("+"))
        return Fragment(_read(rest[3:]), int(rest[0]), start, count)  # type: ignore[arg-type]
    if kind == "udp":
        return Udp(outbound, **_fields(rest, length="len", flow="flow"))
    if kind == "ip":
        return Other(outbound, int(rest[0]), **_fields(rest[1:], length="len"))
    if kind == "icmp":
        number, code = map(int, rest[0].split("/"))
        return Query(outbound, number, code, **_fields(rest[1:], length="len", flow="flow"))
    if kind != "tcp":
        raise ValueError(f"no packet is called {kind!r}")
    return _tcp(outbound, rest)


def _tcp(outbound: bool, words: list[str]) -> Tcp:
    flags = sum(1 << _LETTERS.index(letter) for letter in words[0] if letter != "-")
    names = {"seq": "seq", "ack": "ack", "window": "win", "length": "len", "flow": "flow"}
    numbers = _fields(words[1:], **names, scale="scale", words="words")
    segment = replace(Tcp(outbound, flags, 0), **numbers)
    sacks = words[words.index("sack") + 1].split(",") if "sack" in words else []
    return replace(segment, sack_permitted="sackok" in words, sacks=tuple(map(int, sacks)))


def _fields(words: list[str], /, **names: str) -> dict[str, int]:
    return {field: int(words[words.index(word) + 1]) for field, word in names.items() if word in words}
