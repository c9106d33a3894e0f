"""The back end for BMv2: an ir.Program as the JSON that simple_switch and our engine load.

The format is that of behavioral-model's docs/JSON_format.md. Every name that the control plane uses is final in the
IR; nodes, synthesised actions and scratch fields get names of their own here. The same program gives the same text.
"""

from __future__ import annotations

from switch.p4c import ir
from switch.p4c.bmv2 import state
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.epilogue import emitted
from switch.p4c.bmv2.inputs import checksums
from switch.p4c.bmv2.parser import ParserWriter, value_sets
from switch.p4c.bmv2.pipeline import pipelines
from switch.p4c.bmv2.rewrite import all_statements
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
    sums = checksums(context)
    deparser = {"name": "deparser", "id": 0, "order": emitted(context), "primitives": []}
    pipes = pipelines(context)
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
    pipeline_of = _pipelines_of_actions(context)
    for action in context.program.actions:
        if action.called_only:
            continue
        context.action_ids[action.name] = context.next_id("actions")
        shown = context.action_names[action.name] = action.shown or action.name
        positions = {param.name: index for index, param in enumerate(action.params)}
        data = [{"name": param.name, "bitwidth": param.width or 1} for param in action.params]
        item = context.located({"name": shown, "id": context.action_ids[action.name]}, action.span)
        primitives = action_primitives(context, action.body, positions, pipeline_of.get(action.name, ""))
        context.actions.append({**item, "runtime_data": data, "primitives": primitives})


def _pipelines_of_actions(context: Context) -> dict[str, str]:
    """The pipeline that applies an action's table; actions of both are left out."""
    tables = {table.name: table for table in context.program.tables}
    found: dict[str, set[str]] = {}
    for name, control in (("ingress", context.program.ingress), ("egress", context.program.egress)):
        for stmt in all_statements(control.body if control else []):
            for use in tables[stmt.table].actions if isinstance(stmt, ir.ApplyTable) else ():
                found.setdefault(use.action, set()).add(name)
    return {action: min(names) for action, names in found.items() if len(names) == 1}


def _aliases(context: Context) -> list[list[object]]:
    return [
        [f"{group}.{name}", ["standard_metadata", name]]
        for group, names in ALIASES.items()
        for name in names
        if context.field_def("standard_metadata", name)
    ]
