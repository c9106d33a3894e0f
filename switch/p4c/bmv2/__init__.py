"""The back end for BMv2: an ir.Program as the JSON that simple_switch and our engine load.

The format is that of behavioral-model's docs/JSON_format.md. Every name that the control plane uses is final in the
IR; nodes, synthesised actions and scratch fields get names of their own here. The same program gives the same text.
"""

from __future__ import annotations

from switch.p4c import ir
from switch.p4c.bmv2 import state
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.inputs import checksums
from switch.p4c.bmv2.parser import ParserWriter, value_sets
from switch.p4c.bmv2.pipeline import pipelines
from switch.p4c.bmv2.statements import action_primitives
from switch.p4c.bmv2.storage import enums, errors, storage
from switch.p4c.bmv2.values import Json
from switch.p4c.source import Diagnostics

VERSION = [2, 23]
COMPILER = "p4vpc-p4c"
ALIASES = {  # BMv2 looks for these fields of standard_metadata under other names
    "queueing_metadata": ("enq_timestamp", "enq_qdepth", "deq_timedelta", "deq_qdepth"),
    "intrinsic_metadata": (
        "ingress_global_timestamp", "egress_global_timestamp", "mcast_grp", "egress_rid", "priority",
    ),
}  # fmt: skip


def to_json(program: ir.Program, diagnostics: Diagnostics, *, source_info: bool = False) -> Json:
    """The BMv2 JSON of a program; constructs that BMv2 cannot do are reported and left out.

    source_info adds file, line, column and text to actions, primitives, tables and conditions.
    """
    context = Context.of(program, diagnostics, source_info=source_info)
    state.give_results(context)
    parser = ParserWriter(context).write()
    _actions(context)
    pipes = pipelines(context)
    sums = checksums(context)
    deparser = {"name": "deparser", "id": 0, "order": _emitted(context), "primitives": []}
    return {
        "program": program.name,
        "__meta__": {"version": VERSION, "compiler": COMPILER},
        **storage(context),  # after everything that may add scratch fields
        "errors": errors(context),
        "enums": enums(context),
        "parsers": [parser],
        "parse_vsets": value_sets(context),
        "deparsers": [deparser],
        "meter_arrays": state.meters(context),
        "counter_arrays": state.counters(context),
        "register_arrays": state.registers(context),
        "calculations": context.calculations,
        "learn_lists": state.learn_lists(context),
        "field_lists": state.field_lists(context),
        "actions": context.actions,
        "pipelines": pipes,
        "checksums": sums,
        "force_arith": [],
        "extern_instances": [],
        "field_aliases": _aliases(context),
    }


def _actions(context: Context) -> None:
    for action in context.program.actions:
        if action.called_only:
            continue
        context.action_ids[action.name] = context.next_id("actions")
        shown = context.action_names[action.name] = action.shown or action.name
        positions = {param.name: index for index, param in enumerate(action.params)}
        data = [{"name": param.name, "bitwidth": param.width or 1} for param in action.params]
        item = context.located({"name": shown, "id": context.action_ids[action.name]}, action.span)
        primitives = action_primitives(context, action.body, positions)
        context.actions.append({**item, "runtime_data": data, "primitives": primitives})


def _aliases(context: Context) -> list[list[object]]:
    return [
        [f"{group}.{name}", ["standard_metadata", name]]
        for group, names in ALIASES.items()
        for name in names
        if context.field_def("standard_metadata", name)
    ]


def _emitted(context: Context) -> list[str]:
    """The headers that the deparser emits, in order; stacks and unions element by element."""
    order: list[str] = []
    for stmt in context.program.deparser:
        if not isinstance(stmt, ir.Emit):
            context.unsupported(stmt.span, "BMv2 supports only emit in a deparser")
            continue
        order += _parts(context, stmt)
    return order


def _parts(context: Context, stmt: ir.Emit) -> list[str]:
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
