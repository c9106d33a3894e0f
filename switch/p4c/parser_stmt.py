"""Parses statements and the declarations that may stand among them."""

from __future__ import annotations

from collections.abc import Callable

from switch.p4c import tree
from switch.p4c.lexer import Token
from switch.p4c.parser_base import NAMES, SyntaxFailure
from switch.p4c.parser_expr import ExpressionParser

ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "|+|=", "|-|="})


class StatementParser(ExpressionParser):
    """Statements, variables, constants and instantiations."""

    def items(self, parse: Callable[[], object], end: str = "}") -> None:
        """Calls `parse` until `end` stands here, and goes on behind each syntax error."""
        while self.tok.kind not in (end, "EOF"):
            start, depth, scopes = self.index, self.depth, len(self.scopes)
            try:
                parse()
            except SyntaxFailure as failure:
                self.report(failure)
                self.depth, self.no_greater = depth, False
                del self.scopes[scopes:]
                self.recover(start)
                if self.index == start:
                    raise

    # blockStatement: optAnnotations "{" statOrDeclList "}"
    def block(self, annotations: list[tree.Annotation] | None = None) -> tree.Block:
        return self.block_of(self.statement_or_declaration, self.annotations() if annotations is None else annotations)

    def block_of(self, parse: Callable[[], tree.Stmt], annotations: list[tree.Annotation]) -> tree.Block:
        """A block of certain statements."""
        start = self.expect("{")
        body: list[tree.Stmt] = []
        self.enter()
        self.scopes.append({})
        self.items(lambda: body.append(parse()))
        self.scopes.pop()
        self.leave()
        self.expect("}")
        return tree.Block(body=body, annotations=annotations, span=self.since(start))

    # statementOrDeclaration: variableDeclaration | constantDeclaration | statement | instantiation
    def statement_or_declaration(self) -> tree.Stmt:
        start = self.tok
        annotations = self.annotations()
        if self.at("const"):
            decl = self.constant(annotations)
            return tree.DeclStmt(decl=decl, span=self.since(start))
        if self.at_type() or self._at_unknown_type():
            return self._typed_statement(start, annotations)
        return self.statement(annotations)

    # parserStatement: assignmentOrMethodCallStatement | emptyStatement | variableDeclaration | constantDeclaration
    #                | parserBlockStatement | conditionalStatement
    def parser_statement(self) -> tree.Stmt:
        start = self.tok
        annotations = self.annotations()
        if self.at("{"):
            return self.block_of(self.parser_statement, annotations)
        if self.tok.kind in ("return", "exit", "switch", "for", "break", "continue"):
            self.fail("this statement cannot stand in a parser")
        if self.at("const"):
            decl = self.constant(annotations)
            return tree.DeclStmt(decl=decl, span=self.since(start))
        if self.at_type() or self._at_unknown_type():
            return self._typed_statement(start, annotations)
        return self.statement(annotations)

    def _at_unknown_type(self) -> bool:
        """Two names in a row: a declaration, the type of which is not known."""
        return self.tok.kind == "NAME" and self.peek().kind == "NAME"

    def _typed_statement(self, start: Token, annotations: list[tree.Annotation]) -> tree.Stmt:
        """What begins with a type: a variable, an instance, or `Type.method(...)`."""
        node = self.type_ref()
        if self.at("."):
            self._no_annotations(annotations)
            base = self.place(start, self.type_expression(start, node))
            result = self._assignment_or_call(start, base)
            self.expect(";")
            result.span = self.since(start)
            return result
        decl = self.instantiation(node, annotations) if self.at("(") else self.variable(node, annotations)
        return tree.DeclStmt(decl=decl, span=self.since(start))

    # statement: assignmentOrMethodCallStatement | conditionalStatement | emptyStatement | blockStatement
    #          | returnStatement | breakStatement | continueStatement | exitStatement | switchStatement | forStatement
    def statement(self, annotations: list[tree.Annotation] | None = None) -> tree.Stmt:
        start = self.tok
        if annotations is None:
            annotations = self.annotations()
        if self.at("{"):
            return self.block(annotations)
        if self.at("for"):
            return self._for(annotations)
        self._no_annotations(annotations)
        parse = _STATEMENTS.get(self.tok.kind)
        if parse is not None:
            self.enter()
            result = parse(self, start)
            self.leave()
            return result
        result = self._assignment_or_call(start, None)
        self.expect(";")
        result.span = self.since(start)
        return result

    def _no_annotations(self, annotations: list[tree.Annotation]) -> None:
        if annotations:
            self.fail("expected a declaration, a block or a loop behind the annotation")

    # assignmentOrMethodCallStatement: lvalue "(" argumentList ")" | lvalue "<" ... ">" "(" argumentList ")"
    #                                | lvalue assignmentOperator expression
    def _assignment_or_call(self, start: Token, base: tree.Expr | None) -> tree.Stmt:
        target = self._lvalue() if base is None else base
        if self.tok.kind in ASSIGNMENTS:
            op = self.advance().kind
            value = self.expression()
            return tree.Assign(target=target, value=value, op=op[:-1] or None, span=self.since(start))
        call = self.call(start, target)
        if not isinstance(call, tree.Call):
            self.fail("expected an assignment or a call")
        return tree.CallStmt(call=call, span=self.since(start))

    # lvalue: prefixedNonTypeName | THIS | lvalue dot_name | typeName dot_name | lvalue "[" ... "]" | "(" lvalue ")"
    def _lvalue(self) -> tree.Expr:
        start = self.tok
        if self.accept("("):
            inner = self.nested(self._lvalue)
            self.expect(")")
            return self.place(start, inner)
        if start.kind in NAMES or start.kind in ("this", ".") or self.at_type():
            return self.place(start, self.primary())
        self.fail("there is no 'if' for it" if start.kind == "else" else "expected a statement")

    # conditionalStatement: IF "(" expression ")" statement | IF "(" expression ")" statement ELSE statement
    def _if(self, start: Token) -> tree.Stmt:
        self.advance()
        self.expect("(")
        condition = self.nested(self.expression)
        self.expect(")")
        then = self.statement()
        otherwise = self.statement() if self.accept("else") else None
        return tree.If(condition=condition, then=then, otherwise=otherwise, span=self.since(start))

    def _empty(self, start: Token) -> tree.Stmt:
        self.advance()
        return tree.Empty(span=start.span)

    # returnStatement: RETURN ";" | RETURN expression ";"
    def _return(self, start: Token) -> tree.Stmt:
        self.advance()
        value = None if self.at(";") else self.expression()
        self.expect(";")
        return tree.Return(value=value, span=self.since(start))

    def _exit(self, start: Token) -> tree.Stmt:
        self.advance()
        self.expect(";")
        return tree.Exit(span=self.since(start))

    def _break(self, start: Token) -> tree.Stmt:
        self.advance()
        self.expect(";")
        return tree.Break(span=self.since(start))

    def _continue(self, start: Token) -> tree.Stmt:
        self.advance()
        self.expect(";")
        return tree.Continue(span=self.since(start))

    # switchStatement: SWITCH "(" expression ")" "{" switchCase* "}"
    def _switch(self, start: Token) -> tree.Stmt:
        self.advance()
        self.expect("(")
        subject = self.nested(self.expression)
        self.expect(")")
        self.expect("{")
        cases: list[tree.SwitchCase] = []
        self.items(lambda: cases.append(self._switch_case(cases)))
        self.expect("}")
        return tree.Switch(subject=subject, cases=cases, span=self.since(start))

    # switchCase: switchLabel ":" blockStatement | switchLabel ":"      switchLabel: DEFAULT | nonBraceExpression
    def _switch_case(self, before: list[tree.SwitchCase]) -> tree.SwitchCase:
        start = self.tok
        if before and isinstance(before[-1].label, tree.DefaultExpr):
            self.diagnostics.error(start.span, "no label may follow 'default'", (before[-1].span, "which is here"))
        if self.at("{"):
            self.fail("expected a label")
        if self.accept("default"):
            label: tree.Expr = tree.DefaultExpr(word="default", span=start.span)
        else:
            label = self.expression()
        self.expect(":")
        body = self.block() if self.tok.kind in ("{", "@", "PRAGMA") else None
        return tree.SwitchCase(label=label, body=body, span=self.since(start))

    # forStatement: optAnnotations FOR "(" forInitStatements ";" expression ";" forUpdateStatements ")" statement
    #             | optAnnotations FOR "(" optAnnotations typeRef name IN forCollectionExpr ")" statement
    def _for(self, annotations: list[tree.Annotation]) -> tree.Stmt:
        start = self.expect("for")
        self.expect("(")
        self.enter()
        self.scopes.append({})
        result = self._for_in(start, annotations) or self._for_three(start, annotations)
        self.scopes.pop()
        self.leave()
        return result

    def _for_in(self, start: Token, annotations: list[tree.Annotation]) -> tree.Stmt | None:
        mark = self.index
        notes = self.annotations()
        if not self.at_type():
            self.jump(mark)
            return None
        node = self.type_ref()
        name = self.name("the name of a variable")
        variable = tree.VarDecl(name=name.text, type_node=node, annotations=notes, span=name.span)
        if not self.accept("in"):
            self.jump(mark)
            return None
        self.declare(name.text)
        first = self.tok
        collection = self.range_rest(first, self.expression())
        self.expect(")")
        body = self.statement()
        return tree.ForIn(
            variable=variable, collection=collection, body=body, annotations=annotations, span=self.since(start)
        )

    def _for_three(self, start: Token, annotations: list[tree.Annotation]) -> tree.Stmt:
        init = self._statement_list(";", self._for_init)
        condition = self.expression()
        self.expect(";")
        update = self._statement_list(")", lambda: self._assignment_or_call(self.tok, None))
        body = self.statement()
        return tree.For(
            init=init, condition=condition, update=update, body=body, annotations=annotations, span=self.since(start)
        )

    def _statement_list(self, end: str, parse: Callable[[], tree.Stmt]) -> list[tree.Stmt]:
        found: list[tree.Stmt] = []
        if not self.at(end):
            found.append(parse())
            while self.accept(","):
                found.append(parse())
        self.expect(end)
        return found

    def _for_init(self) -> tree.Stmt:
        start = self.tok
        annotations = self.annotations()
        if annotations or self.at_type():
            decl = self._declarator(self.type_ref(), annotations)
            return tree.DeclStmt(decl=decl, span=self.since(start))
        return self._assignment_or_call(start, None)

    # --- variables, constants, instances ---

    # variableDeclaration: annotations? typeRef declarator optInitializer ";"
    def variable(self, node: tree.TypeNode, annotations: list[tree.Annotation], doc: str = "") -> tree.VarDecl:
        """Behind its type."""
        decl = self._declarator(node, annotations)
        decl.doc = doc
        self.expect(";")
        return decl

    # declarator: name | declarator "[" expression "]"
    def declarator(self, node: tree.TypeNode) -> tuple[Token, tree.TypeNode]:
        """A name, and the type, which brackets behind the name turn into a stack."""
        name = self.name()
        while self.accept("["):
            size = self.nested(self.expression)
            self.expect("]")
            node = tree.StackTypeNode(element=node, size=size, span=self.since(name))
        return name, node

    def _declarator(self, node: tree.TypeNode, annotations: list[tree.Annotation]) -> tree.VarDecl:
        name, node = self.declarator(node)
        init = self.expression() if self.accept("=") else None
        self.declare(name.text)
        return tree.VarDecl(name=name.text, type_node=node, init=init, annotations=annotations, span=name.span)

    # constantDeclaration: optAnnotations CONST typeRef declarator "=" initializer ";"
    def constant(self, annotations: list[tree.Annotation], doc: str = "") -> tree.ConstDecl:
        """From the keyword on."""
        self.expect("const")
        name, node = self.declarator(self.type_ref())
        self.expect("=")
        init = self.expression()
        self.expect(";")
        self.declare(name.text)
        return tree.ConstDecl(
            name=name.text, type_node=node, init=init, annotations=annotations, doc=doc, span=name.span
        )

    # instantiation: annotations? typeRef "(" argumentList ")" declarator optObjInitializer ";"
    def instantiation(
        self, node: tree.TypeNode, annotations: list[tree.Annotation], doc: str = ""
    ) -> tree.Instantiation:
        """Behind its type."""
        args = self.arguments()
        name, node = self.declarator(node)
        initializer = self._object_body() if self.accept("=") else None
        self.expect(";")
        self.declare(name.text)
        return tree.Instantiation(
            name=name.text, type_node=node, args=args, initializer=initializer, annotations=annotations, doc=doc,
            span=name.span,
        )  # fmt: skip

    # optObjInitializer: empty | "=" "{" (functionDeclaration | instantiation)* "}"
    def _object_body(self) -> list[tree.Decl]:
        self.expect("{")
        found: list[tree.Decl] = []
        self.scopes.append({})
        self.items(lambda: found.append(self._object_member()))
        self.scopes.pop()
        self.expect("}")
        return found

    def _object_member(self) -> tree.Decl:
        doc = self.tok.doc
        annotations = self.annotations()
        node = self.result_type()
        if self.at("("):
            return self.instantiation(node, annotations, doc)
        return self.function(node, annotations, doc)

    # --- parts of other files ---

    def result_type(self) -> tree.TypeNode:
        """The type in front of a function's name (parser_decl)."""
        raise NotImplementedError

    def function(self, node: tree.TypeNode, annotations: list[tree.Annotation], doc: str) -> tree.FunctionDecl:
        """A function behind its result type (parser_decl)."""
        raise NotImplementedError


_STATEMENTS: dict[str, Callable[[StatementParser, Token], tree.Stmt]] = {
    "if": StatementParser._if,
    ";": StatementParser._empty,
    "return": StatementParser._return,
    "exit": StatementParser._exit,
    "break": StatementParser._break,
    "continue": StatementParser._continue,
    "switch": StatementParser._switch,
}
