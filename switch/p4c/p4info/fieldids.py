"""Ids of match fields, action parameters and packet metadata: @id, or the next free number from 1."""

from __future__ import annotations

from collections.abc import Sequence

from switch.p4c import tree
from switch.p4c.p4info.annotations import find, number_of
from switch.p4c.source import Diagnostics


def field_ids(annotated: Sequence[Sequence[tree.Annotation]], diagnostics: Diagnostics) -> list[int]:
    """One id for each element, given the elements' annotations."""
    chosen = [number_of(annotations, "id") for annotations in annotated]
    taken: set[int] = set()
    for element, number in zip(annotated, chosen, strict=True):
        annotation = find(element, "id")
        if number is None or annotation is None:
            continue
        if number == 0:
            diagnostics.error(annotation.span, "0 is not a valid @id")
        elif number in taken:
            diagnostics.error(annotation.span, f"@id({number}) is used several times")
        taken.add(number)
    result: list[int] = []
    index = 1
    for number in chosen:
        if number is not None:
            result.append(number)
            index += 1
            continue
        while index in taken:
            index += 1
        taken.add(index)
        result.append(index)
    return result
