"""Warnings about variables that are read, and `out` parameters that are returned, without a value."""

from __future__ import annotations

from collections.abc import Sequence

from switch.p4c import tree
from switch.p4c.context import Context
from switch.p4c.dataflow import Walk, Written, declared, join
from switch.p4c.typesys import BOOL, ERROR, Bits, Enum, NewType, Struct, Tuple, Type, Varbit

_END = "accept"


def check_uninitialized(cx: Context, program: tree.Program) -> None:
    """Checks every body of the program."""
    for decl in program.decls:
        match decl:
            case tree.FunctionDecl(body=tree.Block() as body):
                _body(cx, decl, decl.params, [], body)
            case tree.ActionDecl(body=body):
                _body(cx, decl, decl.params, [], body)
            case tree.ControlDecl():
                for local in decl.locals:
                    if isinstance(local, tree.ActionDecl):
                        _body(cx, local, local.params, [], local.body)
                _body(cx, decl, decl.params, decl.locals, decl.body)
            case tree.ParserDecl():
                _parser(cx, decl)


def tracked_type(type_: Type | None) -> bool:
    """Whether values of the type have no value of their own accord: headers do, they are invalid."""
    match type_:
        case NewType(base=base):
            return tracked_type(base)
        case Struct(kind="struct", fields=fields):
            return bool(fields) and all(tracked_type(f.type) for f in fields)
        case Tuple(elements=elements):
            return all(map(tracked_type, elements))
        case _:
            return isinstance(type_, Bits | Enum | Varbit) or type_ in (BOOL, ERROR)


class _Watch:
    """What is tracked in one body, and a walk that warns."""

    def __init__(self, cx: Context, params: Sequence[tree.Param], locals_: Sequence[tree.Decl], body: list[tree.Stmt]):
        self.cx = cx
        self.outs = [p for p in params if p.direction == "out" and tracked_type(p.type)]
        self.locals = [v for v in [*_variables(locals_), *_variables(declared(body))] if tracked_type(v.type)]
        self.initial = {id(v) for v in _variables(locals_) if v.init is not None}
        self.silent = False

    def walk(self) -> Walk:
        """A walk through the body, or a part of it."""
        return Walk([*self.outs, *self.locals], self._report)

    def _report(self, name: tree.Name) -> None:
        if not self.silent:
            self.cx.warn(name, "uninitialized-use", f"'{name.name}' may be uninitialized")

    def end(self, owner: tree.Decl, written: Written) -> None:
        """Warns about `out` parameters without a value."""
        for param in self.outs:
            if written is not None and id(param) not in written:
                message = f"out parameter '{param.name}' may be uninitialized when '{owner.name}' ends"
                self.cx.warn(param, "uninitialized-out-param", message)


def _variables(decls: Sequence[tree.Decl]) -> list[tree.VarDecl]:
    return [d for d in decls if isinstance(d, tree.VarDecl)]


def _body(
    cx: Context, owner: tree.Decl, params: Sequence[tree.Param], locals_: Sequence[tree.Decl], body: tree.Block
) -> None:
    watch = _Watch(cx, params, locals_, body.body)
    walk = watch.walk()
    end = walk.stmts(body.body, set(watch.initial))
    watch.end(owner, join(end, *walk.left))


# --- parsers ----------------------------------------------------------------------------------------------------------


def _parser(cx: Context, decl: tree.ParserDecl) -> None:
    body = [stmt for state in decl.states for stmt in state.body]
    watch = _Watch(cx, decl.params, decl.locals, body)
    before: dict[str, Written] = {"start": set(watch.initial)}
    states = {s.name: s for s in decl.states}
    watch.silent = True
    todo = ["start"]
    while todo:
        state = states.get(todo.pop())
        if state is None:
            continue
        after = _state(watch, state, before[state.name])
        for name in targets(state):
            joined = join(before.get(name), after)
            if name not in before or joined != before[name]:
                before[name] = joined
                todo.append(name)
    watch.silent = False
    for state in decl.states:
        if before.get(state.name) is not None:
            _state(watch, state, before[state.name])
    watch.end(decl, before.get(_END))


def _state(watch: _Watch, state: tree.StateDecl, written: Written) -> Written:
    if written is None:
        return None
    walk = watch.walk()
    after = walk.stmts(state.body, set(written))
    if after is not None and state.transition is not None and not isinstance(state.transition, tree.Name):
        walk.read(state.transition, after)
    return after


def targets(state: tree.StateDecl) -> list[str]:
    """The states that may follow."""
    if isinstance(state.transition, tree.Name):
        return [state.transition.name]
    if isinstance(state.transition, tree.Select):
        return [case.state.name for case in state.transition.cases]
    return []
