"""Turns parser states with structured bodies into plain ones: ifs, loops and sub-parsers become states of their own."""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.p4c import ir
from switch.p4c import typesys as ts
from switch.p4c.midend.parsers import ACCEPT, SubParser
from switch.p4c.midend.rewrite import rewrite_stmt
from switch.p4c.midend.storage import Storage


@dataclass
class Flattener:
    """Collects the plain states of one parser."""

    storage: Storage
    states: list[ir.ParserState] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    labels: dict[str, tuple[str, list[bool]]] = field(default_factory=dict)  # label -> state behind it, whether used

    def flatten(self, states: list[ir.ParserState], accept: str = ACCEPT) -> None:
        """Adds these states; `accept` is where their parser goes on."""
        self.names.update(state.name for state in states)
        for state in states:
            current = ir.ParserState(state.name, [], span=state.span)
            self.states.append(current)
            last = self._run(current, state.body)
            if last is not None:
                last.keys = state.keys
                last.cases = state.cases
                last.next = state.next
                _redirect(last, ACCEPT, accept)

    def _new(self, like: ir.ParserState) -> ir.ParserState:
        number = 0
        while f"{like.name}_{number}" in self.names:
            number += 1
        name = f"{like.name}_{number}"
        self.names.add(name)
        return ir.ParserState(name, [], span=like.span)

    def _run(self, current: ir.ParserState, stmts: list[ir.Stmt]) -> ir.ParserState | None:
        """Adds statements to a state; the state that is open behind them, or None if control never gets there."""
        for stmt in stmts:
            match stmt:
                case ir.If():
                    after = self._if(current, stmt)
                case ir.Labelled():
                    after = self._labelled(current, stmt)
                case ir.Leave():
                    name, used = self.labels[stmt.label]
                    used.append(True)
                    current.next = name
                    after = None
                case ir.Loop():
                    after = self._loop(current, stmt)
                case SubParser():
                    after = self._sub(current, stmt)
                case _:
                    current.body.extend(self._hoisted(stmt))
                    after = current
            if after is None:
                return None
            current = after
        return current

    def _if(self, current: ir.ParserState, stmt: ir.If) -> ir.ParserState | None:
        key = self._key(current, stmt)
        join = self._new(current)
        ends: list[ir.ParserState] = []
        starts: list[str] = []
        for branch in (stmt.then, stmt.otherwise):
            if not branch:
                starts.append(join.name)
                continue
            begin = self._new(current)
            self.states.append(begin)
            starts.append(begin.name)
            end = self._run(begin, branch)
            if end is not None:
                ends.append(end)
        current.keys = [key]
        current.cases = [
            ir.SelectCase([ir.KeyMatch(1)], starts[0]),
            ir.SelectCase([ir.KeyMatch(None)], starts[1]),
        ]
        for end in ends:
            end.next = join.name
        if not ends and join.name not in starts:
            return None
        self.states.append(join)
        return join

    def _key(self, current: ir.ParserState, stmt: ir.If) -> ir.Expr:
        condition = stmt.condition
        if isinstance(condition, ir.FieldRef):
            return condition
        flag = self.storage.scalar(ts.BOOL, f"{current.name}.if").expr
        assert isinstance(flag, ir.FieldRef)
        current.body.extend(self._hoisted(ir.Assign(flag, condition, span=stmt.span)))
        return flag

    def _labelled(self, current: ir.ParserState, stmt: ir.Labelled) -> ir.ParserState | None:
        join = self._new(current)
        used: list[bool] = []
        self.labels[stmt.label] = (join.name, used)
        end = self._run(current, stmt.body)
        if not used:
            return end
        if end is not None:
            end.next = join.name
        self.states.append(join)
        return join

    def _loop(self, current: ir.ParserState, stmt: ir.Loop) -> None:
        head = self._new(current)
        self.states.append(head)
        current.next = head.name
        end = self._run(head, stmt.body)
        if end is not None:
            end.next = head.name

    def _sub(self, current: ir.ParserState, stmt: SubParser) -> ir.ParserState:
        join = self._new(current)
        current.next = stmt.states[0].name
        self.flatten(stmt.states, join.name)
        self.states.append(join)
        return join

    def _hoisted(self, stmt: ir.Stmt) -> list[ir.Stmt]:
        """Puts look-aheads that stand inside larger expressions into fields first."""
        if isinstance(stmt, ir.Assign) and isinstance(stmt.value, ir.Lookahead):
            return [stmt]
        before: list[ir.Stmt] = []

        def hoist(expr: ir.Expr) -> ir.Expr:
            if not isinstance(expr, ir.Lookahead):
                return expr
            place = self.storage.scalar(ts.Bits(expr.width), "lookahead").expr
            assert isinstance(place, ir.FieldRef)
            before.append(ir.Assign(place, expr, span=stmt.span))
            return place

        done = rewrite_stmt(stmt, hoist)
        return [*before, done]


def _redirect(state: ir.ParserState, old: str, new: str) -> None:
    if old == new:
        return
    state.next = new if state.next == old else state.next
    state.cases = [ir.SelectCase(c.keys, new if c.next == old else c.next, c.value_set) for c in state.cases]


def shortcut(states: list[ir.ParserState]) -> list[ir.ParserState]:
    """Leaves out states that only go on to another, and those that nothing reaches."""
    ahead = {s.name: s.next for s in states[1:] if not s.body and not s.keys and s.next is not None}

    def final(name: str) -> str:
        seen: set[str] = set()
        while name in ahead and name not in seen:
            seen.add(name)
            name = ahead[name] or name
        return name

    for state in states:
        state.next = final(state.next) if state.next is not None else None
        for case in state.cases:
            case.next = final(case.next)
    by_name = {s.name: s for s in states}
    reached: set[str] = set()
    waiting = [states[0].name] if states else []
    while waiting:
        name = waiting.pop()
        if name in reached or name not in by_name:
            continue
        reached.add(name)
        state = by_name[name]
        waiting.extend(t for t in (state.next, *(c.next for c in state.cases)) if t is not None)
    return [s for s in states if s.name in reached]
