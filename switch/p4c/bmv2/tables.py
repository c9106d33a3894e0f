"""Tables, their entries, and action profiles."""

from __future__ import annotations

from switch.p4c import ir
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.expressions import Expressions
from switch.p4c.bmv2.graph import Apply, name_of
from switch.p4c.bmv2.values import Json, hex_text

DEFAULT_SIZE = 1024
PRECEDENCE = {"exact": 0, "lpm": 1, "ternary": 2, "range": 3}  # the table has the kind of its strongest key
SHOWN_KIND = {"optional": "ternary"}


def table_json(context: Context, table: ir.Table, node: Apply) -> Json:
    """A table with the successors that its node has."""
    keys = [key for key in table.keys if key.match_kind != "selector"]
    result = context.located({"name": table.name, "id": context.next_id("tables")}, table.span)
    result |= {
        "key": [_key(context, table, key) for key in keys],
        "match_type": _match_type(context, table, keys),
        **_implementation(context, table),
        "max_size": _size(table),
        "with_counters": table.direct_counter is not None,
        "support_timeout": table.support_timeout,
        "direct_meters": table.direct_meter,
        "action_ids": [context.action_ids[name] for name in action_names(table)],
        "actions": [context.action_names[name] for name in action_names(table)],
        "base_default_next": None if "__HIT__" in node.next else name_of(node.default),
        "next_tables": {
            context.action_names.get(name, name): name_of(successor) for name, successor in node.next.items()
        },
        **_default_entry(context, table),
    }
    if table.entries or table.entries_const:
        result["entries"] = _entries(context, table, keys)
    return result


def action_names(table: ir.Table) -> list[str]:
    """The IR's names of the table's actions, each once."""
    return list(dict.fromkeys([*(use.action for use in table.actions), table.default.action]))


def _size(table: ir.Table) -> int:
    if table.entries_const:
        return len(table.entries) or DEFAULT_SIZE
    return max(table.size or DEFAULT_SIZE, len(table.entries))


def _key(context: Context, table: ir.Table, key: ir.Key) -> Json:
    kind = SHOWN_KIND.get(key.match_kind, key.match_kind)
    if kind not in PRECEDENCE:
        context.unsupported(table.span, f"match kind {kind} of table {table.name} is not supported by BMv2")
    expr, mask = key.expr, None
    if isinstance(expr, ir.Binary) and expr.op == "&" and isinstance(expr.right, ir.Const):
        expr, mask = expr.left, hex_text(expr.right.value, expr.width)
    target = Expressions(context, span=table.span).data(expr)
    if target["type"] != "field":
        context.unsupported(table.span, f"BMv2 matches fields only; key {key.name} of table {table.name} is computed")
    return {"match_type": kind, "name": key.name, "target": target["value"], "mask": mask}


def _match_type(context: Context, table: ir.Table, keys: list[ir.Key]) -> str:
    kinds = [SHOWN_KIND.get(key.match_kind, key.match_kind) for key in keys]
    if kinds.count("lpm") > 1:
        context.unsupported(table.span, f"multiple LPM keys in table {table.name} are not supported by BMv2")
    return max(kinds, key=lambda kind: PRECEDENCE.get(kind, 0), default="exact")


def _implementation(context: Context, table: ir.Table) -> Json:
    if table.action_profile is None:
        return {"type": "simple"}
    profile = next(p for p in context.program.action_profiles if p.name == table.action_profile)
    return {"type": "indirect_ws" if profile.algorithm else "indirect", "action_profile": profile.name}


def _default_entry(context: Context, table: ir.Table) -> Json:
    """With an action profile BMv2 has no default entry; the attribute is there for switches that do."""
    indirect = table.action_profile is not None
    if indirect and table.default.action == "NoAction":
        return {}
    if indirect:
        message = f"BMv2 ignores the default action of table {table.name}, which has an action profile"
        context.diagnostics.warn(table.span, "unsupported", message)
    const = table.default_const and not indirect
    return {
        "default_entry": {
            "action_id": context.action_ids[table.default.action],
            "action_const": const,
            "action_data": _action_data(table.default),
            "action_entry_const": const,
        }
    }


def _action_data(use: ir.ActionUse) -> list[str]:
    return [hex_text(arg.value & ((1 << (arg.width or 1)) - 1), arg.width or 1) for arg in use.args]


def _entries(context: Context, table: ir.Table, keys: list[ir.Key]) -> list[Json]:
    """Entries in order of precedence: BMv2 takes the smallest priority number.

    `p4_priority` (P4Runtime's number) and `is_const` are additions for tables whose entries can be changed;
    BMv2 ignores them.
    """
    result: list[Json] = []
    for number, entry in enumerate(table.entries_by_precedence(), 1):
        item: Json = {
            "match_key": [_entry_key(context, entry, key, value) for key, value in zip(keys, entry.keys, strict=False)],
            "action_entry": {
                "action_id": context.action_ids[entry.action.action],
                "action_data": _action_data(entry.action),
            },
            "priority": number,
        }
        if not table.entries_const:
            item["is_const"] = entry.const
            if entry.priority is not None:
                item["p4_priority"] = entry.priority
        result.append(context.located(item, entry.span))
    return result


def _entry_key(context: Context, entry: ir.Entry, key: ir.Key, value: ir.EntryKey) -> Json:
    width = key.expr.width or 1
    ones = (1 << width) - 1
    number = (value.value or 0) & ones
    full = ones if value.mask is None else value.mask & ones
    mask = 0 if value.value is None else full
    if key.match_kind == "exact":
        if mask != ones:
            context.unsupported(entry.span, f"key {key.name} of the entry must be an exact value")
        return {"match_type": "exact", "key": hex_text(number, width)}
    if key.match_kind == "lpm":
        length = mask.bit_count()
        if mask != ones & ~(ones >> length):
            context.unsupported(entry.span, f"invalid mask for LPM key {key.name}")
        return {"match_type": "lpm", "key": hex_text(number, width), "prefix_length": length}
    if key.match_kind == "range":
        low = number if value.value is not None else 0
        high = ones if value.value is None else (value.high if value.high is not None else number)
        return {"match_type": "range", "start": hex_text(low, width), "end": hex_text(high, width)}
    return {"match_type": "ternary", "key": hex_text(number, width), "mask": hex_text(mask, width)}


def action_profile_json(context: Context, profile: ir.ActionProfile) -> Json:
    """An action profile or selector."""
    result: Json = {"name": profile.name, "id": context.next_id("action_profiles"), "max_size": profile.size}
    if profile.algorithm is not None:
        exprs = Expressions(context)
        result["selector"] = {
            "algo": profile.algorithm.rpartition(".")[2],
            "input": [exprs.data(key) for key in profile.selector_keys],
        }
    return result
