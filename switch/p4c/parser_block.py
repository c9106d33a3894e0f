"""Parses parsers, controls, packages, actions and tables."""

from __future__ import annotations

from switch.p4c import tree
from switch.p4c.parser_base import NON_TYPE_NAMES
from switch.p4c.parser_decl import DeclarationParser
from switch.p4c.parser_table import TableParser


class BlockParser(TableParser, DeclarationParser):
    """Parsers, controls, packages."""

    # packageTypeDeclaration: optAnnotations PACKAGE name optTypeParameters "(" parameterList ")"
    # parserTypeDeclaration, controlTypeDeclaration: the same with PARSER and CONTROL
    def block_declaration(self, annotations: list[tree.Annotation], doc: str) -> tree.Decl:
        """A parser, control or package: its type (ends in ";") or, for the first two, its definition."""
        kind = self.advance().kind
        name = self.name()
        self.declare(name.text, "type")
        self.scopes.append({})
        type_params = self.type_parameters()
        params = self.parameters()
        if kind == "package" or self.at(";"):
            self.scopes.pop()
            self.expect(";")
            return tree.BlockTypeDecl(
                name=name.text, kind=kind, type_params=type_params, params=params, annotations=annotations, doc=doc,
                span=name.span,
            )  # fmt: skip
        ctor_params = self.parameters() if self.at("(") else []
        decl: tree.Decl
        if kind == "parser":
            local, states = self._parser_body()
            decl = tree.ParserDecl(
                name=name.text, type_params=type_params, params=params, ctor_params=ctor_params, locals=local,
                states=states, annotations=annotations, doc=doc, span=name.span,
            )  # fmt: skip
        else:
            local, body = self._control_body()
            decl = tree.ControlDecl(
                name=name.text, type_params=type_params, params=params, ctor_params=ctor_params, locals=local,
                body=body, annotations=annotations, doc=doc, span=name.span,
            )  # fmt: skip
        self.scopes.pop()
        return decl

    # parserDeclaration: parserTypeDeclaration optConstructorParameters "{" parserLocalElement* parserState+ "}"
    def _parser_body(self) -> tuple[list[tree.Decl], list[tree.StateDecl]]:
        self.expect("{")
        local: list[tree.Decl] = []
        states: list[tree.StateDecl] = []
        self.items(lambda: self._parser_element(local, states))
        if not states:
            self.fail("expected a parser state")
        self.expect("}")
        return local, states

    # parserLocalElement: constantDeclaration | instantiation | variableDeclaration | valueSetDeclaration
    def _parser_element(self, local: list[tree.Decl], states: list[tree.StateDecl]) -> None:
        doc = self.tok.doc
        annotations = self.annotations()
        if self.at("state"):
            states.append(self._state(annotations, doc))
        elif states:
            self.fail("expected a parser state")
        elif self.at("value_set"):
            local.append(self._value_set(annotations, doc))
        else:
            local.append(self.local_declaration(annotations, doc))

    def local_declaration(self, annotations: list[tree.Annotation], doc: str) -> tree.Decl:
        """A constant, an instance or a variable."""
        if self.at("const"):
            return self.constant(annotations, doc)
        if not self.at_type() and not (self.tok.kind in NON_TYPE_NAMES and self.peek().kind in ("NAME", "(", "<")):
            self.fail("expected a declaration")
        node = self.type_ref()
        if self.at("("):
            return self.instantiation(node, annotations, doc)
        return self.variable(node, annotations, doc)

    # valueSetDeclaration: optAnnotations VALUESET "<" (baseType | tupleType | typeName) ">" "(" expression ")" name ";"
    def _value_set(self, annotations: list[tree.Annotation], doc: str) -> tree.ValueSetDecl:
        self.expect("value_set")
        self.expect("<")
        node = self.nested(self.type_ref)
        self.expect(">")
        self.expect("(")
        size = self.nested(self.expression)
        self.expect(")")
        name = self.name()
        self.expect(";")
        self.declare(name.text)
        return tree.ValueSetDecl(
            name=name.text, type_node=node, size=size, annotations=annotations, doc=doc, span=name.span
        )

    # parserState: optAnnotations STATE name "{" parserStatement* transitionStatement "}"
    def _state(self, annotations: list[tree.Annotation], doc: str) -> tree.StateDecl:
        self.expect("state")
        name = self.name("the name of a state")
        self.expect("{")
        body: list[tree.Stmt] = []
        self.scopes.append({})
        decl = tree.StateDecl(name=name.text, body=body, annotations=annotations, doc=doc, span=name.span)
        self.items(lambda: self._state_element(decl))
        self.scopes.pop()
        self.expect("}")
        return decl

    # transitionStatement: empty | TRANSITION stateExpression
    def _state_element(self, decl: tree.StateDecl) -> None:
        if decl.transition is not None:
            self.fail("expected '}' behind the transition")
        if not self.at("transition"):
            decl.body.append(self.parser_statement())
            return
        self.advance()
        # stateExpression: name ";" | selectExpression
        if self.at("select"):
            decl.transition = self._select()
        else:
            name = self.name("the name of a state, or 'select'")
            decl.transition = tree.Name(name=name.text, span=name.span)
            self.expect(";")

    # selectExpression: SELECT "(" expressionList ")" "{" selectCase* "}"
    def _select(self) -> tree.Select:
        start = self.expect("select")
        self.expect("(")
        keys: list[tree.Expr] = []
        if not self.at(")"):
            keys.append(self.nested(self.expression))
            while self.accept(","):
                keys.append(self.nested(self.expression))
        self.expect(")")
        self.expect("{")
        cases: list[tree.SelectCase] = []
        self.items(lambda: cases.append(self._select_case()))
        self.expect("}")
        return tree.Select(keys=keys, cases=cases, span=self.since(start))

    # selectCase: keysetExpression ":" name ";"
    def _select_case(self) -> tree.SelectCase:
        start = self.tok
        keyset = self.keyset()
        self.expect(":")
        name = self.name("the name of a state")
        self.expect(";")
        state = tree.Name(name=name.text, span=name.span)
        return tree.SelectCase(keyset=keyset, state=state, span=self.since(start))

    # controlDeclaration: controlTypeDeclaration optConstructorParameters
    #                     "{" controlLocalDeclaration* APPLY controlBody "}"
    def _control_body(self) -> tuple[list[tree.Decl], tree.Block]:
        self.expect("{")
        local: list[tree.Decl] = []
        self.items(lambda: local.append(self._control_element()), end="apply")
        if not self.at("apply"):
            self.fail("expected 'apply'")
        self.advance()
        body = self.block()
        self.expect("}")
        return local, body

    # controlLocalDeclaration: constantDeclaration | actionDeclaration | tableDeclaration | instantiation
    #                        | variableDeclaration
    def _control_element(self) -> tree.Decl:
        doc = self.tok.doc
        annotations = self.annotations()
        if self.at("action"):
            return self.action(annotations, doc)
        if self.at("table"):
            return self.table(annotations, doc)
        return self.local_declaration(annotations, doc)

    # actionDeclaration: optAnnotations ACTION name "(" parameterList ")" blockStatement
    def action(self, annotations: list[tree.Annotation], doc: str) -> tree.ActionDecl:
        self.expect("action")
        name = self.name("the name of an action")
        self.scopes.append({})
        params = self.parameters()
        body = self.block()
        self.scopes.pop()
        return tree.ActionDecl(
            name=name.text, params=params, body=body, annotations=annotations, doc=doc, span=name.span
        )
