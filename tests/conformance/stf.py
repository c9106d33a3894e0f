"""Reading STF, the packet tests of p4c: one statement a line, `#` begins a comment."""

from __future__ import annotations

import re
from dataclasses import dataclass


class BadStf(ValueError):
    """A statement that cannot be read; the message says which line."""


@dataclass(frozen=True, slots=True)
class Packet:
    """Send a packet into a port."""

    port: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Expect:
    """Expect a packet on a port: hexadecimal digits, `*` for any; None means any packet at all.

    A packet may be longer than the pattern unless `exact`.
    """

    port: int
    pattern: str | None
    exact: bool = False

    def matches(self, data: bytes) -> bool:
        """Whether a packet is what is expected."""
        if self.pattern is None:
            return True
        digits = data.hex().upper()
        if len(digits) < len(self.pattern) or (self.exact and len(digits) != len(self.pattern)):
            return False
        return all(want in ("*", got) for want, got in zip(self.pattern, digits, strict=False))


@dataclass(frozen=True, slots=True)
class Call:
    """An action with named arguments."""

    name: str
    arguments: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Add:
    """Add a table entry; match values stay text, for `*` and `/` depend on the match kind."""

    table: str
    priority: int | None
    matches: tuple[tuple[str, str], ...]
    action: Call


@dataclass(frozen=True, slots=True)
class SetDefault:
    """Set a table's default action."""

    table: str
    action: Call


@dataclass(frozen=True, slots=True)
class Command:
    """A command for the switch: mc_*, mirroring_*, register_*, counter_*, meter_*, wait, remove, check_counter."""

    name: str
    words: tuple[str, ...]


Statement = Packet | Expect | Add | SetDefault | Command

_CALL = re.compile(r"""(?P<name>[^\s()]+)\s*\((?P<arguments>[^()]*)\)\s*(=\s*\S+)?\s*$""")


def parse_number(text: str) -> int:
    """A number as STF writes it."""
    return int(text, 0) if not re.fullmatch(r"0\d+", text) else int(text)


def parse_stf(text: str) -> list[Statement]:
    """Reads a whole test."""
    statements: list[Statement] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("#", 1)[0].strip()
        if not line:
            continue
        try:
            statements.append(_statement(line))
        except (ValueError, IndexError, AttributeError) as error:
            raise BadStf(f"line {number}: {line!r}: {error}") from None
    return statements


def _statement(line: str) -> Statement:
    word, _, rest = line.partition(" ")
    word, rest = word.lower(), rest.strip()
    if word == "packet":
        port, _, data = rest.partition(" ")
        return Packet(int(port), bytes.fromhex("".join(data.split())))
    if word == "expect":
        port, _, data = rest.partition(" ")
        pattern = "".join(data.split()).upper()
        return Expect(int(port), pattern.removesuffix("$") or None, pattern.endswith("$"))
    if word == "add":
        return _add(rest)
    if word == "setdefault":
        table, _, call = rest.partition(" ")
        return SetDefault(_name(table), _call(call))
    return Command(word, tuple(rest.split()))


def _name(text: str) -> str:
    return text.replace('"', "")


def _call(text: str) -> Call:
    match = _CALL.search(text)
    if match is None:
        raise BadStf("expected an action call")
    arguments: list[tuple[str, int]] = []
    for item in filter(None, (part.strip() for part in match["arguments"].split(","))):
        name, _, value = item.partition(":")
        arguments.append((_name(name.strip()), parse_number(value.strip())))
    return Call(_name(match["name"]), tuple(arguments))


def _add(rest: str) -> Add:
    call = _CALL.search(rest)
    if call is None:
        raise BadStf("expected an action call")
    words = re.sub(r"\s*:\s*", ":", rest[: call.start()]).split()
    table, words = _name(words[0]), words[1:]
    priority = None
    if words and ":" not in words[0]:
        priority, words = int(words[0]), words[1:]
    matches = tuple((_name(word.rpartition(":")[0]), word.rpartition(":")[2]) for word in words)
    return Add(table, priority, matches, _call(rest[call.start() :]))
