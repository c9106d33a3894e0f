"""Plugins' P4 as tokens and declarations: as much of the language as the checks of the loader need, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|/\*.*?\*/|\\\n|^[ \t]*\#[^\n]*)"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<text>\"[^\"]*\")|(?P<number>\d\w*)|(?P<sign>[=!<>]=|&&|\|\||\+\+|<<|.)",
    re.DOTALL | re.MULTILINE,
)
_OPENING = {"(": ")", "{": "}", "[": "]"}
_DIRECTIONS = ("in", "out", "inout")
_BLOCKS = ("control", "parser", "action")
_TYPES = ("struct", "header", "header_union", "enum", "typedef", "type", "const", "error", "match_kind", "extern")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or sign, and the line that it stands in."""

    text: str
    line: int

    @property
    def is_word(self) -> bool:
        """Whether it is a name or keyword."""
        return self.text[0].isalpha() or self.text[0] == "_"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a block; the direction is empty where none is given."""

    name: str
    type: str
    direction: str


@dataclass(frozen=True)
class Declaration:
    """Something at file scope. Controls, parsers, actions and functions have parameters and a body."""

    kind: str
    name: str
    path: Path
    line: int
    parameters: tuple[Parameter, ...] = ()
    body: tuple[Token, ...] = ()


def tokens(text: str) -> list[Token]:
    """The tokens of a P4 text without comments and preprocessor lines."""
    found: list[Token] = []
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "space":
            found.append(Token(match[0], line))
        line += match[0].count("\n")
    return found


def declarations(path: Path) -> list[Declaration]:
    """What a file declares at its outermost level."""
    return list(_declarations(tokens(path.read_text()), path))


def _declarations(stream: Sequence[Token], path: Path) -> Iterator[Declaration]:
    start = 0
    while start < len(stream):
        start = _behind_annotations(stream, start)
        end = _end_of(stream, start)
        found = _declaration(stream[start:end], path)
        if found is not None:
            yield found
        start = end


def _behind_annotations(stream: Sequence[Token], at: int) -> int:
    while at + 1 < len(stream) and stream[at].text == "@":
        at += 2
        if at < len(stream) and stream[at].text in _OPENING:
            at = closing(stream, at) + 1
    return at


def _end_of(stream: Sequence[Token], start: int) -> int:
    """The index behind a declaration: behind its `;` or its body."""
    at = start
    while at < len(stream):
        text = stream[at].text
        if text == ";":
            return at + 1
        if text in _OPENING:
            at = closing(stream, at)
            if text == "{" and (at + 1 == len(stream) or stream[at + 1].text not in (";", ")")):
                return at + 1
        at += 1
    return at


def closing(stream: Sequence[Token], at: int) -> int:
    """The index of the bracket that closes the one at `at`, or of the last token."""
    expected: list[str] = []
    for index in range(at, len(stream)):
        text = stream[index].text
        if text in _OPENING:
            expected.append(_OPENING[text])
        elif expected and text == expected[-1]:
            expected.pop()
            if not expected:
                return index
    return len(stream) - 1


def _declaration(part: Sequence[Token], path: Path) -> Declaration | None:
    words = [token.text for token in part]
    opening = words.index("(") if "(" in words else len(words)
    brace = words.index("{") if "{" in words else len(words)
    if not part or not part[0].is_word:
        return None
    first = part[0]
    if first.text in _TYPES:
        name = _type_name(part)
        return None if name is None else Declaration(first.text, name.text, path, name.line)
    if opening == 0 or opening == len(words):
        return None
    name = part[opening - 1]
    if opening < brace and brace < len(words):
        end = closing(part, opening)
        kind = first.text if first.text in _BLOCKS else "function"
        body = tuple(part[end + 1 :])
        return Declaration(kind, name.text, path, name.line, _parameters(part[opening + 1 : end]), body)
    last = next((token for token in reversed(part) if token.is_word), None)  # an instance: register<bit<32>>(8) name;
    return None if last is None else Declaration("instance", last.text, path, last.line)


def _type_name(part: Sequence[Token]) -> Token | None:
    if part[0].text in ("error", "match_kind"):
        return None
    words = [token.text for token in part]
    until = min((words.index(sign) for sign in ("{", "=", ";") if sign in words), default=len(words))
    return next((token for token in reversed(part[1:until]) if token.is_word), None)


def _parameters(inside: Sequence[Token]) -> tuple[Parameter, ...]:
    found: list[Parameter] = []
    depth = 0
    part: list[Token] = []
    for token in [*inside, Token(",", 0)]:
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(token.text, 0)
        if token.text == "," and depth == 0:
            words = [one.text for one in part if one.is_word]
            if len(words) >= 2:
                direction = words[0] if words[0] in _DIRECTIONS else ""
                found.append(Parameter(words[-1], words[1] if direction else words[0], direction))
            part = []
        else:
            part.append(token)
    return tuple(found)
