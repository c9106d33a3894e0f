"""Parsers: states with structured bodies, which `states` then flattens; sub-parsers stand among their statements."""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.p4c import ir, tree
from switch.p4c.midend.assign import assign, invalidate
from switch.p4c.midend.body import Body, Refused
from switch.p4c.midend.effects import Unit
from switch.p4c.midend.frame import control_name, plain_name
from switch.p4c.midend.objects import BlockInstance
from switch.p4c.midend.select import lower_select

ACCEPT, REJECT = "accept", "reject"


@dataclass
class SubParser(ir.Stmt):
    """The states of a sub-parser, the first being its start; its "accept" goes on behind this statement."""

    states: list[ir.ParserState]
    written: frozenset[Unit] = field(default_factory=frozenset)


def lower_states(body: Body, made: BlockInstance, prefix: str = "") -> list[ir.ParserState]:
    """The reachable states; bodies still hold ifs, labels, loops and sub-parsers. `body` is in the parser's frame."""
    decl = made.decl
    assert isinstance(decl, tree.ParserDecl)
    states = {s.name: s for s in decl.states}
    suffix = _again(body, prefix) if prefix else ""
    names = {s.name: _state_name(s, prefix) + suffix for s in decl.states}
    done: list[ir.ParserState] = []
    with body.block() as first:
        start_variables(body, decl.locals)
    waiting, seen = ["start"], {"start"}
    while waiting:
        state = states.get(waiting.pop(0))
        if state is None:
            continue
        lowered, targets = _lower_state(body, state, names)
        done.append(lowered)
        fresh = [t for t in dict.fromkeys(targets) if t not in seen]
        seen.update(fresh)
        waiting.extend(fresh)
    _put_first(done, first, body)
    order = {names[s.name]: i for i, s in enumerate(decl.states)}
    done.sort(key=lambda s: (s.name != names["start"], order.get(s.name, -1)))
    return done


def _again(body: Body, prefix: str) -> str:
    """What keeps the names of states apart when a parser is put in place more than once."""
    used = body.context.cache.setdefault("sub-parsers", {})
    assert isinstance(used, dict)
    used[prefix] = used.get(prefix, -1) + 1
    return f"_{used[prefix]}" if used[prefix] else ""


def _put_first(done: list[ir.ParserState], first: list[ir.Stmt], body: Body) -> None:
    """Runs the initialisers of the parser's variables once, before its start state."""
    if not first or not done:
        return
    start = done[0]
    if any(start.name == t for s in done for t in (s.next, *(c.next for c in s.cases))):
        again = body.context.label(f"{start.name}_again")
        loop = ir.ParserState(again, start.body, start.keys, start.cases, start.next)
        for state in (*done[1:], loop):
            state.next = loop.name if state.next == start.name else state.next
            for case in state.cases:
                case.next = loop.name if case.next == start.name else case.next
        done[0] = ir.ParserState(start.name, first, next=loop.name, span=start.span)
        done.insert(1, loop)
    else:
        start.body[:0] = first


def _state_name(state: tree.StateDecl, prefix: str) -> str:
    return control_name(prefix, state) if prefix else plain_name(state).removeprefix(".")


def _lower_state(body: Body, state: tree.StateDecl, names: dict[str, str]) -> tuple[ir.ParserState, list[str]]:
    targets: list[str] = []

    def target(name: tree.Name) -> str:
        if name.name in (ACCEPT, REJECT):
            return name.name
        targets.append(name.name)
        return names.get(name.name, REJECT)

    with body.block() as stmts:
        body.stmts(state.body)
        lowered = ir.ParserState(names[state.name], stmts, span=state.span)
        body.span = state.span
        match state.transition:
            case None:
                lowered.next = REJECT
            case tree.Name():
                lowered.next = target(state.transition)
            case tree.Select():
                try:
                    lower_select(body, state.transition, lowered, target)
                except Refused:
                    lowered.next = REJECT
    return lowered, targets


def start_variables(body: Body, decls: list[tree.Decl]) -> None:
    """The first values of a block's variables."""
    for decl in decls:
        if isinstance(decl, tree.VarDecl):
            body.span = decl.span
            place = body.frame.values[decl]
            if decl.init is not None:
                assign(body, place, body.expr(decl.init))
            else:
                invalidate(body, place)
