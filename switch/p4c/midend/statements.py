"""Statements: one rule for each class of the tree."""

from __future__ import annotations

from switch.p4c import ir, tree
from switch.p4c.midend import fold
from switch.p4c.midend import values as v
from switch.p4c.midend.arguments import copy_out_all
from switch.p4c.midend.assign import assign, invalidate, save
from switch.p4c.midend.body import Body, StmtRule
from switch.p4c.midend.convert import coerce, pure
from switch.p4c.midend.effects import PACKET
from switch.p4c.midend.exits import exit_flag, needs_flag, take_guard
from switch.p4c.midend.expressions import arithmetic
from switch.p4c.midend.instances import instance
from switch.p4c.midend.loops import LOOPS
from switch.p4c.midend.places import protect, protect_index


def _block(body: Body, stmt: tree.Stmt) -> None:
    assert isinstance(stmt, tree.Block)
    body.stmts(stmt.body)


def _empty(body: Body, stmt: tree.Stmt) -> None:
    return


def _declare(body: Body, stmt: tree.Stmt) -> None:
    assert isinstance(stmt, tree.DeclStmt)
    declare(body, stmt.decl)


def declare(body: Body, decl: tree.Decl) -> None:
    """A variable, constant or instance among statements."""
    match decl:
        case tree.VarDecl():
            place = body.frame.values.get(decl)  # there already when a loop is unrolled or a control applied again
            if place is None:
                place = body.context.storage.place(body.type(decl.type), body.name(decl.name))
            initialise(body, decl, place)
            body.frame.values[decl] = place
        case tree.ConstDecl():
            body.frame.values[decl] = coerce(body, body.expr(decl.init), body.type(decl.type))
        case tree.Instantiation():
            made = instance(body, decl)
            body.frame.values[decl] = made
            if isinstance(made, v.Extern):
                body.context.register(made)
        case _:
            body.refuse(decl.span, "this cannot be declared here")


def initialise(body: Body, decl: tree.VarDecl, place: v.Val) -> None:
    """Gives a variable its first value; headers start invalid."""
    if decl.init is not None:
        assign(body, place, body.expr(decl.init))
    else:
        invalidate(body, place)


def _assign(body: Body, stmt: tree.Stmt) -> None:
    assert isinstance(stmt, tree.Assign)
    target = body.expr(stmt.target)
    mark = len(body.out)
    value = body.expr(stmt.value)
    target = protect_index(body, target, mark)
    if stmt.op is not None:
        current = protect(body, target, mark)
        value = coerce(body, arithmetic(body, stmt.value, current, value, stmt.op.removesuffix("=")), target.type)
    assign(body, target, value)


def _call(body: Body, stmt: tree.Stmt) -> None:
    assert isinstance(stmt, tree.CallStmt)
    value = body.expr(stmt.call)
    if isinstance(value, v.Scalar) and any(unit == PACKET for unit in body.context.effects.reads(value.expr)):
        save(body, value, "lookahead")  # for its error when the packet is too short


def _applied(expr: tree.Expr) -> tuple[tree.Expr, bool] | None:
    """For `t.apply().hit` and its like: the call, and whether the condition holds on a hit."""
    positive = True
    while isinstance(expr, tree.Unary) and expr.op == "!":
        expr, positive = expr.operand, not positive
    if not isinstance(expr, tree.Member) or expr.name not in ("hit", "miss"):
        return None
    return (expr.base, positive == (expr.name == "hit")) if isinstance(expr.base, tree.Call) else None


def _if(body: Body, stmt: tree.Stmt) -> None:
    assert isinstance(stmt, tree.If)
    applied = _applied(stmt.condition)
    if applied is not None:
        run = body.expr(applied[0])
        if isinstance(run, v.TableRun):
            guard = take_guard(body, run)
            then, otherwise = (guard() + _branch(body, branch) for branch in (stmt.then, stmt.otherwise))
            run.stmt.hit, run.stmt.miss = (then, otherwise) if applied[1] else (otherwise, then)
            return
    condition = pure(body, body.expr(stmt.condition), stmt.condition.span)
    if isinstance(condition, ir.Const):
        chosen = stmt.then if condition.value else stmt.otherwise
        if chosen is not None:
            body.stmt(chosen)
        return
    then, otherwise = _branch(body, stmt.then), _branch(body, stmt.otherwise)
    if then or otherwise:
        body.emit(ir.If(condition, then, otherwise))


def _branch(body: Body, stmt: tree.Stmt | None) -> list[ir.Stmt]:
    with body.block() as stmts:
        if stmt is not None:
            body.stmt(stmt)
    return stmts


def _return(body: Body, stmt: tree.Stmt) -> None:
    assert isinstance(stmt, tree.Return)
    frame = body.frame
    if stmt.value is not None:
        assert frame.result is not None
        assert frame.result_type is not None
        assign(body, frame.result, coerce(body, body.expr(stmt.value), frame.result_type))
    assert frame.label is not None
    body.emit(ir.Leave(frame.label))


def _exit(body: Body, stmt: tree.Stmt) -> None:
    action = body.frame.around("action")
    if action is not None and action.in_table and needs_flag(action):
        flag = exit_flag(body, action)
        assign(body, flag, v.boolean(fold.truth(True)))
        assert action.label is not None
        body.emit(ir.Leave(action.label))
        return
    copy_out_all(body)
    body.emit(ir.Exit())


def _switch(body: Body, stmt: tree.Stmt) -> None:
    assert isinstance(stmt, tree.Switch)
    subject = body.expr(stmt.subject)
    if isinstance(subject, v.TableRun):
        _switch_action(body, stmt, subject)
    else:
        _switch_value(body, stmt, subject)


def _groups(stmt: tree.Switch) -> list[tuple[list[tree.Expr], tree.Block | None]]:
    """Labels that share a body, with it."""
    groups: list[tuple[list[tree.Expr], tree.Block | None]] = []
    labels: list[tree.Expr] = []
    for case in stmt.cases:
        labels.append(case.label)
        if case.body is not None:
            groups.append((labels, case.body))
            labels = []
    return [*groups, (labels, None)] if labels else groups


def _switch_action(body: Body, stmt: tree.Switch, run: v.TableRun) -> None:
    names = getattr(run.table, "actions", {})
    guard = take_guard(body, run)
    run.stmt.cases, run.stmt.default = {}, guard() or None
    for labels, block in _groups(stmt):
        stmts = guard() + _branch(body, block)
        for label in labels:
            if isinstance(label, tree.DefaultExpr):
                run.stmt.default = stmts
            elif isinstance(label, tree.Name) and label.decl in names:
                run.stmt.cases[names[label.decl]] = stmts


def _switch_value(body: Body, stmt: tree.Switch, subject: v.Val) -> None:
    value = pure(body, subject, stmt.subject.span)
    if not isinstance(value, ir.Const | ir.FieldRef | ir.ParamRef):
        kept = body.temp(subject.type, "switch")
        assign(body, kept, subject)
        value, subject = pure(body, kept, stmt.subject.span), kept
    chain: list[tuple[ir.Expr, list[ir.Stmt]]] = []
    default: list[ir.Stmt] = []
    for labels, block in _groups(stmt):
        stmts = _branch(body, block)
        condition: ir.Expr = fold.truth(False)
        for label in labels:
            if isinstance(label, tree.DefaultExpr):
                default = stmts
            else:
                wanted = pure(body, coerce(body, body.expr(label), subject.type), label.span)
                condition = fold.either(condition, fold.binary("==", value, wanted))
        chain.append((condition, stmts))
    body.out.extend(_ifs(body, chain, default))


def _ifs(body: Body, chain: list[tuple[ir.Expr, list[ir.Stmt]]], default: list[ir.Stmt]) -> list[ir.Stmt]:
    rest: list[ir.Stmt] = default
    for condition, stmts in reversed(chain):
        if fold.known_true(condition):
            rest = stmts
        elif not fold.known_false(condition) and not (stmts is default and rest is default):
            test: ir.Stmt = ir.If(condition, stmts, rest, span=body.span)
            rest = [test]
    return rest


STATEMENTS: dict[type[tree.Node], StmtRule] = {
    tree.Block: _block,
    tree.Empty: _empty,
    tree.DeclStmt: _declare,
    tree.Assign: _assign,
    tree.CallStmt: _call,
    tree.If: _if,
    tree.Return: _return,
    tree.Exit: _exit,
    tree.Switch: _switch,
    **LOOPS,
}
