"""Inputs of calculations, and checksums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switch.p4c import ir
from switch.p4c.bmv2.context import Context
from switch.p4c.bmv2.expressions import Expressions
from switch.p4c.bmv2.values import Json, field, hexstr, named
from switch.p4c.source import Span

if TYPE_CHECKING:
    from switch.p4c.bmv2.statements import StatementWriter


def add_calculation(context: Context, span: Span, algorithm: str, inputs: list[Json]) -> str:
    """Adds a calculation, or finds the one that is the same, and gives its name."""
    algorithm = algorithm.rpartition(".")[2]
    for known in context.calculations:
        if known["algo"] == algorithm and known["input"] == inputs:
            return known["name"]
    number = context.next_id("calculations")
    item = context.located({"name": f"calc_{number}", "id": number}, span)
    context.calculations.append({**item, "algo": algorithm, "input": inputs})
    return item["name"]


def calculation_input(writer: StatementWriter, stmt: ir.Stmt, item: object) -> Json:
    """One input of a hash; an expression is assigned to a scratch field first."""
    simple = _simple_input(item)
    if simple is None:
        assert isinstance(item, ir.Expr)
        ref = writer.scratch(stmt, "hash", item)
        simple = field(ref.header, ref.field)
    return simple


def checksums(context: Context) -> list[Json]:
    """All checksums, those to be verified first."""
    result: list[Json] = []
    for verify, group in ((True, context.program.verify), (False, context.program.update)):
        result += [_checksum(context, item, verify=verify) for item in group]
    return result


def _checksum(context: Context, item: ir.Checksum, *, verify: bool) -> Json:
    number = context.next_id("checksums")
    inputs = [_checksum_input(context, item, part, verify=verify) for part in item.fields]
    if item.with_payload:
        inputs.append({"type": "payload", "value": None})
    calculation = add_calculation(context, item.span, item.algorithm, inputs)
    result = context.located({"name": f"cksum_{number}", "id": number}, item.span)
    return {
        **result,
        "target": [item.target.header, item.target.field],
        "type": "generic",
        "calculation": calculation,
        "verify": verify,
        "update": not verify,
        "if_cond": Expressions(context, span=item.span).boolean(item.condition),
    }


def _checksum_input(context: Context, item: ir.Checksum, part: object, *, verify: bool) -> Json:
    """A part of a checksum's data; a computation for an update goes by a scratch field set at the end of egress."""
    simple = _simple_input(part)
    if simple is not None:
        return simple
    if verify or not isinstance(part, ir.Expr):
        context.unsupported(item.span, "computations are not supported in the data of verify_checksum")
        return hexstr(0)
    message = "a computation in the data of update_checksum is done at the end of egress; upstream p4c refuses it"
    context.diagnostics.warn(item.span, "target", message)
    scratch = context.new_scratch("checksum", part)
    context.epilogue.append(ir.Assign(scratch, part, span=item.span))
    return field(scratch.header, scratch.field)


def _simple_input(item: object) -> Json | None:
    if isinstance(item, ir.HeaderRef) and item.index is None:
        return named("header", item.name)
    if isinstance(item, ir.FieldRef):
        return field(item.header, item.field)
    if isinstance(item, ir.Const):
        width = item.width or 1
        return {**hexstr(item.value & ((1 << width) - 1), width), "bitwidth": width}
    return None
