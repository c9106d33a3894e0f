"""Which variables have a value at each place: a walk over statements that follows every path once.

A variable counts as written as soon as a part of it is, or may be; so what is reported is never written on some path.
"""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Iterable, Sequence

from switch.p4c import tree
from switch.p4c.check_members import table_actions
from switch.p4c.lvalues import root
from switch.p4c.typesys import Callable, ParamType

Written = set[int] | None  # ids of the declarations that have a value; None: control does not come here
Report = Function[[tree.Name], None]


def join(*paths: Written) -> Written:
    """What is written on all paths that come together."""
    alive = [p for p in paths if p is not None]
    return set.intersection(*alive) if alive else None


def declared(body: Sequence[tree.Stmt]) -> list[tree.Decl]:
    """Everything declared among the statements, at any depth."""
    found: list[tree.Decl] = []
    for stmt in body:
        match stmt:
            case tree.DeclStmt(decl=decl):
                found.append(decl)
            case tree.Block(body=inner):
                found += declared(inner)
            case tree.If(then=then, otherwise=otherwise):
                found += declared([then] if otherwise is None else [then, otherwise])
            case tree.For(init=init, update=update, body=inner):
                found += declared([*init, *update, inner])
            case tree.ForIn(body=inner):
                found += declared([inner])
            case tree.Switch(cases=cases):
                found += declared([c.body for c in cases if c.body is not None])
    return found


class Walk:
    """One walk through a body. `tracked` are the declarations of interest; `report` is told of reads before writes."""

    def __init__(self, tracked: Iterable[tree.Decl], report: Report) -> None:
        self.tracked = {id(d) for d in tracked}
        self.report = report
        self.left: list[Written] = []  # what was written at each `return`
        self.breaks: list[list[Written]] = []

    # --- statements ---

    def stmts(self, body: Sequence[tree.Stmt], written: Written) -> Written:
        """Follows statements in order; returns what is written after them."""
        for stmt in body:
            if written is None:
                return None
            written = self.stmt(stmt, written)
        return written

    def stmt(self, stmt: tree.Stmt, written: set[int]) -> Written:
        """Follows one statement."""
        match stmt:
            case tree.Block(body=body):
                return self.stmts(body, written)
            case tree.DeclStmt(decl=tree.VarDecl() as decl):
                return self._declare(decl, written)
            case tree.Assign():
                return self._assign(stmt, written)
            case tree.CallStmt(call=call):
                self.read(call, written)
            case tree.If():
                return self._if(stmt, written)
            case tree.Switch():
                return self._switch(stmt, written)
            case tree.For() | tree.ForIn():
                return self._loop(stmt, written)
            case tree.Return() | tree.Exit():
                self._leave(stmt, written)
                return None
            case tree.Break() | tree.Continue():
                if self.breaks and isinstance(stmt, tree.Break):
                    self.breaks[-1].append(written)
                return None
        return written

    def _declare(self, decl: tree.VarDecl, written: set[int]) -> Written:
        if decl.init is not None:
            self.read(decl.init, written)
            written.add(id(decl))
        else:
            written.discard(id(decl))
        return written

    def _assign(self, stmt: tree.Assign, written: set[int]) -> Written:
        self.read(stmt.value, written)
        if stmt.op is not None:
            self.read(stmt.target, written)
        self._write(stmt.target, written)
        return written

    def _write(self, target: tree.Expr, written: set[int]) -> None:
        base = target
        while isinstance(base, tree.Member | tree.Index | tree.Slice):
            if isinstance(base, tree.Index):
                self.read(base.index, written)
            base = base.base
        if isinstance(base, tree.Name):
            written.add(id(base.decl))

    def _if(self, stmt: tree.If, written: set[int]) -> Written:
        self.read(stmt.condition, written)
        otherwise: Written = set(written)
        if stmt.otherwise is not None:
            otherwise = self.stmt(stmt.otherwise, set(written))
        return join(self.stmt(stmt.then, set(written)), otherwise)

    def _switch(self, stmt: tree.Switch, written: set[int]) -> Written:
        self.read(stmt.subject, written)
        ends: list[Written] = [self.stmt(c.body, set(written)) for c in stmt.cases if c.body is not None]
        if not any(isinstance(c.label, tree.DefaultExpr) for c in stmt.cases):
            ends.append(written)
        return join(*ends)

    def _loop(self, stmt: tree.For | tree.ForIn, written: set[int]) -> Written:
        if isinstance(stmt, tree.For):
            after = self.stmts(stmt.init, written)
            if after is None:
                return None
            written = after
            self.read(stmt.condition, written)
        else:
            self.read(stmt.collection, written)
        inside = set(written)
        if isinstance(stmt, tree.ForIn):
            variable = stmt.variable
            inside.add(id(variable.decl) if isinstance(variable, tree.Name) else id(variable))
        self.breaks.append([])
        end = self.stmt(stmt.body, inside)
        if isinstance(stmt, tree.For) and end is not None:
            self.stmts(stmt.update, end)
        return join(written, *self.breaks.pop())

    def _leave(self, stmt: tree.Return | tree.Exit, written: set[int]) -> None:
        if isinstance(stmt, tree.Return):
            if stmt.value is not None:
                self.read(stmt.value, written)
            self.left.append(written)

    # --- expressions ---

    def read(self, expr: tree.Expr, written: set[int]) -> None:
        """Reads an expression: reports what has no value yet, and notes what calls in it write."""
        match expr:
            case tree.Name():
                if id(expr.decl) in self.tracked and id(expr.decl) not in written:
                    self.report(expr)
                    written.add(id(expr.decl))
            case tree.Call():
                self._call(expr, written)
            case tree.ListExpr(items=items):
                for item in items:
                    self.read(item, written)
            case tree.StructExpr(fields=fields):
                for field in fields:
                    self.read(field.expr, written)
            case tree.Select(keys=keys):
                for key in keys:
                    self.read(key, written)
            case _:
                for name in _PARTS.get(type(expr), ()):
                    self.read(getattr(expr, name), written)

    def _call(self, expr: tree.Call, written: set[int]) -> None:
        callee = expr.callee
        if isinstance(callee, tree.Member) and not isinstance(callee.base, tree.TypeExpr):
            self.read(callee.base, written)
        params: Sequence[ParamType] = callee.type.params if isinstance(callee.type, Callable) else ()
        outs: list[tree.Expr] = []
        for position, arg in enumerate(expr.bound):
            if arg is None or arg.expr is None:
                continue
            direction = params[position].direction if position < len(params) else ""
            if direction != "out":
                self.read(arg.expr, written)
            if direction in ("out", "inout"):
                outs.append(arg.expr)
        for out in outs:
            self._write(out, written)
        for action in _actions(expr):
            written |= assigned_in(action)


_PARTS: dict[type, tuple[str, ...]] = {
    tree.Member: ("base",),
    tree.Index: ("base", "index"),
    tree.Slice: ("base", "high", "low"),
    tree.Unary: ("operand",),
    tree.Binary: ("left", "right"),
    tree.Conditional: ("condition", "then", "otherwise"),
    tree.Cast: ("operand",),
    tree.Mask: ("operand", "mask"),
    tree.Range: ("low", "high"),
}


def _actions(expr: tree.Call) -> list[tree.ActionDecl]:
    """The actions that the call may run."""
    if isinstance(expr.target, tree.ActionDecl):
        return [expr.target]
    if not isinstance(expr.target, tree.TableDecl):
        return []
    names = [r.expr.callee if isinstance(r.expr, tree.Call) else r.expr for r in table_actions(expr.target)]
    return [n.decl for n in names if isinstance(n, tree.Name) and isinstance(n.decl, tree.ActionDecl)]


class _Collect(Walk):
    """Collects everything that is written anywhere."""

    def __init__(self) -> None:
        super().__init__((), lambda name: None)
        self.all: set[int] = set()

    def _write(self, target: tree.Expr, written: set[int]) -> None:
        base = root(target)
        if isinstance(base, tree.Name):
            self.all.add(id(base.decl))


def assigned_in(action: tree.ActionDecl) -> set[int]:
    """What the action may write."""
    collect = _Collect()
    collect.stmts(action.body.body, set())
    return collect.all
