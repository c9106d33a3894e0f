"""The parser: states with operations, transition keys and transitions.

BMv2 takes transition keys and `set` sources in a few shapes only, so other expressions, and lookahead inside them, are
put into scratch fields first. A select without a match must signal NoMatch; BMv2 would accept, so a state is added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from switch.p4c import ir
from switch.p4c.bmv2 import externs
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.places import bounds_check
from switch.p4c.bmv2.rewrite import map_expr
from switch.p4c.bmv2.statements import StatementWriter
from switch.p4c.bmv2.values import Json, as_parameter, field, hex_text, hexstr
from switch.p4c.source import Span

NO_MATCH = "NoMatch"
OUT_OF_BOUNDS = "StackOutOfBounds"
ERROR_BITS = 32


class ParserWriter:
    """Writes the parser."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.ops: list[Json] = []
        self.writer = StatementWriter(context, {})
        self.no_match: str | None = None  # the added state's name, once it is needed
        self._handlers: dict[type[ir.Stmt], Callable[..., None]] = {
            ir.Extract: self._extract, ir.Advance: self._advance, ir.Verify: self._verify, ir.Assign: self._assign,
        }  # fmt: skip

    def write(self) -> Json:
        """The parser's JSON."""
        states = self.context.program.states
        result = [self._state(state) for state in states]
        if self.no_match is not None:
            result.append(self._no_match_state(self.no_match))
        first = states[0].name if states else None
        if not states:
            first = "start"
            result.append(self._json("start", [], [], [default_transition(None)]))
        return {"name": "parser", "id": 0, "init_state": first, "parse_states": result}

    def _json(self, name: str, ops: list[Json], transitions_key: list[Json], transitions: list[Json]) -> Json:
        return {
            "name": name, "id": self.context.next_id("parse_states"), "parser_ops": ops,
            "transitions": transitions, "transition_key": transitions_key,
        }  # fmt: skip

    def _state(self, state: ir.ParserState) -> Json:
        self.ops = []
        for stmt in state.body:
            self.writer.exprs.span = stmt.span
            handler = self._handlers.get(type(stmt), self._as_primitive)
            handler(stmt)
        self.writer.exprs.span = state.span
        keys = [self._key(key, state.span) for key in state.keys]
        transitions = self._transitions(state)
        result = self._json(state.name, self.ops, keys, transitions)
        return self.context.located(result, state.span)

    # --- operations ---------------------------------------------------------------------------------------------------

    def _op(self, op: str, *parameters: Json) -> None:
        self.ops.append({"op": op, "parameters": list(parameters)})

    def _extract(self, stmt: ir.Extract) -> None:
        ref = stmt.header
        if ref.index == "next" and ref.member is not None:
            target: Json = {"type": "union_stack", "value": [ref.name, ref.member]}
        elif ref.index == "next":
            target = {"type": "stack", "value": ref.name}
        else:
            whole = self.writer.header(ref)
            if whole["type"] != "header":
                self._extract_by_index(stmt, ref)
                return
            target = {"type": "regular", "value": whole["value"]}
        if stmt.length is None:
            self._op("extract", target)
        else:
            length = self.writer.exprs.data(self._plain(stmt.length))
            self._op("extract_VL", target, {"type": "expression", "value": length})

    def _extract_by_index(self, stmt: ir.Extract, ref: ir.HeaderRef) -> None:
        """Extracts into a scratch header and copies it to the stack's element."""
        assert ref.index is not None
        check = bounds_check(self.writer.exprs, ref.name, ref.index)
        if check is not None:
            self._op("verify", check, hexstr(self._error(OUT_OF_BOUNDS), ERROR_BITS))
        elements = self.context.stacks.get(ref.name)
        if elements is None:
            self.context.unsupported(stmt.span, "extracting into a header union chosen at run time")
            return
        scratch = ir.HeaderRef(self.context.new_scratch_header("extract", elements.type).name)
        self._extract(ir.Extract(scratch, stmt.length, span=stmt.span))
        self._as_primitive(ir.AssignHeader(ref, scratch, span=stmt.span))

    def _error(self, name: str) -> int:
        errors = self.context.program.errors
        return errors.index(name) if name in errors else 0

    def _advance(self, stmt: ir.Advance) -> None:
        self._op("advance", self._source(self._plain(stmt.bits)))

    def _verify(self, stmt: ir.Verify) -> None:
        condition = self.writer.exprs.boolean(self._plain(stmt.condition))
        self._op("verify", condition, self.writer.exprs.data(self._plain(stmt.error)))

    def _assign(self, stmt: ir.Assign) -> None:
        if not isinstance(stmt.target, ir.FieldRef):
            self._as_primitive(ir.Assign(stmt.target, self._plain(stmt.value), span=stmt.span))
            return
        target = field(stmt.target.header, stmt.target.field)
        value = stmt.value
        if isinstance(value, ir.Lookahead) and not value.signed:
            self._op("set", target, _lookahead(value))
        else:
            self._op("set", target, self._source(self._plain(value)))

    def _source(self, expr: ir.Expr) -> Json:
        """A value as a `set` or `advance` takes it: field, number or (doubly wrapped) expression."""
        return as_parameter(self.writer.exprs.data(expr))

    def _as_primitive(self, stmt: ir.Stmt) -> None:
        """Everything else is a primitive; the parser has no jumps, so writes to run-time elements are not guarded."""
        if isinstance(stmt, ir.Primitive) and stmt.name not in externs.HANDLERS:
            self.context.unsupported(stmt.span, f"{stmt.name} is not supported in a parser by BMv2")
            return
        writer = StatementWriter(self.context, {}, "parser")
        writer.guarded = False
        writer.block([self._plain_stmt(stmt)])
        for call in writer.code.finish():
            if call["op"].startswith("_jump"):
                self.context.unsupported(stmt.span, "control flow inside a parser state is not supported by BMv2")
            self._op("primitive", call)

    def _plain_stmt(self, stmt: ir.Stmt) -> ir.Stmt:
        if isinstance(stmt, ir.Primitive):
            return replace(stmt, args=[self._plain_arg(arg) for arg in stmt.args])
        return stmt

    def _plain_arg(self, arg: object) -> object:
        if isinstance(arg, list):
            return [self._plain_arg(item) for item in arg]
        return self._plain(arg) if isinstance(arg, ir.Expr) else arg

    def _plain(self, expr: ir.Expr) -> ir.Expr:
        """The expression with each lookahead in it replaced by a field that has been set to it."""

        def hoist(part: ir.Expr) -> ir.Expr:
            if not isinstance(part, ir.Lookahead):
                return part
            unsigned = ir.Lookahead(part.width, part.offset)
            scratch = self.context.new_scratch("lookahead", unsigned)
            self._op("set", field(scratch.header, scratch.field), _lookahead(part))
            return ir.Cast(part.width, scratch, signed=True) if part.signed else scratch

        return map_expr(expr, hoist)

    # --- transitions --------------------------------------------------------------------------------------------------

    def _key(self, key: ir.Expr, span: Span) -> Json:
        if isinstance(key, ir.Lookahead):
            return _lookahead(key)
        if isinstance(key, ir.FieldRef):
            return field(key.header, key.field)
        if isinstance(key, ir.StackFieldRef) and key.index == "last":
            return {"type": "stack_field", "value": [key.stack, key.field]}
        if isinstance(key, ir.UnionStackFieldRef) and key.index == "last":
            return {"type": "union_stack_field", "value": [key.stack, key.member, key.field]}
        scratch = self.context.new_scratch("key", key)
        self._assign(ir.Assign(scratch, key, span=span))
        return field(scratch.header, scratch.field)

    def _transitions(self, state: ir.ParserState) -> list[Json]:
        if not state.keys:
            return [default_transition(self._next(state.next or "reject", state.span))]
        result: list[Json] = []
        for case in state.cases:
            transition = self._case(state, case)
            result.append(transition)
            if transition["type"] == "default":
                return result
        if self.no_match is None:
            self.no_match = _fresh("noMatch", (s.name for s in self.context.program.states))
        return [*result, default_transition(self.no_match)]

    def _case(self, state: ir.ParserState, case: ir.SelectCase) -> Json:
        following = self._next(case.next, state.span)
        if case.value_set is not None:
            return {"type": "parse_vset", "value": case.value_set, "mask": None, "next_state": following}
        value = mask = width = 0
        exact = True
        for key, match in zip(state.keys, case.keys, strict=True):
            bits = 8 * ((max(key.width, 1) + 7) // 8)
            ones = (1 << max(key.width, 1)) - 1
            full = ones if match.mask is None else match.mask & ones
            part_mask = 0 if match.value is None else full
            part = (match.value or 0) & part_mask
            exact = exact and part_mask == ones
            value, mask, width = value << bits | part, mask << bits | part_mask, width + bits
        if mask == 0:
            return default_transition(following)
        text = None if exact else hex_text(mask, width)
        return {"type": "hexstr", "value": hex_text(value, width), "mask": text, "next_state": following}

    def _next(self, name: str, span: Span) -> str | None:
        if name == "reject":
            message = "BMv2 treats a transition to reject as one to accept"
            self.context.diagnostics.warn(span, "unsupported", message)
        return None if name in ("accept", "reject") else name

    def _no_match_state(self, name: str) -> Json:
        code = hexstr(self._error(NO_MATCH), ERROR_BITS)
        verify = {"op": "verify", "parameters": [{"type": "bool", "value": False}, code]}
        return self._json(name, [verify], [], [default_transition(None)])


def default_transition(target: str | None) -> Json:
    """The transition that is taken when no other one is; None ends the parser."""
    return {"type": "default", "value": None, "mask": None, "next_state": target}


def _lookahead(expr: ir.Lookahead) -> Json:
    return {"type": "lookahead", "value": [expr.offset, expr.width or 1]}


def _fresh(name: str, taken: Iterable[str]) -> str:
    names = set(taken)
    while name in names:
        name += "_"
    return name


def value_sets(context: Context) -> list[Json]:
    """The parser's value sets."""
    return [
        {
            "name": item.name, "id": number, "max_size": item.size,
            "compressed_bitwidth": sum(key.width or 1 for key in item.keys),
        }
        for number, item in enumerate(context.program.value_sets)
    ]  # fmt: skip
