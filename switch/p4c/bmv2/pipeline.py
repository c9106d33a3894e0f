"""The two pipelines, ingress and egress, with the tables that each applies."""

from __future__ import annotations

from switch.p4c import ir
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.epilogue import with_epilogue
from switch.p4c.bmv2.graph import FlowWriter, build
from switch.p4c.bmv2.sites import merge_sites
from switch.p4c.bmv2.tables import action_profile_json, table_json
from switch.p4c.bmv2.values import Json


def pipelines(context: Context) -> list[Json]:
    """Ingress and egress."""
    tables = {table.name: table for table in context.program.tables}
    taken = set(tables)
    program = context.program
    pairs = (("ingress", program.ingress), ("egress", program.egress))
    return [_pipeline(context, name, control, tables, taken) for name, control in pairs]


def _pipeline(
    context: Context, name: str, control: ir.Control | None, tables: dict[str, ir.Table], taken: set[str]
) -> Json:
    body = control.body if control else []
    if control and name == "egress":
        body = with_epilogue(context, control, tables)
    graph = build(body, tables)
    merge_sites(context, graph)
    flow = FlowWriter(context, name, taken).write(graph.first)
    applied = {node.name: node for node in flow.applied}
    used = [table for table in context.program.tables if table.name in applied]
    profiles = {table.action_profile for table in used}
    result: Json = {"name": name, "id": context.next_id("pipelines")}
    if control:
        result = context.located(result, control.span)
    return {
        **result,
        "init_table": flow.first,
        "tables": [table_json(context, table, applied[table.name]) for table in used],
        "action_profiles": [
            action_profile_json(context, profile)
            for profile in context.program.action_profiles
            if profile.name in profiles
        ],
        "conditionals": flow.conditionals,
        "action_calls": flow.action_calls,
    }
