"""Elements of union stacks chosen at run time: BMv2 cannot, so each access becomes a choice among the elements."""

from __future__ import annotations

from dataclasses import replace

from switch.p4c import ir
from switch.p4c.midend import fold
from switch.p4c.midend.parsers import SubParser
from switch.p4c.midend.rewrite import Change, rewrite, rewrite_stmt
from switch.p4c.midend.tidy import branches


def expand(stmts: list[ir.Stmt], stacks: list[ir.UnionStack]) -> list[ir.Stmt]:
    """The statements with fixed elements only."""
    if not stacks:
        return stmts
    return [done for stmt in stmts for done in _stmt(stmt, {stack.name: stack for stack in stacks})]


def _stmt(stmt: ir.Stmt, stacks: dict[str, ir.UnionStack]) -> list[ir.Stmt]:
    read = _reader(stacks)
    for branch in branches(stmt):
        branch[:] = [done for inner in branch for done in _stmt(inner, stacks)]
    match stmt:
        case ir.If():
            stmt.condition = rewrite(stmt.condition, read)
            return [stmt]
        case SubParser():
            for state in stmt.states:
                state.body = [done for inner in state.body for done in _stmt(inner, stacks)]
            return [stmt]
    return _places(rewrite_stmt(stmt, read), stacks)


def _reader(stacks: dict[str, ir.UnionStack]) -> Change:
    """Replaces reads of an element by a chain of conditions; beyond the last element the last is read."""

    def change(expr: ir.Expr) -> ir.Expr:
        if isinstance(expr, ir.UnionStackFieldRef) and isinstance(expr.index, ir.Expr):
            names = [f"{element.name}.{expr.member}" for element in stacks[expr.stack].elements]
            fields: list[ir.Expr] = [ir.FieldRef(expr.width, name, expr.field, signed=expr.signed) for name in names]
            return _chain(expr.index, fields)
        if isinstance(expr, ir.IsValid) and isinstance(expr.index, ir.Expr) and expr.header in stacks:
            return _chain(expr.index, [_valid(element, expr.member) for element in stacks[expr.header].elements])
        return expr

    return change


def _valid(element: ir.HeaderUnion, member: str | None) -> ir.Expr:
    result: ir.Expr = fold.truth(False)
    for name, header in element.members:
        if member is None or member == name:
            result = fold.either(result, ir.IsValid(0, header.name))
    return result


def _chain(index: ir.Expr, choices: list[ir.Expr]) -> ir.Expr:
    result = choices[-1]
    for number, choice in reversed(list(enumerate(choices[:-1]))):
        result = fold.choose(_is(index, number), choice, result)
    return result


def _is(index: ir.Expr, number: int) -> ir.Expr:
    return fold.binary("==", index, fold.const(index.width, number, index.signed))


def _places(stmt: ir.Stmt, stacks: dict[str, ir.UnionStack]) -> list[ir.Stmt]:
    """Replaces a written or copied element by one statement for each element."""
    for name in ("target", "source", "header"):
        place = getattr(stmt, name, None)
        stack, index = _dynamic(place, stacks)
        if stack is not None and index is not None:
            chain: list[ir.Stmt] = []
            for number in reversed(range(len(stack.elements))):
                fixed = replace(stmt, **{name: _fixed(place, stack.elements[number])})
                chain = [ir.If(_is(index, number), _places(fixed, stacks), chain, span=stmt.span)]
            return chain
    return [stmt]


def _dynamic(place: object, stacks: dict[str, ir.UnionStack]) -> tuple[ir.UnionStack | None, ir.Expr | None]:
    match place:
        case ir.UnionStackFieldRef() if isinstance(place.index, ir.Expr):
            return stacks.get(place.stack), place.index
        case ir.HeaderRef() if isinstance(place.index, ir.Expr):
            return stacks.get(place.name), place.index
    return None, None


def _fixed(place: object, element: ir.HeaderUnion) -> object:
    if isinstance(place, ir.UnionStackFieldRef):
        return ir.FieldRef(place.width, f"{element.name}.{place.member}", place.field, signed=place.signed)
    assert isinstance(place, ir.HeaderRef)
    return ir.HeaderRef(f"{element.name}.{place.member}" if place.member is not None else element.name)
