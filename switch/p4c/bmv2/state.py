"""What a switch keeps between packets (counters, meters, registers), and lists of fields."""

from __future__ import annotations

from switch.p4c import ir
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.tables import DEFAULT_SIZE
from switch.p4c.bmv2.values import Json, field


def counters(context: Context) -> list[Json]:
    """Indexed counters, and the direct ones of tables."""
    result: list[Json] = []
    for item in context.program.counters:
        if item.table is not None:
            result.append({"name": item.name, "id": len(result), "is_direct": True, "binding": item.table})
        elif item.size is not None:
            result.append({"name": item.name, "id": len(result), "size": item.size, "is_direct": False})
    return result


def give_results(context: Context) -> None:
    """Finds the fields where direct meters put the colour; BMv2 asks for one even if nobody reads it."""
    for meter in context.program.meters:
        if meter.table is not None:
            wanted = meter.result
            if not isinstance(wanted, ir.FieldRef):
                wanted = context.new_scratch("colour", wanted or ir.Const(32, 0))
            context.meter_results[meter.name] = wanted


def meters(context: Context) -> list[Json]:
    """Indexed meters, and the direct ones of tables."""
    sizes = {table.name: table.size or DEFAULT_SIZE for table in context.program.tables}
    result: list[Json] = []
    for item in context.program.meters:
        common: Json = {"name": item.name, "id": len(result), "rate_count": 2, "type": item.unit}
        if item.table is not None:
            result_field = context.meter_results[item.name]
            target = [result_field.header, result_field.field]
            size = sizes.get(item.table, DEFAULT_SIZE)
            result.append({**common, "is_direct": True, "size": size, "binding": item.table, "result_target": target})
        elif item.size is not None:
            result.append({**common, "is_direct": False, "size": item.size})
    return result


def registers(context: Context) -> list[Json]:
    """Register arrays."""
    return [
        {"name": item.name, "id": number, "size": item.size, "bitwidth": item.width or 1}
        for number, item in enumerate(context.program.registers)
    ]


def field_lists(context: Context) -> list[Json]:
    """What clone, resubmit and recirculate preserve; ids from 1."""
    result: list[Json] = []
    for item in context.program.field_lists:
        elements: list[Json] = []
        for part in item.fields:
            if isinstance(part, ir.FieldRef):
                elements.append(field(part.header, part.field))
        result.append({"id": context.field_list_ids[item.id], "name": f"field_list{item.id}", "elements": elements})
    if context.needs_empty_field_list:
        result.append({"id": len(context.field_list_ids) + 1, "name": "none", "elements": []})
    return result


def learn_lists(context: Context) -> list[Json]:
    """Digests: one list for each name and choice of fields; ids from 1."""
    result: list[Json] = []
    for ((name, refs), number), span in zip(context.learn_ids.items(), context.learn_spans, strict=True):
        item: Json = {"id": number, "name": name, "elements": [field(*ref) for ref in refs]}
        result.append(context.located(item, span))
    return result
