"""From source text to tree: the entry points of the parser, and the top level of a program."""

from __future__ import annotations

import sys
from collections.abc import Callable

from switch.p4c import tree
from switch.p4c.lexer import tokenize
from switch.p4c.parser_base import NAMES, SyntaxFailure
from switch.p4c.parser_block import BlockParser
from switch.p4c.preprocess import PreprocessOptions, index_lines, preprocess
from switch.p4c.source import Diagnostics, Span

_RECURSION = 20_000  # enough for what parser_base.MAX_DEPTH and MAX_CHAIN admit


def parse_file(path: str, options: PreprocessOptions, diagnostics: Diagnostics) -> tree.Program:
    """Preprocesses and parses a file; after syntax errors, the tree has what could be parsed."""
    return parse_text(preprocess(path, options, diagnostics), path, diagnostics)


def parse_text(text: str, file: str, diagnostics: Diagnostics) -> tree.Program:
    """Parses preprocessed text; nothing is included that the text does not hold."""
    index_lines(text, file, diagnostics)
    if sys.getrecursionlimit() < _RECURSION:
        sys.setrecursionlimit(_RECURSION)
    tokens = tokenize(text, file, diagnostics)
    parser = ProgramParser(tokens, text, diagnostics)
    decls = parser.program()
    last = tokens[-1]
    return tree.Program(decls=decls, span=Span(file, 1, 1, last.line, last.column))


class ProgramParser(BlockParser):
    """The top level."""

    # program: (declaration | ";")*
    def program(self) -> list[tree.Decl]:
        """All declarations, in order."""
        found: list[tree.Decl] = []
        while not self.at("EOF"):
            try:
                self.items(lambda: self._top(found), end="EOF")
            except SyntaxFailure:
                self.depth, self.no_greater = 0, False
                del self.scopes[1:]
                self.advance()
        return found

    def _top(self, found: list[tree.Decl]) -> None:
        if self.accept(";"):
            return
        if self.tok.kind == "typedef" or self.tok.kind == "type" or self.tok.kind in ("@", "PRAGMA"):
            doc = self.tok.doc
            annotations = self.annotations()
            if self.tok.kind in ("typedef", "type"):
                found.extend(self.typedef(annotations, doc))
                return
            decl = self._declaration(annotations, doc)
        else:
            decl = self._declaration([], self.tok.doc)
        if decl is not None:
            found.append(decl)

    # declaration: constantDeclaration | externDeclaration | actionDeclaration | parserDeclaration | typeDeclaration
    #            | controlDeclaration | instantiation | errorDeclaration | matchKindDeclaration | functionDeclaration
    def _declaration(self, annotations: list[tree.Annotation], doc: str) -> tree.Decl | None:
        kind = self.tok.kind
        parse = _DECLARATIONS.get(kind)
        if parse is not None:
            return parse(self, annotations, doc)
        if kind in ("error", "match_kind") and self.peek().kind == "{":
            if annotations:
                self.fail("annotations cannot stand here")
            return self.errors() if kind == "error" else self.match_kinds()
        if not self.at_type() and self.tok.kind not in NAMES:
            self.fail("expected a declaration")
        node = self.result_type()
        if self.at("("):
            return self.instantiation(node, annotations, doc)
        if self.tok.kind in NAMES and self.peek().kind in ("=", ";", "["):
            self.advance()
            self.fail("variables cannot be declared at the top level; expected '('")
        return self.function(node, annotations, doc)


_DECLARATIONS: dict[str, Callable[[ProgramParser, list[tree.Annotation], str], tree.Decl | None]] = {
    "const": ProgramParser.constant,
    "extern": ProgramParser.extern,
    "action": ProgramParser.action,
    "parser": ProgramParser.block_declaration,
    "control": ProgramParser.block_declaration,
    "package": ProgramParser.block_declaration,
    "struct": ProgramParser.struct,
    "header": ProgramParser.struct,
    "header_union": ProgramParser.struct,
    "enum": ProgramParser.enum,
}
