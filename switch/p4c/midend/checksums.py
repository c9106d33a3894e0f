"""The checksum controls: only calls of verify_checksum and update_checksum, maybe under conditions."""

from __future__ import annotations

from dataclasses import replace

from switch.p4c import ir
from switch.p4c.midend import fold
from switch.p4c.midend.v1model_calls import ChecksumCall
from switch.p4c.source import Diagnostics


def collect_checksums(control: ir.Control, diagnostics: Diagnostics) -> list[ir.Checksum]:
    """The checksums of a control, in order; a condition around a call becomes part of the call's own."""
    return list(_collect(control.body, fold.truth(True), diagnostics))


def _collect(stmts: list[ir.Stmt], condition: ir.Expr, diagnostics: Diagnostics) -> list[ir.Checksum]:
    found: list[ir.Checksum] = []
    for stmt in stmts:
        match stmt:
            case ChecksumCall():
                both = fold.both(condition, stmt.checksum.condition)
                found.append(replace(stmt.checksum, condition=both))
            case ir.If():
                found += _collect(stmt.then, fold.both(condition, stmt.condition), diagnostics)
                found += _collect(stmt.otherwise, fold.both(condition, fold.negate(stmt.condition)), diagnostics)
            case ir.Primitive(name="assert" | "assume" | "log_msg"):
                continue
            case _:
                text = "only calls of verify_checksum and update_checksum can stand in a checksum control on BMv2"
                diagnostics.unsupported(stmt.span, text)
    return found
