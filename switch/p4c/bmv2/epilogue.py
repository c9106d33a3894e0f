"""What has to run between egress and the deparser.

BMv2's checksums take fields only, and its deparser emits without conditions. So computations for update_checksum, and
invalidating the headers that a condition keeps from being emitted, are statements at the end of egress.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from switch.p4c import ir
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.rewrite import all_statements

END = "$epilogue"


def with_epilogue(context: Context, control: ir.Control, tables: dict[str, ir.Table]) -> list[ir.Stmt]:
    """The control's body with the epilogue behind it, which exit must not skip."""
    if not context.epilogue:
        return control.body
    body = [_without_exit(stmt) for stmt in control.body]
    actions = {action.name: action for action in context.program.actions}
    for stmt in all_statements(control.body):
        for use in tables[stmt.table].actions if isinstance(stmt, ir.ApplyTable) else ():
            if any(isinstance(part, ir.Exit) for part in all_statements(actions[use.action].body)):
                text = f"action {use.action} exits, so BMv2 cannot compute this at the end of egress"
                context.unsupported(context.epilogue[0].span, text)
    return [ir.Labelled(END, body), *context.epilogue]


def _without_exit(stmt: ir.Stmt) -> ir.Stmt:
    if isinstance(stmt, ir.Exit):
        return ir.Leave(END, span=stmt.span)
    if isinstance(stmt, ir.If):
        return replace(stmt, then=_block(stmt.then), otherwise=_block(stmt.otherwise))
    if isinstance(stmt, ir.Labelled | ir.Loop):
        return replace(stmt, body=_block(stmt.body))
    if isinstance(stmt, ir.ApplyTable):
        cases = {name: _block(case) for name, case in stmt.cases.items()} if stmt.cases is not None else None
        hit, miss, default = (None if part is None else _block(part) for part in (stmt.hit, stmt.miss, stmt.default))
        return replace(stmt, hit=hit, miss=miss, cases=cases, default=default)
    return stmt


def _block(body: list[ir.Stmt]) -> list[ir.Stmt]:
    return [_without_exit(stmt) for stmt in body]


# --- the deparser -----------------------------------------------------------------------------------------------------


def emitted(context: Context) -> list[str]:
    """The headers that the deparser emits, in order, stacks and unions element by element.

    Headers that are emitted under a condition are made invalid at the end of egress where it does not hold.
    """
    order = _order(context, context.program.deparser)
    for stmt in context.program.deparser:
        if not isinstance(stmt, ir.If):
            continue
        message = "conditions in a deparser are computed at the end of egress; upstream p4c refuses them"
        context.diagnostics.warn(stmt.span, "target", message)
        if context.program.update or len(set(order)) < len(order):
            context.unsupported(stmt.span, "this condition in the deparser is not supported by BMv2")
        context.epilogue.append(_invalidating(context, stmt))
    return order


def _order(context: Context, body: Sequence[ir.Stmt]) -> list[str]:
    order: list[str] = []
    for stmt in body:
        if isinstance(stmt, ir.Emit):
            order += _headers(context, stmt)
        elif isinstance(stmt, ir.If):
            order += _order(context, [*stmt.then, *stmt.otherwise])
        else:
            context.unsupported(stmt.span, "BMv2 supports only emit in a deparser")
    return order


def _invalidating(context: Context, stmt: ir.If) -> ir.If:
    """Makes invalid what the branch that is not taken would emit."""
    then, otherwise = _hidden(context, stmt, stmt.otherwise), _hidden(context, stmt, stmt.then)
    then += [_invalidating(context, inner) for inner in stmt.then if isinstance(inner, ir.If)]
    otherwise += [_invalidating(context, inner) for inner in stmt.otherwise if isinstance(inner, ir.If)]
    return ir.If(stmt.condition, then, otherwise, span=stmt.span)


def _hidden(context: Context, stmt: ir.If, other: Sequence[ir.Stmt]) -> list[ir.Stmt]:
    return [ir.SetValidity(ir.HeaderRef(name), False, span=stmt.span) for name in _order(context, other)]


def _headers(context: Context, stmt: ir.Emit) -> list[str]:
    name = stmt.header.name
    if name in context.stacks:
        elements = context.stacks[name].elements
        if isinstance(stmt.header.index, ir.Const):
            return [elements[stmt.header.index.value].name]
        return [header.name for header in elements]
    if name in context.unions:
        return [header.name for _, header in context.unions[name].members]
    if name in context.union_stacks:
        return [header.name for union in context.union_stacks[name].elements for _, header in union.members]
    return [name]
