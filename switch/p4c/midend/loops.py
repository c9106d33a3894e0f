"""Loops: `for`, `for ... in`, break and continue."""

from __future__ import annotations

from switch.p4c import ir, tree
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.assign import assign, save
from switch.p4c.midend.body import Body, StmtRule
from switch.p4c.midend.convert import coerce, pure


def _for(body: Body, stmt: tree.Stmt) -> None:
    assert isinstance(stmt, tree.For)
    _warn(body, stmt)
    body.stmts(stmt.init)
    done = body.context.label("break")
    with body.block() as loop:
        condition = pure(body, body.expr(stmt.condition), stmt.condition.span)
        if not fold.known_true(condition):
            body.emit(ir.If(fold.negate(condition), [ir.Leave(done, span=stmt.span)]))
        _iteration(body, stmt.body, done)
        body.stmts(stmt.update)
    body.emit(ir.Labelled(done, [ir.Loop(loop, span=stmt.span)]))


def _warn(body: Body, stmt: tree.Stmt) -> None:
    """Upstream p4c compiles a loop outside actions to a single pass."""
    if body.frame.around("action") is None:
        text = "a loop outside an action runs as the specification says here, but upstream p4c runs it once on BMv2"
        body.context.diagnostics.warn(stmt.span, "loop", text)


def _iteration(body: Body, stmt: tree.Stmt, done: str) -> None:
    again = body.context.label("continue")
    body.frame.breaks.append((done, again))
    with body.block() as stmts:
        body.stmt(stmt)
    body.frame.breaks.pop()
    body.emit(ir.Labelled(again, stmts))


def _for_in(body: Body, stmt: tree.Stmt) -> None:
    assert isinstance(stmt, tree.ForIn)
    _warn(body, stmt)
    variable = _variable(body, stmt)
    done = body.context.label("break")
    with body.block() as stmts:
        if isinstance(stmt.collection, tree.Range):
            _for_range(body, stmt, stmt.collection, variable, done)
        else:
            for item in _items(body, stmt):
                assign(body, variable, item)
                _iteration(body, stmt.body, done)
    body.emit(ir.Labelled(done, stmts))


def _variable(body: Body, stmt: tree.ForIn) -> v.Val:
    if not isinstance(stmt.variable, tree.VarDecl):
        return body.expr(stmt.variable)
    decl = stmt.variable
    place = body.context.storage.place(body.type(decl.type), body.name(decl.name))
    body.frame.values[decl] = place
    return place


def _items(body: Body, stmt: tree.ForIn) -> list[v.Val]:
    collection = body.expr(stmt.collection)
    match collection:
        case v.StackVal():
            copy = save(body, collection, "each")
            assert isinstance(copy, v.StackVal)
            return list(copy.elements())
        case v.ListVal():
            return collection.items
        case v.StructVal():
            return list(collection.fields.values())
    body.refuse(stmt.collection.span, "a loop over this is not supported")


def _for_range(body: Body, stmt: tree.ForIn, bounds: tree.Range, variable: v.Val, done: str) -> None:
    """Counts in a place of its own, since the body may change its variable; stops before the counter can wrap."""
    kind = variable.type
    counter = save(body, coerce(body, body.expr(bounds.low), kind), "counter")
    high = pure(body, coerce(body, body.expr(bounds.high), kind), bounds.high.span)
    if not isinstance(high, ir.Const):
        high = pure(body, save(body, v.Scalar(kind, high), "bound"), bounds.high.span)
    count = pure(body, counter, bounds.span)
    leave: list[ir.Stmt] = [ir.Leave(done, span=stmt.span)]
    body.emit(ir.If(fold.binary(">", count, high), leave))
    with body.block() as loop:
        assign(body, variable, counter)
        _iteration(body, stmt.body, done)
        body.emit(ir.If(fold.binary("==", count, high), leave))
        one = fold.const(count.width, 1, count.signed)
        assign(body, counter, v.Scalar(kind, fold.binary("+", count, one)))
    body.emit(ir.Loop(loop))


def _break(body: Body, stmt: tree.Stmt) -> None:
    body.emit(ir.Leave(body.frame.breaks[-1][0]))


def _continue(body: Body, stmt: tree.Stmt) -> None:
    body.emit(ir.Leave(body.frame.breaks[-1][1]))


LOOPS: dict[type[tree.Node], StmtRule] = {
    tree.For: _for,
    tree.ForIn: _for_in,
    tree.Break: _break,
    tree.Continue: _continue,
}
