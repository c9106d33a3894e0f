"""Which states of a parser can be reached."""

from __future__ import annotations

from switch.p4c import tree
from switch.p4c.context import Context
from switch.p4c.uninitialized import targets


def check_reachable(cx: Context, decl: tree.ParserDecl) -> None:
    """Reports a parser that never ends."""
    states = {s.name: s for s in decl.states}
    todo, seen = ["start"], {"start"}
    while todo:
        for name in _next(states.get(todo.pop())):
            if name not in seen:
                seen.add(name)
                todo.append(name)
    if "start" in states and not seen & {"accept", "reject"}:
        cx.error(decl, f"parser '{decl.name}' never reaches accept or reject")


def _next(state: tree.StateDecl | None) -> list[str]:
    if state is None:
        return []
    found = targets(state)
    if isinstance(state.transition, tree.Select):
        return found if _has_default(state.transition) else [*found, "reject"]
    return found or ["reject"]


def _has_default(select: tree.Select) -> bool:
    return any(isinstance(case.keyset, tree.DefaultExpr) for case in select.cases)
