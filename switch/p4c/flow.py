"""Whether control can reach the end of a statement."""

from __future__ import annotations

from switch.p4c import tree


def ends(stmt: tree.Stmt | None) -> bool:
    """Whether every path through the statement returns (or exits)."""
    match stmt:
        case tree.Return() | tree.Exit():
            return True
        case tree.Block(body=body):
            return any(map(ends, body))
        case tree.If(then=then, otherwise=otherwise):
            return otherwise is not None and ends(then) and ends(otherwise)
        case tree.Switch(cases=cases):
            return _switch_ends(cases)
        case _:
            return False


def _switch_ends(cases: list[tree.SwitchCase]) -> bool:
    bodies = [case.body for case in cases if case.body is not None]
    complete = any(isinstance(case.label, tree.DefaultExpr) for case in cases)
    return complete and bool(bodies) and all(map(ends, bodies)) and cases[-1].body is not None
