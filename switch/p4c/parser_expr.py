"""Parses expressions, keysets and arguments."""

from __future__ import annotations

import re

from switch.p4c import tree
from switch.p4c.lexer import Token
from switch.p4c.parser_base import BASE_TYPES, MAX_CHAIN, NAMES, SyntaxFailure
from switch.p4c.parser_types import TypeParser

# Binding strength of binary operators; all associate to the left. `>>` is two adjacent ">" tokens.
_STRENGTH = {
    "||": 2,
    "&&": 3,
    "==": 4, "!=": 4,
    "<": 5, ">": 5, "<=": 5, ">=": 5,
    "|": 6,
    "^": 7,
    "&": 8,
    "<<": 9, ">>": 9,
    "++": 10, "+": 10, "-": 10, "|+|": 10, "|-|": 10,
    "*": 11, "/": 11, "%": 11,
}  # fmt: skip
_QUESTION = 1

_PREFIX = frozenset({"!", "~", "-", "+"})

_NUMBER = re.compile(r"(?:([0-9]+)([ws]))?(0[xXdDoObB])?([0-9a-fA-F_]+)$")
_BASES = {"": 10, "0x": 16, "0d": 10, "0o": 8, "0b": 2}
_MAX_DIGITS = 4000

# What may stand between the angle brackets of a generic call.
_IN_ANGLES = "INT _ , . < [ ] + - * / % & | ^ ~ ++ <<"
_TYPE_TOKENS = NAMES | BASE_TYPES | frozenset(_IN_ANGLES.split())


class ExpressionParser(TypeParser):
    """Expressions, by precedence climbing."""

    # expression: expression op expression | expression "?" expression ":" expression | prefix ...
    # `a ? b : c ? d : e` groups as `(a ? b : c) ? d : e`, as p4c's grammar does.
    def expression(self) -> tree.Expr:
        start = self.tok
        self.enter()
        result = self._binary_rest(start, self._unary(), _QUESTION)
        self.leave()
        return result

    def _binary_rest(self, start: Token, left: tree.Expr, weakest: int) -> tree.Expr:
        """Goes on behind an operand with all operators that bind at least as strongly as `weakest`."""
        for _ in range(MAX_CHAIN):
            op, strength, width = self._operator()
            if strength < weakest:
                return left
            for _ in range(width):
                self.advance()
            if strength == _QUESTION:
                left = self._conditional(start, left)
                continue
            operand_start = self.tok
            right = self._unary()
            following = self._operator()[1]
            if following > strength:
                self.enter()
                right = self._binary_rest(operand_start, right, strength + 1)
                self.leave()
            left = tree.Binary(op=op, left=left, right=right, span=self.since(start))
        self.diagnostics.fatal(start.span, f"more than {MAX_CHAIN} operators in one expression")

    def _operator(self) -> tuple[str, int, int]:
        """The binary operator here, its strength (0: none) and its number of tokens."""
        token = self.tok
        kind = token.kind
        if kind == ">":
            after = self.peek()
            if self.no_greater:
                return "", 0, 0
            if after.kind == ">" and after.start == token.start + 1:
                return ">>", 9, 2
        elif kind == "?":
            return "?", _QUESTION, 1
        return kind, _STRENGTH.get(kind, 0), 1

    def _conditional(self, start: Token, condition: tree.Expr) -> tree.Expr:
        then = self.expression()
        self.expect(":")
        other_start = self.tok
        otherwise = self._binary_rest(other_start, self._unary(), _QUESTION + 1)
        return tree.Conditional(condition=condition, then=then, otherwise=otherwise, span=self.since(start))

    # expression: ("!" | "~" | "-" | "+") expression | "(" typeRef ")" expression | postfix
    def _unary(self) -> tree.Expr:
        start = self.tok
        if start.kind in _PREFIX:
            self.advance()
            self.enter()
            operand = self._unary()
            self.leave()
            return tree.Unary(op=start.kind, operand=operand, span=self.since(start))
        if start.kind == "(":
            return self._parenthesis()
        return self.postfix(start, self.primary())

    # "(" expression ")" | "(" typeRef ")" expression
    def _parenthesis(self) -> tree.Expr:
        start = self.expect("(")
        if not self.at_type():
            inner = self.nested(self.expression)
        else:
            type_start = self.tok
            node = self.type_ref()
            if self.accept(")"):
                return self._cast(start, node)
            inner = self.nested(lambda: self._continue_from_type(type_start, node))
        self.expect(")")
        inner.span = self.since(start)
        return self.postfix(start, inner)

    def _cast(self, start: Token, node: tree.TypeNode) -> tree.Expr:
        self.enter()
        operand = self._unary()
        self.leave()
        if isinstance(operand, tree.StructExpr) and operand.target is None:
            operand.target = node
            operand.span = self.since(start)
            return operand
        return tree.Cast(target=node, operand=operand, span=self.since(start))

    def _continue_from_type(self, start: Token, node: tree.TypeNode) -> tree.Expr:
        return self._binary_rest(start, self.postfix(start, self.type_expression(start, node)), _QUESTION)

    # expression: typeName dot_name | ERROR "." name | namedType "(" argumentList ")"
    def type_expression(self, start: Token, node: tree.TypeNode) -> tree.Expr:
        """A type in front of a dot or, for a constructor call, of a parenthesis."""
        named = isinstance(node, tree.NameTypeNode)
        error = isinstance(node, tree.BaseTypeNode) and node.name == "error"
        if not ((named and self.tok.kind in (".", "(")) or (error and self.at("."))):
            self.fail("a type cannot stand here" if named else "expected an expression")
        return tree.TypeExpr(node=node, span=self.since(start))

    # expression: INTEGER | STRING | TRUE | FALSE | THIS | prefixedNonTypeName | "..." | "{" ... "}" | "{#}"
    def primary(self) -> tree.Expr:
        """An expression without operators and suffixes."""
        start = self.tok
        kind = start.kind
        if (kind == "NAME" and self.kind_of(start.text) != "type") or (kind in NAMES and not self.at_type()):
            self.advance()
            return tree.Name(name=start.text, span=start.span)
        if kind == "INT":
            return self.integer()
        if self.at_type():
            return self.type_expression(start, self.type_ref())
        if kind == ".":
            self.advance()
            name = self.name()
            return tree.Name(name=name.text, absolute=True, span=self.since(start))
        if kind == "{":
            return self._braces()
        self.advance()
        if kind in ("true", "false"):
            return tree.BoolLit(truth=kind == "true", span=start.span)
        if kind == "STRING":
            return tree.StringLit(text=start.text[1:-1], span=start.span)
        if kind == "this":
            return tree.ThisExpr(span=start.span)
        if kind == "{#}":
            return tree.InvalidExpr(span=start.span)
        if kind == "...":
            return tree.DefaultExpr(word="...", span=start.span)
        self.jump(self.index - (kind != "EOF"))
        self.fail("expected an expression")

    def integer(self) -> tree.IntLit:
        """INTEGER, with its width and base."""
        token = self.expect("INT")
        parts = _NUMBER.match(token.text)
        digits = parts[4].replace("_", "") if parts else ""
        if parts is None or not digits or len(token.text) > _MAX_DIGITS:
            problem = "not a number" if len(token.text) <= _MAX_DIGITS else "the number is too long"
            self.diagnostics.error(token.span, problem)
            return tree.IntLit(number=0, span=token.span)
        number = int(digits, _BASES[(parts[3] or "").lower()])
        width = int(parts[1]) if parts[1] else None
        return tree.IntLit(number=number, width=width, signed=parts[2] == "s", span=token.span)

    # postfix: (dot_name | "[" expression "]" | "[" expression (":" | "+:") expression "]" | call)*
    def postfix(self, start: Token, base: tree.Expr) -> tree.Expr:
        """Goes on behind a primary expression."""
        for _ in range(MAX_CHAIN):
            longer = self._place(start, base) or self.call(start, base)
            if longer is None:
                return base
            base = longer
        self.diagnostics.fatal(start.span, f"more than {MAX_CHAIN} suffixes in one expression")

    def place(self, start: Token, base: tree.Expr) -> tree.Expr:
        """Goes on behind a primary expression, but not beyond a call."""
        for _ in range(MAX_CHAIN):
            longer = self._place(start, base)
            if longer is None:
                return base
            base = longer
        self.diagnostics.fatal(start.span, f"more than {MAX_CHAIN} suffixes in one expression")

    def _place(self, start: Token, base: tree.Expr) -> tree.Expr | None:
        kind = self.tok.kind
        if kind == ".":
            self.advance()
            name = self.name("the name of a member")
            return tree.Member(base=base, name=name.text, span=self.since(start))
        return self._subscript(start, base) if kind == "[" else None

    # call: "(" argumentList ")" | "<" realTypeArgumentList ">" "(" argumentList ")"
    def call(self, start: Token, base: tree.Expr) -> tree.Expr | None:
        """A call of what was read so far, if one follows."""
        kind = self.tok.kind
        type_args: list[tree.TypeNode] = []
        if kind == "<" and self._at_type_arguments(base):
            type_args = self.type_arguments()
        elif kind != "(":
            return None
        args = self.arguments()
        return tree.Call(callee=base, type_args=type_args, args=args, span=self.since(start))

    def _subscript(self, start: Token, base: tree.Expr) -> tree.Expr:
        self.expect("[")
        first = self.nested(self.expression)
        if self.tok.kind not in (":", "+:"):
            self.expect("]")
            return tree.Index(base=base, index=first, span=self.since(start))
        plus = self.advance().kind == "+:"
        second = self.nested(self.expression)
        self.expect("]")
        return tree.Slice(base=base, high=first, low=second, plus=plus, span=self.since(start))

    def _at_type_arguments(self, callee: tree.Expr) -> bool:
        """Whether the "<" here opens the type arguments of a call rather than being a comparison."""
        after = self.peek()
        generic = isinstance(callee, tree.Name) and self.kind_of(callee.name) == "template"
        if not generic and after.kind not in BASE_TYPES and after.kind != "_":
            starts = (after.kind in NAMES and self.kind_of(after.text) == "type") or after.kind == "."
            if not starts:
                return False
        return self._closing_angle_before_parenthesis()

    def _closing_angle_before_parenthesis(self) -> bool:
        angles = parentheses = 0
        for index in range(self.index, min(self.index + 400, len(self.tokens))):
            kind = self.tokens[index].kind
            if kind == "(":
                parentheses += 1
            elif kind == ")":
                parentheses -= 1
                if parentheses < 0:
                    return False
            elif kind == ">" and not parentheses:
                angles -= 1
                if angles == 0:
                    return self.tokens[index + 1].kind == "("
            elif not parentheses:
                if kind not in _TYPE_TOKENS:
                    return False
                angles += kind == "<"
        return False

    # argumentList: empty | nonEmptyArgList    argument: expression | name "=" expression | "_" | name "=" "_"
    def arguments(self) -> list[tree.Argument]:
        """With the parentheses."""
        self.expect("(")
        found: list[tree.Argument] = []
        if not self.at(")"):
            found.append(self._argument())
            while self.accept(","):
                found.append(self._argument())
        self.expect(")")
        return found

    def _argument(self) -> tree.Argument:
        start = self.tok
        name = None
        if start.kind in NAMES and self.peek().kind == "=":
            name = self.advance().text
            self.advance()
        if self.at("_"):
            self.advance()
            return tree.Argument(expr=None, name=name, span=self.since(start))
        return tree.Argument(expr=self.nested(self.expression), name=name, span=self.since(start))

    # "{" expressionList ","? "}" | "{" kvList ","? "}" | "{" kvList "," "..." ","? "}"
    def _braces(self) -> tree.Expr:
        start = self.expect("{")
        if self.tok.kind in NAMES and self.peek().kind == "=":
            return self._struct_fields(start)
        items: list[tree.Expr] = []
        dots = False
        while not self.at("}"):
            if self.at("...") and self.peek().kind in (",", "}") and not dots:
                dots = self._dots()
            else:
                items.append(self.nested(self.expression))
            if not self.accept(","):
                break
        self.expect("}")
        return tree.ListExpr(items=items, dots=dots, span=self.since(start))

    def _dots(self) -> bool:
        """The final `...` of a braced list."""
        after = 2 if self.peek().kind == "," else 1
        if self.peek(after).kind != "}":
            self.diagnostics.error(self.tok.span, "... must be the last element of the list")
        self.advance()
        return True

    def _struct_fields(self, start: Token) -> tree.Expr:
        fields: list[tree.NamedExpr] = []
        names: set[str] = set()
        dots = False
        while not self.at("}"):
            if self.at("..."):
                dots = self._dots()
            else:
                name = self.name("the name of a field")
                if name.text in names:
                    self.diagnostics.error(name.span, f"field {name.text!r} is given twice")
                names.add(name.text)
                self.expect("=")
                value = self.nested(self.expression)
                fields.append(tree.NamedExpr(name=name.text, expr=value, span=self.since(name)))
            if not self.accept(","):
                break
        self.expect("}")
        return tree.StructExpr(fields=fields, dots=dots, span=self.since(start))

    # keysetExpression: "(" simpleKeysetExpression "," simpleExpressionList ")" | "(" reducedSimpleKeysetExpression ")"
    #                 | simpleKeysetExpression
    def keyset(self) -> tree.Expr:
        """What stands before the colon of a select case or a table entry."""
        start, depth = self.tok, self.depth
        if start.kind != "(":
            return self._simple_keyset()
        mark, errors = self.index, len(self.diagnostics.items)
        self.advance()
        try:
            items = [self.nested(self._simple_keyset)]
        except SyntaxFailure:
            items = []
        if not items or not (self.at(",") or (self.at(")") and _is_reduced(items[0]))):
            del self.diagnostics.items[errors:]
            self.depth, self.no_greater = depth, False
            self.jump(mark)
            return self._simple_keyset()
        while self.accept(","):
            items.append(self.nested(self._simple_keyset))
        self.expect(")")
        return tree.ListExpr(items=items, span=self.since(start))

    # simpleKeysetExpression: expression | expression "&&&" expression | expression ".." expression | DEFAULT | "_"
    def _simple_keyset(self) -> tree.Expr:
        start = self.tok
        if start.kind in ("default", "_"):
            self.advance()
            return tree.DefaultExpr(word=start.kind, span=start.span)
        value = self.expression()
        if self.accept("&&&"):
            mask = self.expression()
            return tree.Mask(operand=value, mask=mask, span=self.since(start))
        return self.range_rest(start, value)

    def range_rest(self, start: Token, low: tree.Expr) -> tree.Expr:
        """`.. expression`, if it follows."""
        if not self.accept(".."):
            return low
        high = self.expression()
        return tree.Range(low=low, high=high, span=self.since(start))


def _is_reduced(keyset: tree.Expr) -> bool:
    """Whether a keyset in parentheses cannot be an ordinary expression."""
    return isinstance(keyset, tree.Mask | tree.Range) or (isinstance(keyset, tree.DefaultExpr) and keyset.word != "...")
