"""What all parts of the parser share: the token cursor, the scope of type names, errors and recovery."""

from __future__ import annotations

from typing import NoReturn

from switch.p4c import tree
from switch.p4c.lexer import Token
from switch.p4c.source import Diagnostics, Span

MAX_DEPTH = 200  # nested brackets, blocks and ifs
MAX_CHAIN = 1000  # operators in a row: a + b + c ...

# Keywords that may also be names.
NON_TYPE_NAMES = frozenset({"NAME", "actions", "apply", "entries", "key", "priority", "state", "type"})
NAMES = NON_TYPE_NAMES | {"list"}

BASE_TYPES = frozenset({"bit", "int", "bool", "varbit", "error", "string", "match_kind", "tuple", "list", "void"})

_KINDS = {
    "NAME": "a name",
    "INT": "a number",
    "STRING": "a string",
    "EOF": "the end of the file",
    "END_PRAGMA": "the end of the line",
}


class SyntaxFailure(Exception):
    """A syntax error at a token; caught where parsing can go on."""

    def __init__(self, token: Token, message: str) -> None:
        super().__init__(message)
        self.token, self.message = token, message


class ParserBase:
    """A cursor over tokens. `tok` is the current token, `prev` the one before."""

    def __init__(self, tokens: list[Token], text: str, diagnostics: Diagnostics) -> None:
        self.tokens, self.text, self.diagnostics = tokens, text, diagnostics
        self.index = 0
        self.tok = self.prev = tokens[0]
        self.depth = 0
        # name -> "type", "template" (a function with type parameters) or "object"; the last scope is the innermost.
        self.scopes: list[dict[str, str]] = [{}]

    # --- cursor ---

    def advance(self) -> Token:
        """Takes the current token."""
        self.prev = token = self.tok
        if token.kind != "EOF":
            self.index += 1
            self.tok = self.tokens[self.index]
        return token

    def peek(self, ahead: int = 1) -> Token:
        """A token further on."""
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def at(self, kind: str) -> bool:
        """Whether the current token is of that kind."""
        return self.tok.kind == kind

    def accept(self, kind: str) -> bool:
        """Takes the current token if it is of that kind."""
        if self.tok.kind != kind:
            return False
        self.advance()
        return True

    def expect(self, kind: str) -> Token:
        """Takes the current token, which must be of that kind."""
        if self.tok.kind != kind:
            self.fail(f"expected {_KINDS.get(kind, repr(kind))}")
        return self.advance()

    def fail(self, message: str) -> NoReturn:
        """A syntax error at the current token."""
        found = self.tok
        shown = _KINDS[found.kind] if found.kind in ("EOF", "END_PRAGMA") else repr(found.text)
        raise SyntaxFailure(found, f"syntax error, unexpected {shown}: {message}")

    def since(self, start: Token) -> Span:
        """From the first character of `start` to the last one taken."""
        prev = self.prev
        if prev.start < start.start:
            prev = start
        return Span(start.file, start.line, start.column, *prev.end)

    # --- names ---

    def name(self, what: str = "a name") -> Token:
        """name: nonTypeName | LIST | typeIdentifier"""
        if self.tok.kind not in NAMES:
            self.fail(f"expected {what}")
        return self.advance()

    def declare(self, name: str, kind: str = "object") -> None:
        """Enters a name in the innermost scope."""
        self.scopes[-1][name] = kind

    def kind_of(self, name: str) -> str:
        """What a name means here: "type", "template", "object" or ""."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return ""

    def at_type_name(self) -> bool:
        """Whether the current token is a declared type's name, perhaps with a leading dot."""
        token = self.tok
        if token.kind == ".":
            after = self.peek()
            return after.kind in NAMES and self.scopes[0].get(after.text) == "type"
        return token.kind in NON_TYPE_NAMES and self.kind_of(token.text) == "type"

    def at_type(self) -> bool:
        """Whether a type begins here."""
        kind = self.tok.kind
        if kind in BASE_TYPES:
            return kind != "list" or self.peek().kind == "<"
        return self.at_type_name()

    # --- errors ---

    def enter(self) -> None:
        """Counts a level of nesting; `leave` ends it."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.diagnostics.fatal(self.tok.span, f"the program is nested more than {MAX_DEPTH} levels deep here")

    def leave(self) -> None:
        """Ends a level of nesting."""
        self.depth -= 1

    def report(self, failure: SyntaxFailure) -> None:
        """Records a syntax error."""
        self.diagnostics.error(failure.token.span, failure.message)

    def recover(self, start: int) -> None:
        """Skips what began at token number `start`, beyond the error: to behind its `;` or its closing brace."""
        failed, level, position = self.index, 0, start
        while self.tokens[position].kind != "EOF":
            kind = self.tokens[position].kind
            if kind == "{":
                level += 1
            elif kind == "}":
                if level == 0 and position >= failed:
                    break
                level = max(0, level - 1)
                if level == 0 and position >= failed:
                    position += 1
                    break
            elif kind == ";" and level == 0 and position >= failed:
                position += 1
                break
            position += 1
        self.jump(max(position, start))

    def jump(self, index: int) -> None:
        """Moves the cursor."""
        self.index = index
        self.tok = self.tokens[index]
        self.prev = self.tokens[index - 1] if index else self.tok

    # --- parts of other files ---

    def expression(self) -> tree.Expr:
        """Any expression (parser_expr)."""
        raise NotImplementedError
