"""Cleans lowered statements: unreachable code, labels that nothing leaves, jumps to where control goes anyway."""

from __future__ import annotations

from collections.abc import Iterator

from switch.p4c import ir
from switch.p4c.midend import fold


def tidy(stmts: list[ir.Stmt]) -> list[ir.Stmt]:
    """The same statements without what has no effect; nested lists are replaced in place."""
    out: list[ir.Stmt] = []
    for stmt in stmts:
        out.extend(_tidy(stmt))
        if out and _ends(out[-1]):
            break
    return out


def _ends(stmt: ir.Stmt) -> bool:
    """Whether control never goes on behind the statement."""
    match stmt:
        case ir.Leave() | ir.Exit() | ir.Loop():
            return True
        case ir.If():
            return bool(stmt.then and stmt.otherwise and _ends(stmt.then[-1]) and _ends(stmt.otherwise[-1]))
    return False


def branches(stmt: ir.Stmt) -> Iterator[list[ir.Stmt]]:
    """The lists of statements inside a statement."""
    match stmt:
        case ir.If():
            yield stmt.then
            yield stmt.otherwise
        case ir.Labelled() | ir.Loop():
            yield stmt.body
        case ir.ApplyTable():
            seen: set[int] = set()
            for branch in (stmt.hit, stmt.miss, stmt.default, *(stmt.cases or {}).values()):
                if branch is not None and id(branch) not in seen:
                    seen.add(id(branch))
                    yield branch


def _tidy(stmt: ir.Stmt) -> list[ir.Stmt]:
    for branch in branches(stmt):
        branch[:] = tidy(branch)
    match stmt:
        case ir.If():
            return _tidy_if(stmt)
        case ir.Labelled():
            _drop_tail(stmt.body, stmt.label)
            if any(left == stmt.label for left in _left(stmt.body)):
                return [stmt]
            return stmt.body
        case ir.ApplyTable():
            if not stmt.hit and not stmt.miss:
                stmt.hit = stmt.miss = None
            if not any((stmt.cases or {}).values()) and not stmt.default:
                stmt.cases = stmt.default = None
    return [stmt]


def _tidy_if(stmt: ir.If) -> list[ir.Stmt]:
    if isinstance(stmt.condition, ir.Const):
        return stmt.then if stmt.condition.value else stmt.otherwise
    if not stmt.then and not stmt.otherwise:
        return []
    if not stmt.then:
        stmt.condition, stmt.then, stmt.otherwise = fold.negate(stmt.condition), stmt.otherwise, []
    return [stmt]


def _drop_tail(stmts: list[ir.Stmt], label: str) -> None:
    """Removes jumps to the end of the block at its end."""
    if not stmts:
        return
    last = stmts[-1]
    if isinstance(last, ir.Leave) and last.label == label:
        stmts.pop()
        _drop_tail(stmts, label)
    elif not isinstance(last, ir.Loop):
        for branch in branches(last):
            _drop_tail(branch, label)
        stmts[-1:] = _tidy(last)


def _left(stmts: list[ir.Stmt]) -> Iterator[str]:
    for stmt in stmts:
        if isinstance(stmt, ir.Leave):
            yield stmt.label
        for branch in branches(stmt):
            yield from _left(branch)
