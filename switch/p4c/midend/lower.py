"""The middle end's entry: evaluates `V1Switch(...) main` and lowers each of its blocks."""

from __future__ import annotations

from pathlib import PurePath

from switch.p4c import ir, tree
from switch.p4c import typesys as ts
from switch.p4c.context import Checked
from switch.p4c.midend import values as v
from switch.p4c.midend.arguments import Passed
from switch.p4c.midend.blocks import run_control
from switch.p4c.midend.body import Body, Context, Refused
from switch.p4c.midend.calls import call
from switch.p4c.midend.checksums import collect_checksums
from switch.p4c.midend.expressions import EXPRESSIONS
from switch.p4c.midend.instances import begin, construct, declare_globals
from switch.p4c.midend.metadata import Roots, make_roots
from switch.p4c.midend.objects import BlockInstance
from switch.p4c.midend.parsers import lower_states
from switch.p4c.midend.publish import publish
from switch.p4c.midend.resources import add_resources
from switch.p4c.midend.statements import STATEMENTS
from switch.p4c.midend.states import Flattener, shortcut
from switch.p4c.midend.storage import Storage
from switch.p4c.midend.tidy import tidy
from switch.p4c.midend.union_stacks import expand
from switch.p4c.source import Diagnostics

ROLES = ("parser", "verify", "ingress", "egress", "update", "deparser")


def lower(checked: Checked, diagnostics: Diagnostics) -> ir.Program:
    """The elaborated program; what BMv2 cannot do is reported and left out."""
    program = ir.Program(_program_name(checked), errors=list(checked.errors))
    rules = {**EXPRESSIONS, tree.Call: call}
    context = Context(checked.program, program, diagnostics, Storage(program), rules, STATEMENTS)
    if checked.main is None:
        diagnostics.warn(checked.program.span, "missing", "the program has no main; there is nothing to run")
        return program
    declare_globals(context)
    blocks = _blocks(context, checked.main)
    if blocks is None:
        return program
    program.annotations = checked.main.annotations
    roots = make_roots(context, blocks[0])
    _parser(context, blocks[0], roots)
    program.verify = collect_checksums(_control(context, blocks[1], roots), diagnostics)
    ingress, egress = _control(context, blocks[2], roots), _control(context, blocks[3], roots)
    program.ingress, program.egress = ingress, egress
    program.update = collect_checksums(_control(context, blocks[4], roots), diagnostics)
    program.deparser = _control(context, blocks[5], roots).body
    for action in program.actions:
        action.body = expand(action.body, program.union_stacks)
    add_resources(context)
    publish(context)
    context.storage.finish()
    return program


def _program_name(checked: Checked) -> str:
    main = checked.main
    return PurePath(main.span.file).stem if main is not None else "program"


def _blocks(context: Context, main: tree.Instantiation) -> list[BlockInstance] | None:
    kind = main.type
    if not isinstance(kind, ts.BlockType) or kind.name != "V1Switch":
        context.diagnostics.unsupported(main.span, f"the package {kind} is not supported; main must be a V1Switch")
        return None
    body = Body(context, context.globals, [])
    blocks: list[BlockInstance] = []
    for arg in main.bound or main.args:
        try:
            made = _block(body, arg)
        except Refused:
            return None
        if made is None:
            context.diagnostics.error(main.span, "each argument of V1Switch must be a parser or a control")
            return None
        blocks.append(made)
    if len(blocks) != len(ROLES):
        context.diagnostics.error(main.span, f"V1Switch needs {len(ROLES)} blocks")
        return None
    return blocks


def _block(body: Body, arg: tree.Argument | None) -> BlockInstance | None:
    expr = arg.expr if arg is not None else None
    while isinstance(expr, tree.Cast) and expr.implicit:
        expr = expr.operand
    if isinstance(expr, tree.Call) and isinstance(expr.callee, tree.TypeExpr):
        kind = body.type(expr.type)
        decl = kind.decl if isinstance(kind, ts.BlockType) else None
        name = decl.name if decl is not None else ""
        made = construct(body, kind, expr.bound or list(expr.args), name, expr)
    else:
        made = body.expr(expr) if expr is not None else None
    return made.what if isinstance(made, v.Object) and isinstance(made.what, BlockInstance) else None


def _passed(made: BlockInstance, roots: Roots) -> list[Passed]:
    """The parameters of a block of the switch, each bound to what all blocks share."""
    passed: list[Passed] = []
    places = roots.for_block(made.decl)
    for param, value in zip(made.decl.params, places, strict=False):
        passed.append(Passed(param, value.type, value))
    return passed


def _enter(context: Context, made: BlockInstance, roots: Roots) -> Body:
    body = Body(context, context.globals, [])
    body.span = made.decl.span
    context.section = made.first
    begin(body, made)
    for one in _passed(made, roots):
        made.frame.values[one.param] = one.value
    return body


def _parser(context: Context, made: BlockInstance, roots: Roots) -> None:
    body = _enter(context, made, roots)
    states = lower_states(body.within(made.frame), made)
    for state in states:
        state.body = expand(tidy(state.body), context.program.union_stacks)
    flattener = Flattener(context.storage)
    flattener.flatten(states)
    context.program.states = shortcut(flattener.states)


def _control(context: Context, made: BlockInstance, roots: Roots) -> ir.Control:
    body = _enter(context, made, roots)
    run_control(body, made)
    stmts = expand(tidy(body.out), context.program.union_stacks)
    return ir.Control(made.frame.path, stmts, made.decl.span)
