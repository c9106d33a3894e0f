"""Initial entries as a P4Runtime WriteRequest, the format of p4c's --p4runtime-entries-files."""

from __future__ import annotations

from finsy.proto import p4r

from switch.p4c import ir
from switch.p4c.p4info import symbols as kinds
from switch.p4c.p4info.build import collect, shown_action
from switch.p4c.p4info.types import bit_width, to_bytes
from switch.p4c.source import Diagnostics

WITH_PRIORITY = frozenset({"ternary", "range", "optional"})


def to_entries(program: ir.Program, diagnostics: Diagnostics) -> p4r.WriteRequest:
    """One INSERT for each entry that stands in the program."""
    symbols = collect(program, diagnostics)
    actions = {action.name: action for action in program.actions}
    result = p4r.WriteRequest()
    for table in program.tables:
        ordered = any(key.match_kind in WITH_PRIORITY for key in table.keys)
        for index, entry in enumerate(table.entries_by_precedence()):
            update = result.updates.add(type=p4r.Update.INSERT)
            message = update.entity.table_entry
            message.table_id = symbols.id(kinds.TABLE, table.name)
            for number, (key, value) in enumerate(zip(table.keys, entry.keys, strict=False), 1):
                _match(message, number, key, value)
            call = message.action.action
            call.action_id = symbols.id(kinds.ACTION, shown_action(actions[entry.action.action]))
            params = actions[entry.action.action].params
            for number, (param, arg) in enumerate(zip(params, entry.action.args, strict=False), 1):
                call.params.add(param_id=number, value=to_bytes(arg.value, bit_width(param.type) or arg.width))
            message.is_const = table.entries_const or entry.const
            if ordered and table.entries_const:
                message.priority = len(table.entries) - index
            elif ordered:
                message.priority = entry.priority or 0
    return result


def _match(message: p4r.TableEntry, number: int, key: ir.Key, value: ir.EntryKey) -> None:
    """Adds a match field; don't care is left out."""
    width = key.expr.width or 1
    ones = (1 << width) - 1
    if key.match_kind == "exact":
        message.match.add(field_id=number).exact.value = to_bytes(value.value or 0, width)
        return
    if value.value is None:
        return
    mask = ones if value.mask is None else value.mask & ones
    bits = value.value & ones
    if key.match_kind == "range":
        high = bits if value.high is None else value.high
        if (bits, high) != (0, ones):
            field = message.match.add(field_id=number)
            field.range.low, field.range.high = to_bytes(bits, width), to_bytes(high, width)
    elif key.match_kind == "optional":
        message.match.add(field_id=number).optional.value = to_bytes(bits, width)
    elif mask and key.match_kind == "lpm":
        field = message.match.add(field_id=number)
        field.lpm.value, field.lpm.prefix_len = to_bytes(bits & mask, width), mask.bit_count()
    elif mask:
        field = message.match.add(field_id=number)
        field.ternary.value, field.ternary.mask = to_bytes(bits & mask, width), to_bytes(mask, width)
