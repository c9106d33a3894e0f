"""Statements."""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Sequence

from switch.p4c import tree
from switch.p4c.annotations import check_annotations
from switch.p4c.check_members import table_actions
from switch.p4c.check_operators import condition
from switch.p4c.context import Context
from switch.p4c.convert import convert, same
from switch.p4c.lvalues import is_lvalue
from switch.p4c.typesys import (
    INT,
    UNKNOWN,
    VOID,
    Bits,
    Enum,
    EnumValue,
    ListOf,
    Set,
    Stack,
    Tuple,
    Type,
)


def check_decl(cx: Context, decl: tree.Decl) -> None:
    """Checks one declaration and adds its name to the scope."""
    if decl.annotations:
        check_annotations(cx, decl.annotations)
    cx.decl_handlers[type(decl)](cx, decl)


def check_stmts(cx: Context, body: Sequence[tree.Stmt]) -> None:
    """Checks statements in order, in the scope that is open."""
    for stmt in body:
        check_stmt(cx, stmt)


def check_stmt(cx: Context, stmt: tree.Stmt) -> None:
    """Checks one statement."""
    if stmt.annotations:
        check_annotations(cx, stmt.annotations)
    _STMTS[type(stmt)](cx, stmt)


def _scoped(cx: Context, stmt: tree.Stmt) -> None:
    with cx.inside("block"):
        check_stmt(cx, stmt)


def _block(cx: Context, stmt: tree.Block) -> None:
    with cx.inside("block"):
        check_stmts(cx, stmt.body)


def _decl(cx: Context, stmt: tree.DeclStmt) -> None:
    check_decl(cx, stmt.decl)


def _assign(cx: Context, stmt: tree.Assign) -> None:
    target = stmt.target = cx.expr(stmt.target)
    if stmt.op is not None:
        _compound(cx, stmt)
        return
    stmt.value = cx.expr(stmt.value, target.type)
    if UNKNOWN in (target.type, stmt.value.type):
        return
    if not is_lvalue(target):
        cx.error(target, "this cannot be assigned to")
        return
    stmt.value = convert(cx, stmt.value, target.type or UNKNOWN, at=stmt)


def _compound(cx: Context, stmt: tree.Assign) -> None:
    """`target op= value`: typed as `target = target op value`; only the value is annotated."""
    assert stmt.op is not None
    operation = tree.Binary(span=stmt.span, op=stmt.op, left=stmt.target, right=stmt.value)
    checked = cx.expr(operation)
    stmt.value = operation.right
    if checked.type is UNKNOWN:
        return
    if not is_lvalue(stmt.target):
        cx.error(stmt.target, "this cannot be assigned to")
    elif not same(checked.type or UNKNOWN, stmt.target.type or UNKNOWN):
        cx.error(stmt, f"a value of type '{checked.type}' cannot be used as '{stmt.target.type}'")


def _call(cx: Context, stmt: tree.CallStmt) -> None:
    checked = cx.expr(stmt.call)
    assert isinstance(checked, tree.Call)
    stmt.call = checked


def _if(cx: Context, stmt: tree.If) -> None:
    stmt.condition = condition(cx, stmt.condition)
    _scoped(cx, stmt.then)
    if stmt.otherwise is not None:
        _scoped(cx, stmt.otherwise)


def _return(cx: Context, stmt: tree.Return) -> None:
    place = cx.within("state", "action", "control", "function", "parser")
    if place in ("state", "parser"):
        cx.error(stmt, "'return' cannot be used in a parser")
        return
    result = cx.result if place == "function" else VOID
    if stmt.value is None:
        if result not in (VOID, None, UNKNOWN):
            cx.error(stmt, f"'return' needs a value of type '{result}'")
        return
    stmt.value = cx.expr(stmt.value, result)
    if result in (VOID, None):
        cx.error(stmt, "'return' with a value in something that returns none")
        return
    stmt.value = convert(cx, stmt.value, result or UNKNOWN, at=stmt)


def _exit(cx: Context, stmt: tree.Exit) -> None:
    place = cx.within("state", "action", "control", "function")
    if place in ("state", "function"):
        cx.error(stmt, f"'exit' cannot be used in a {'parser' if place == 'state' else 'function'}")


def _empty(cx: Context, stmt: tree.Empty) -> None:
    pass


def _jump(cx: Context, stmt: tree.Break | tree.Continue) -> None:
    if cx.loops == 0:
        word = "break" if isinstance(stmt, tree.Break) else "continue"
        cx.error(stmt, f"'{word}' outside a loop")


# --- loops ------------------------------------------------------------------------------------------------------------


def _for(cx: Context, stmt: tree.For) -> None:
    with cx.inside("block"):
        check_stmts(cx, stmt.init)
        stmt.condition = condition(cx, stmt.condition)
        check_stmts(cx, stmt.update)
        _loop_body(cx, stmt.body)


def _loop_body(cx: Context, body: tree.Stmt) -> None:
    cx.loops += 1
    _scoped(cx, body)
    cx.loops -= 1


def _for_in(cx: Context, stmt: tree.ForIn) -> None:
    with cx.inside("block"):
        stmt.collection = cx.expr(stmt.collection)
        variable = stmt.variable
        if isinstance(variable, tree.VarDecl):
            check_decl(cx, variable)
            wanted = variable.type or UNKNOWN
        else:
            checked = cx.expr(variable)
            wanted = checked.type or UNKNOWN
            if wanted is not UNKNOWN and not is_lvalue(checked):
                cx.error(variable, "this cannot be assigned to")
        stmt.collection = _collection(cx, stmt.collection, wanted)
        _loop_body(cx, stmt.body)


def _collection(cx: Context, expr: tree.Expr, wanted: Type) -> tree.Expr:
    match expr.type:
        case Set(element=element) if isinstance(expr, tree.Range):
            if element == INT and isinstance(wanted, Bits):
                expr.low, expr.high = convert(cx, expr.low, wanted), convert(cx, expr.high, wanted)
                expr.type = Set(wanted)
                return expr
        case Stack(element=element) | ListOf(element=element):
            pass
        case Tuple() if isinstance(expr, tree.ListExpr):
            return convert(cx, expr, ListOf(wanted))
        case _:
            if expr.type is not UNKNOWN:
                cx.error(expr, f"a loop cannot run over a value of type '{expr.type}'")
            return expr
    if not same(element, wanted):
        cx.error(expr, f"the elements have type '{element}', the variable '{wanted}'")
    return expr


# --- switch -----------------------------------------------------------------------------------------------------------


def _switch(cx: Context, stmt: tree.Switch) -> None:
    cx.subject = stmt.subject
    stmt.subject = cx.expr(stmt.subject)
    type_ = stmt.subject.type or UNKNOWN
    subject = stmt.subject
    by_action = isinstance(subject, tree.Member) and isinstance(subject.decl, tree.TableDecl)
    if not by_action and not (isinstance(type_, Bits | Enum) or type_ in (INT, UNKNOWN)):
        cx.error(stmt.subject, f"'switch' cannot be used on type '{type_}'")
        type_ = UNKNOWN
    seen: dict[object, tree.SwitchCase] = {}
    default: tree.SwitchCase | None = None
    for position, case in enumerate(stmt.cases):
        if isinstance(case.label, tree.DefaultExpr):
            case.label = cx.expr(case.label)
            if default is not None:
                cx.error(case.label, "a second 'default' label", (default.label.span, "the first"))
            elif position != len(stmt.cases) - 1:
                cx.error(case.label, "'default' must be the last label")
            default = case
        else:
            _label(cx, case, type_, subject if by_action else None, seen)
        if case.body is not None:
            _block(cx, case.body)


def _label(
    cx: Context, case: tree.SwitchCase, type_: Type, subject: tree.Expr | None, seen: dict[object, tree.SwitchCase]
) -> None:
    if subject is not None:
        assert isinstance(subject, tree.Member)
        assert isinstance(subject.decl, tree.TableDecl)
        key: object = _action_label(cx, case, subject.decl, subject.type or UNKNOWN)
    else:
        case.label = convert(cx, cx.expr(case.label), type_)
        key = case.label.value
        if key is None and UNKNOWN not in (case.label.type, type_):
            cx.error(case.label, "a switch label must be a compile-time constant")
    if key is None:
        return
    if key in seen:
        cx.error(case.label, "this label occurs twice", (seen[key].label.span, "the first"))
    seen[key] = case


def _action_label(cx: Context, case: tree.SwitchCase, table: tree.TableDecl, type_: Type) -> object:
    label = case.label
    if not isinstance(label, tree.Name):
        cx.error(label, "a label must be the name of an action of the table")
        label.type = UNKNOWN
        return None
    label.type = type_
    for ref in table_actions(table):
        named = ref.expr.callee if isinstance(ref.expr, tree.Call) else ref.expr
        if isinstance(named, tree.Name) and named.name == label.name:
            label.decl = named.decl
            label.value = EnumValue(str(type_), label.name)
            return label.name
    cx.error(label, f"'{label.name}' is not an action of table '{table.name}'")
    return None


_STMTS: dict[type, Function[..., None]] = {
    tree.Block: _block,
    tree.DeclStmt: _decl,
    tree.Assign: _assign,
    tree.CallStmt: _call,
    tree.If: _if,
    tree.Return: _return,
    tree.Exit: _exit,
    tree.Empty: _empty,
    tree.Switch: _switch,
    tree.For: _for,
    tree.ForIn: _for_in,
    tree.Break: _jump,
    tree.Continue: _jump,
}
