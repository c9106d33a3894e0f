"""Parses the declarations of types, functions and externs."""

from __future__ import annotations

from collections.abc import Callable

from switch.p4c import tree
from switch.p4c.lexer import Token
from switch.p4c.parser_base import NAMES
from switch.p4c.parser_stmt import StatementParser

_DIRECTIONS = frozenset({"in", "out", "inout"})


class DeclarationParser(StatementParser):
    """Types, functions, externs, errors and match kinds."""

    # derivedTypeDeclaration: optAnnotations (HEADER | HEADER_UNION | STRUCT) name optTypeParameters
    #                         "{" structField* "}"
    def struct(self, annotations: list[tree.Annotation], doc: str) -> tree.StructDecl:
        kind = self.advance().kind
        name = self.name()
        self.declare(name.text, "type")
        self.scopes.append({})
        type_params = self.type_parameters()
        self.expect("{")
        fields: list[tree.Field] = []
        self.items(lambda: fields.append(self._field()))
        self.scopes.pop()
        self.expect("}")
        return tree.StructDecl(
            name=name.text, kind=kind, type_params=type_params, fields=fields, annotations=annotations, doc=doc,
            span=name.span,
        )  # fmt: skip

    # structField: optAnnotations typeRef declarator ";"
    def _field(self) -> tree.Field:
        doc = self.tok.doc
        annotations = self.annotations()
        name, node = self.declarator(self.type_ref())
        self.expect(";")
        return tree.Field(name=name.text, type_node=node, annotations=annotations, doc=doc, span=name.span)

    # enumDeclaration: optAnnotations ENUM name "{" identifierList ","? "}"
    #                | optAnnotations ENUM typeRef name "{" specifiedIdentifierList ","? "}"
    def enum(self, annotations: list[tree.Annotation], doc: str) -> tree.EnumDecl:
        self.expect("enum")
        plain = self.tok.kind in NAMES and self.peek().kind == "{"
        base = None if plain else self.type_ref()
        name = self.name()
        self.declare(name.text, "type")
        members = self._members(self._plain_member if plain else self._valued_member)
        return tree.EnumDecl(
            name=name.text, members=members, base=base, annotations=annotations, doc=doc, span=name.span
        )

    def _members(self, parse: Callable[[], tree.EnumMember]) -> list[tree.EnumMember]:
        self.expect("{")
        found = [parse()]
        while self.accept(",") and not self.at("}"):
            found.append(parse())
        self.expect("}")
        return found

    def _plain_member(self) -> tree.EnumMember:
        doc = self.tok.doc
        name = self.name()
        return tree.EnumMember(name=name.text, doc=doc, span=name.span)

    # specifiedIdentifier: name "=" initializer
    def _valued_member(self) -> tree.EnumMember:
        member = self._plain_member()
        self.expect("=")
        member.init = self.expression()
        return member

    # errorDeclaration: ERROR "{" identifierList "}"
    def errors(self) -> tree.ErrorDecl:
        start = self.expect("error")
        members = self._members(self._plain_member)
        return tree.ErrorDecl(name="error", members=members, span=start.span)

    # matchKindDeclaration: MATCH_KIND "{" identifierList ","? "}"
    def match_kinds(self) -> tree.MatchKindDecl:
        start = self.expect("match_kind")
        members = self._members(self._plain_member)
        return tree.MatchKindDecl(name="match_kind", members=members, span=start.span)

    # typedefDeclaration: optAnnotations TYPEDEF (typeRef | derivedTypeDeclaration) declarator ";"
    #                   | optAnnotations TYPE typeRef declarator ";"
    def typedef(self, annotations: list[tree.Annotation], doc: str) -> list[tree.Decl]:
        new = self.advance().kind == "type"
        start = self.tok
        before: list[tree.Decl] = []
        inner = self.annotations() if not new else []
        if inner or (self.tok.kind in ("header", "header_union", "struct", "enum") and not new):
            decl = self.enum(inner, "") if self.at("enum") else self.struct(inner, "")
            before.append(decl)
            node: tree.TypeNode = tree.NameTypeNode(name=decl.name, span=self.since(start))
        else:
            node = self.type_ref()
        name, node = self.declarator(node)
        self.expect(";")
        self.declare(name.text, "type")
        decl = tree.TypedefDecl(
            name=name.text, type_node=node, new=new, annotations=annotations, doc=doc, span=name.span
        )
        return [*before, decl]

    # --- parameters and functions ---

    # parameterList: empty | nonEmptyParameterList
    def parameters(self) -> list[tree.Param]:
        """With the parentheses; declares the names."""
        self.expect("(")
        found: list[tree.Param] = []
        if not self.at(")"):
            found.append(self._parameter())
            while self.accept(","):
                found.append(self._parameter())
        self.expect(")")
        for param in found:
            self.declare(param.name)
        return found

    # parameter: optAnnotations direction typeRef declarator ("=" expression)?
    def _parameter(self) -> tree.Param:
        doc = self.tok.doc
        annotations = self.annotations()
        direction = self.advance().kind if self.tok.kind in _DIRECTIONS else ""
        name, node = self.declarator(self.type_ref())
        default = self.expression() if self.accept("=") else None
        return tree.Param(
            name=name.text, type_node=node, direction=direction, default=default, annotations=annotations, doc=doc,
            span=name.span,
        )  # fmt: skip

    # typeOrVoid: typeRef | VOID | IDENTIFIER      (the identifier may be one of the type parameters that follow)
    def result_type(self) -> tree.TypeNode:
        token = self.tok
        if token.kind == "void":
            return self.void_or_any()
        two_names = token.kind == "NAME" and not self.at_type_name() and self.peek().kind in NAMES
        if two_names and self._is_type_parameter(token.text):
            self.advance()
            return tree.NameTypeNode(name=token.text, span=token.span)
        return self.type_ref()

    def _is_type_parameter(self, name: str) -> bool:
        """Whether the name stands in the angle brackets behind the function name that follows."""
        if self.peek(2).kind != "<":
            return False
        for ahead in range(3, 200):
            token = self.peek(ahead)
            if token.kind not in NAMES and token.kind != ",":
                return False
            if token.text == name:
                return True
        return False

    # functionPrototype: typeOrVoid name optTypeParameters "(" parameterList ")"
    def prototype(self, result: tree.TypeNode, annotations: list[tree.Annotation], doc: str) -> tree.FunctionDecl:
        """Behind the result type. Opens a scope, which the caller closes."""
        name = self.name("the name of a function")
        self.declare(name.text, "template" if self.at("<") else "object")
        self.scopes.append({})
        type_params = self.type_parameters()
        params = self.parameters()
        return tree.FunctionDecl(
            name=name.text, type_params=type_params, result=result, params=params, annotations=annotations, doc=doc,
            span=name.span,
        )  # fmt: skip

    # functionDeclaration: annotations? functionPrototype blockStatement
    def function(self, node: tree.TypeNode, annotations: list[tree.Annotation], doc: str) -> tree.FunctionDecl:
        decl = self.prototype(node, annotations, doc)
        decl.body = self.block()
        self.scopes.pop()
        return decl

    # externDeclaration: optAnnotations EXTERN nonTypeName optTypeParameters "{" methodPrototype* "}"
    #                  | optAnnotations EXTERN functionPrototype ";" | optAnnotations EXTERN name ";"
    def extern(self, annotations: list[tree.Annotation], doc: str) -> tree.Decl | None:
        """None for a forward declaration."""
        self.expect("extern")
        if self.tok.kind in NAMES:
            after = self.peek().kind
            if after == ";":
                self.declare(self.advance().text, "type")
                self.advance()
                return None
            if after == "{" or (after == "<" and not self.at_type_name()):
                return self._extern_object(annotations, doc)
        decl = self.prototype(self.result_type(), annotations, doc)
        self.scopes.pop()
        self.expect(";")
        return decl

    def _extern_object(self, annotations: list[tree.Annotation], doc: str) -> tree.ExternDecl:
        name = self.name()
        self.declare(name.text, "type")
        self.scopes.append({})
        type_params = self.type_parameters()
        self.expect("{")
        methods: list[tree.FunctionDecl] = []
        self.items(lambda: methods.append(self._method(name)))
        self.scopes.pop()
        self.expect("}")
        return tree.ExternDecl(
            name=name.text, type_params=type_params, methods=methods, annotations=annotations, doc=doc, span=name.span
        )

    # methodPrototype: optAnnotations ABSTRACT? functionPrototype ";"
    #                | optAnnotations TYPE_IDENTIFIER "(" parameterList ")" ";"
    def _method(self, owner: Token) -> tree.FunctionDecl:
        doc = self.tok.doc
        annotations = self.annotations()
        abstract = self.accept("abstract")
        if self.tok.kind in NAMES and self.peek().kind == "(":
            name = self.advance()
            if name.text != owner.text or abstract:
                message = f"method {name.text!r} has no result type; only the constructor {owner.text!r} has none"
                self.diagnostics.error(name.span, message)
            self.scopes.append({})
            params = self.parameters()
            decl = tree.FunctionDecl(
                name=name.text, type_params=[], result=None, params=params, annotations=annotations, doc=doc,
                span=name.span,
            )  # fmt: skip
        else:
            decl = self.prototype(self.result_type(), annotations, doc)
            decl.abstract = abstract
            if decl.name == owner.text:
                self.diagnostics.error(decl.span, f"{decl.name!r} is the constructor, which has no result type")
        self.scopes.pop()
        self.expect(";")
        return decl
