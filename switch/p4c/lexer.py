"""Cuts source text into tokens."""

from __future__ import annotations

import re

from switch.p4c.preprocess import marker_of
from switch.p4c.source import Diagnostics, Span

_WORDS = """
    abstract action actions apply bool bit break const continue control default else entries enum error exit extern
    false for header header_union if in inout int key list match_kind out package parser priority return select state
    string struct switch table this transition true tuple type typedef value_set varbit void _
"""
KEYWORDS = frozenset(_WORDS.split())

_OPERATORS = """
    &&& ... |+|= |-|= <<= >>= {#} |+| |-| .. << && || == != >= <= ++ += -= *= /= %= &= |= ^= +:
    + - * / % | & ^ ~ ( ) [ ] { } < > ! : , ? . = ; @
"""

_TOKEN = re.compile(
    r"[ \t\r\f\v]*(?:"
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>" + "|".join(map(re.escape, sorted(_OPERATORS.split(), key=len, reverse=True))) + ")"
    r"|(?P<newline>\n)"
    r"|(?P<int>(?:[0-9]+[ws])?(?:0[xX][0-9a-fA-F_]+|0[dD][0-9_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*))"
    r'|(?P<string>"(?:[^"\\]|\\[\s\S])*")'
    r"|(?P<bad>[\s\S])"
    r"|(?P<end>\Z))"
)
# Comments, pragmas and line markers are found by their first character, which is an operator or a bad token.
_COMMENT = re.compile(r"//[^\n]*|/\*[\s\S]*?\*/")
_PRAGMA = re.compile(r"@pragma\b")


class Token:
    """kind is the text itself for keywords and operators, else "NAME", "INT", "STRING", "PRAGMA", "END_PRAGMA", "EOF",
    or "BAD" for a character that no token begins with.

    `doc` is the documentation comment in front; `start` the offset in the text. Strings keep their quotes.
    """

    __slots__ = ("column", "doc", "file", "kind", "line", "start", "text")

    def __init__(self, kind: str, text: str, start: int, file: str, line: int, column: int, doc: str = "") -> None:
        self.kind, self.text, self.start = kind, text, start
        self.file, self.line, self.column, self.doc = file, line, column, doc

    @property
    def end(self) -> tuple[int, int]:
        """Line and column behind the last character."""
        newlines = self.text.count("\n") if self.kind == "STRING" else 0
        if newlines:
            return self.line + newlines, len(self.text) - self.text.rfind("\n")
        return self.line, self.column + len(self.text)

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.file, self.line, self.column, *self.end)

    def __repr__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.kind} {self.text!r}"


def tokenize(text: str, file: str, diagnostics: Diagnostics) -> list[Token]:
    """All tokens of a text that may hold line markers, the last one of kind "EOF"."""
    return _Lexer(text, file, diagnostics).run()


class _Lexer:
    def __init__(self, text: str, file: str, diagnostics: Diagnostics) -> None:
        self.text, self.file, self.diagnostics = text, file, diagnostics
        self.line, self.line_start = 1, 0
        self.tokens: list[Token] = []
        self.doc = ""
        self.in_pragma = False

    def run(self) -> list[Token]:
        text, match, append = self.text, _TOKEN.match, self.tokens.append
        keywords = KEYWORDS
        position, size = 0, len(text)
        while position < size:
            found = match(text, position)
            assert found is not None
            group = found.lastgroup
            start, position = found.span(group or 0)
            if group == "name":
                word = found["name"]
                kind = word if word in keywords else "NAME"
                append(Token(kind, word, start, self.file, self.line, start - self.line_start + 1, self.doc))
                self.doc = ""
            elif group == "newline":
                position = self._newline(start)
            elif group == "operator":
                word = found["operator"]
                if word[0] == "/" and text.startswith(("//", "/*"), start):
                    position = self._comment(start)
                elif word == "@" and _PRAGMA.match(text, start):
                    self._add("PRAGMA", "@pragma", start)
                    self.in_pragma, position = True, start + len("@pragma")
                else:
                    append(Token(word, word, start, self.file, self.line, start - self.line_start + 1, self.doc))
                    self.doc = ""
            elif group == "int":
                self._add("INT", found["int"], start)
            elif group == "string":
                self._string(found["string"], start)
            elif group == "bad":
                position = self._bad(start)
        if self.in_pragma:
            self._add("END_PRAGMA", "", size)
        self._add("EOF", "", size)
        return self.tokens

    def _add(self, kind: str, text: str, start: int) -> None:
        self.tokens.append(Token(kind, text, start, self.file, self.line, start - self.line_start + 1, self.doc))
        self.doc = ""

    def _newline(self, start: int) -> int:
        """Behind the newline at `start`, and behind a line marker that follows it."""
        if self.in_pragma:
            self._add("END_PRAGMA", "", start)
            self.in_pragma = False
        self.line += 1
        self.line_start = start + 1
        return start + 1

    def _string(self, text: str, start: int) -> None:
        self._add("STRING", text, start)
        self._count_lines(text, start)

    def _count_lines(self, text: str, start: int) -> None:
        newlines = text.count("\n")
        if newlines:
            self.line += newlines
            self.line_start = start + text.rindex("\n") + 1

    def _comment(self, start: int) -> int:
        found = _COMMENT.match(self.text, start)
        if found is None:
            line, column = self.line, start - self.line_start + 1
            self.diagnostics.error(Span(self.file, line, column, line, column + 2), "unterminated comment")
            return len(self.text)
        comment = found[0]
        if (comment.startswith("/**") and len(comment) > 4) or comment.startswith("///"):
            line = _doc_text(comment)
            self.doc = f"{self.doc}\n{line}" if self.doc and comment.startswith("///") else line
        if self.in_pragma and "\n" in comment:
            self._add("END_PRAGMA", "", start)
            self.in_pragma = False
        self._count_lines(comment, start)
        return found.end()

    def _bad(self, start: int) -> int:
        """A line marker, or a character that no token begins with."""
        if self.text[start] == "#" and not self.text[self.line_start : start].strip():
            end = self.text.find("\n", start)
            end = len(self.text) if end < 0 else end
            marker = marker_of(self.text[start:end])
            if marker:
                self.file, self.line = marker[0], marker[1] - 1
            return end
        if self.text[start] == '"':
            column = start - self.line_start + 1
            span = Span(self.file, self.line, column, self.line, column + 1)
            self.diagnostics.error(span, "unterminated string")
            return len(self.text)
        self._add("BAD", self.text[start], start)
        return start + 1


def _doc_text(comment: str) -> str:
    """A documentation comment without its frame of slashes and stars."""
    body = comment[3:] if comment.startswith("///") else comment[3:-2]
    lines = [line.strip() for line in body.split("\n")]
    lines = [line[1:].strip() if line.startswith("*") else line for line in lines]
    return "\n".join(lines).strip()
