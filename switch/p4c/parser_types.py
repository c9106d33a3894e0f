"""Parses types and annotations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from switch.p4c import tree
from switch.p4c.annotation_forms import problem
from switch.p4c.lexer import KEYWORDS, Token
from switch.p4c.parser_base import NAMES, NON_TYPE_NAMES, ParserBase, SyntaxFailure

_ANNOTATION_NAMES = KEYWORDS | {"NAME"}

_T = TypeVar("_T")


class TypeParser(ParserBase):
    """Types and annotations."""

    no_greater = False  # inside the angle brackets of bit<...>, where > ends the expression

    def nested(self, parse: Callable[[], _T], *, no_greater: bool = False) -> _T:
        """Parses a bracketed part, in which `>` has its usual meaning again (or, for widths, ends the part)."""
        saved, self.no_greater = self.no_greater, no_greater
        self.enter()
        result = parse()
        self.leave()
        self.no_greater = saved
        return result

    # typeRef: baseType | typeName | specializedType | arrayType | p4listType | tupleType
    # arrayType: typeRef "[" expression "]"
    def type_ref(self) -> tree.TypeNode:
        start = self.tok
        node = self._simple_type()
        while self.at("["):
            self.advance()
            size = self.nested(self.expression)
            self.expect("]")
            node = tree.StackTypeNode(element=node, size=size, span=self.since(start))
        return node

    # baseType: BOOL | ERROR | STRING | MATCH_KIND | INT | BIT | (BIT | INT | VARBIT) "<" nonGrtExpression ">"
    def _simple_type(self) -> tree.TypeNode:
        start = self.tok
        kind = start.kind
        if kind in ("bit", "int", "varbit"):
            return self._sized_type()
        if kind in ("bool", "error", "string", "match_kind"):
            self.advance()
            return tree.BaseTypeNode(name=kind, span=start.span)
        if kind == "tuple":
            self.advance()
            elements = self.type_arguments()
            return tree.TupleTypeNode(elements=elements, span=self.since(start))
        if kind == "list" and self.peek().kind == "<":
            self.advance()
            self.expect("<")
            element = self.nested(self._type_argument)
            self.expect(">")
            return tree.ListTypeNode(element=element, span=self.since(start))
        return self._named_type()

    def _sized_type(self) -> tree.TypeNode:
        start = self.advance()
        if not self.at("<"):
            if start.kind == "int":
                return tree.BaseTypeNode(name="int", span=start.span)
            if start.kind == "bit":
                return tree.BitTypeNode(width=None, signed=False, span=start.span)
        self.expect("<")
        width = self.nested(self.expression, no_greater=True)
        self.expect(">")
        if start.kind == "varbit":
            return tree.VarbitTypeNode(width=width, span=self.since(start))
        return tree.BitTypeNode(width=width, signed=start.kind == "int", span=self.since(start))

    # typeName: prefixedType    prefixedType: TYPE_IDENTIFIER | "." TYPE_IDENTIFIER
    # specializedType: typeName "<" typeArgumentList ">"
    def _named_type(self) -> tree.TypeNode:
        start = self.tok
        absolute = self.accept(".")
        name = self.name("a type")
        known = self.scopes[0].get(name.text) if absolute else self.kind_of(name.text)
        if known != "type":
            problem = "is not a type" if known else "is not declared as a type"
            self.diagnostics.error(name.span, f"{name.text!r} {problem}")
            self.scopes[0].setdefault(name.text, "type")
        args = self.type_arguments() if self.at("<") else []
        return tree.NameTypeNode(name=name.text, absolute=absolute, args=args, span=self.since(start))

    # typeArgumentList: empty | typeArg | typeArgumentList "," typeArg
    def type_arguments(self) -> list[tree.TypeNode]:
        """With the angle brackets."""
        self.expect("<")
        arguments: list[tree.TypeNode] = []
        while not self.at(">"):
            arguments.append(self.nested(self._type_argument))
            if not self.accept(","):
                break
        self.expect(">")
        return arguments

    # typeArg: typeRef | nonTypeName | VOID | "_"
    def _type_argument(self) -> tree.TypeNode:
        token = self.tok
        if token.kind in ("void", "_"):
            return self.void_or_any()
        if token.kind in NON_TYPE_NAMES and not self.at_type_name():
            self.advance()
            return tree.NameTypeNode(name=token.text, span=token.span)
        return self.type_ref()

    def void_or_any(self) -> tree.TypeNode:
        """`void` or `_`, which are types in some places only."""
        token = self.advance()
        return tree.BaseTypeNode(name=token.kind, span=token.span)

    # optTypeParameters: empty | "<" typeParameterList ">"
    def type_parameters(self) -> list[str]:
        """The names, which are declared as types in the innermost scope."""
        names: list[str] = []
        if not self.accept("<"):
            return names
        while True:
            name = self.name("a type parameter")
            if name.text in names:
                self.diagnostics.error(name.span, f"duplicate type parameter {name.text!r}")
            names.append(name.text)
            self.declare(name.text, "type")
            if not self.accept(","):
                break
        self.expect(">")
        return names

    # --- annotations ---

    # optAnnotations: empty | annotation*
    def annotations(self) -> list[tree.Annotation]:
        found: list[tree.Annotation] = []
        while self.tok.kind in ("@", "PRAGMA"):
            found.append(self._pragma() if self.tok.kind == "PRAGMA" else self._annotation())
        return found

    # annotation: "@" annotationName | "@" annotationName "(" annotationBody ")"
    #           | "@" annotationName "[" expressionList ","? "]" | "@" annotationName "[" kvList ","? "]"
    def _annotation(self) -> tree.Annotation:
        start = self.expect("@")
        note = tree.Annotation(name=self._annotation_name().text)
        if self.at("("):
            self._unstructured_body(note)
        elif self.at("["):
            self._structured_body(note)
        note.span = self.since(start)
        return self._checked(note)

    # annotation: PRAGMA annotationName annotationBody END_PRAGMA
    def _pragma(self) -> tree.Annotation:
        start = self.expect("PRAGMA")
        note = tree.Annotation(name=self._annotation_name().text, has_body=True)
        first = self.index
        while self.tok.kind not in ("END_PRAGMA", "EOF"):
            self.advance()
        self._fill(note, first)
        note.span = self.since(start)
        self.accept("END_PRAGMA")
        return self._checked(note)

    def _checked(self, note: tree.Annotation) -> tree.Annotation:
        wrong = None if note.structured else problem(note)
        if wrong is not None:
            self.diagnostics.error(note.span, wrong)
        return note

    def _annotation_name(self) -> Token:
        if self.tok.kind not in _ANNOTATION_NAMES:
            self.fail("expected the name of an annotation")
        return self.advance()

    # annotationBody: empty | annotationBody "(" annotationBody ")" | annotationBody annotationToken
    def _unstructured_body(self, note: tree.Annotation) -> None:
        self.expect("(")
        first, level = self.index, 0
        while level or not self.at(")"):
            if self.tok.kind in ("EOF", "PRAGMA", "END_PRAGMA"):
                self.fail("expected ')' at the end of the annotation")
            level += {"(": 1, ")": -1}.get(self.tok.kind, 0)
            self.advance()
        self._fill(note, first)
        note.has_body = True
        self.expect(")")

    def _fill(self, note: tree.Annotation, first: int) -> None:
        """Sets text, tokens and, where the body is a list of expressions or pairs, its parsed form."""
        end = self.index
        body = self.tokens[first:end]
        note.tokens = [token.text for token in body]
        if not body:
            return
        note.text = self.text[body[0].start : body[-1].start + len(body[-1].text)]
        depth = self.depth
        mark = len(self.diagnostics.items)
        self.jump(first)
        try:
            self._parse_list(note)
            parsed = self.index == end
        except SyntaxFailure:
            parsed = False
        del self.diagnostics.items[mark:]
        if not parsed:
            note.items, note.pairs = [], {}
        self.depth = depth
        self.jump(end)

    def _structured_body(self, note: tree.Annotation) -> None:
        self.expect("[")
        first = self.index
        note.structured = note.has_body = True
        if not self.at("]"):
            self._parse_list(note)
        note.tokens = [token.text for token in self.tokens[first : self.index]]
        note.text = self.text[self.tokens[first].start : self.tok.start].strip()
        self.expect("]")

    # expressionList ","?    or    kvList ","?        kvList: kvPair | kvList "," kvPair    kvPair: name "=" expression
    def _parse_list(self, note: tree.Annotation) -> None:
        keyed = self.tok.kind in NAMES and self.peek().kind == "="
        while True:
            if keyed:
                name = self.name()
                self.expect("=")
                if name.text in note.pairs:
                    self.diagnostics.error(name.span, f"duplicate key {name.text!r} in annotation")
                note.pairs[name.text] = self.nested(self.expression)
            else:
                note.items.append(self.nested(self.expression))
            if not self.accept(",") or self.at("]"):
                return
