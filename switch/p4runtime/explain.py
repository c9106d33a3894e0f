"""Explanations as documents: what `Explainer` says, in JSON that needs no P4Runtime message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from switch.engine.explain import Kind, Step


def documents(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """A document for each step; bytes as hexadecimal text."""
    return [_document(step) for step in steps]


def _document(step: Step) -> dict[str, Any]:
    kind = step.kind.name.lower()
    if step.kind is Kind.TABLE:
        return {
            "kind": kind,
            "name": step.name,
            "key": step.key.hex(),
            "hit": step.handle is not None,
            "action": step.action,
            "data": step.data.hex(),
        }
    if step.kind is Kind.COUNT:
        return {"kind": kind, "name": step.name, "number": step.number}
    if step.kind is Kind.OUT:
        return {"kind": kind, "number": step.number, "packet": step.packet.hex()}
    return {"kind": kind, "number": step.number}
