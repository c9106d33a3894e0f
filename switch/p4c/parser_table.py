"""Parses tables."""

from __future__ import annotations

from switch.p4c import tree
from switch.p4c.parser_base import NAMES, NON_TYPE_NAMES
from switch.p4c.parser_stmt import StatementParser

_TABLE_KEYWORDS = frozenset({"key", "actions", "entries"})


class TableParser(StatementParser):
    """Tables and their properties."""

    # tableDeclaration: optAnnotations TABLE name "{" tableProperty+ "}"
    def table(self, annotations: list[tree.Annotation], doc: str) -> tree.TableDecl:
        self.expect("table")
        name = self.name("the name of a table")
        self.expect("{")
        properties: list[tree.TableProperty] = []
        self.items(lambda: properties.append(self._property()))
        if not properties:
            self.fail("expected a property of the table")
        self._check_order(properties)
        self.expect("}")
        return tree.TableDecl(name=name.text, properties=properties, annotations=annotations, doc=doc, span=name.span)

    # tableProperty: KEY "=" "{" keyElement* "}" | ACTIONS "=" "{" actionList "}"
    #              | optAnnotations CONST? ENTRIES "=" "{" entry* "}" | optAnnotations CONST? name "=" initializer ";"
    def _property(self) -> tree.TableProperty:
        start = self.tok
        annotations = self.annotations()
        const = self.accept("const")
        if self.tok.kind in ("key", "actions") and (const or annotations):
            self.fail("this property takes neither 'const' nor annotations")
        if self.tok.kind not in NAMES or self.at("list"):
            self.fail("expected a property of the table")
        name = self.advance()
        found = tree.TableProperty(name=name.text, const=const, annotations=annotations)
        self.expect("=")
        if name.kind in _TABLE_KEYWORDS:
            self.expect("{")
            self.items(lambda: self._element(found))
            self.expect("}")
        else:
            found.value = self.expression()
            self.expect(";")
        found.span = self.since(start)
        return found

    def _check_order(self, properties: list[tree.TableProperty]) -> None:
        """Entries are read with the key and the actions in mind, so they stand behind both."""
        later: set[str] = set()
        for found in reversed(properties):
            if found.name == "entries" and later:
                self.diagnostics.error(found.span, f"entries must follow the table's {' and '.join(sorted(later))}")
            later |= {found.name} & {"key", "actions"}

    def _element(self, found: tree.TableProperty) -> None:
        if found.name == "key":
            found.keys.append(self._key())
        elif found.name == "actions":
            found.actions.append(self._listed_action())
        else:
            found.entries.append(self._entry())

    # keyElement: expression ":" name optAnnotations ";"
    def _key(self) -> tree.KeyElement:
        start = self.tok
        expr = self.expression()
        self.expect(":")
        kind = self.name("a match kind")
        annotations = self.annotations()
        self.expect(";")
        match_kind = tree.Name(name=kind.text, span=kind.span)
        return tree.KeyElement(expr=expr, match_kind=match_kind, annotations=annotations, span=self.since(start))

    # actionList: empty | actionList optAnnotations actionRef ";"
    def _listed_action(self) -> tree.ActionRef:
        annotations = self.annotations()
        reference = self._action_ref()
        reference.annotations = annotations
        self.expect(";")
        return reference

    # actionRef: prefixedNonTypeName | prefixedNonTypeName "(" argumentList ")"
    def _action_ref(self) -> tree.ActionRef:
        start = self.tok
        absolute = self.accept(".")
        if self.tok.kind not in NON_TYPE_NAMES:
            self.fail("expected an action")
        name = self.advance()
        expr: tree.Expr = tree.Name(name=name.text, absolute=absolute, span=self.since(start))
        if self.at("("):
            args = self.arguments()
            expr = tree.Call(callee=expr, args=args, span=self.since(start))
        return tree.ActionRef(expr=expr, span=self.since(start))

    # entry: CONST? entryPriority? keysetExpression ":" actionRef optAnnotations ";"
    def _entry(self) -> tree.TableEntry:
        start = self.tok
        const = self.accept("const")
        priority = self._priority()
        keyset = self.keyset()
        self.expect(":")
        action = self._action_ref()
        annotations = self.annotations()
        self.expect(";")
        return tree.TableEntry(
            keyset=keyset, action=action, priority=priority, const=const, annotations=annotations,
            span=self.since(start),
        )  # fmt: skip

    # entryPriority: PRIORITY "=" INTEGER ":" | PRIORITY "=" "(" expression ")" ":"
    def _priority(self) -> tree.Expr | None:
        if not (self.at("priority") and self.peek().kind == "="):
            return None
        self.advance()
        self.advance()
        if self.accept("("):
            value = self.nested(self.expression)
            self.expect(")")
        else:
            value = self.integer()
        self.expect(":")
        return value
