"""Where a program's variables are."""

from __future__ import annotations

from ..program.headers import FieldSpec

SCALARS = "scalars"  # the metadata that holds them, as p4c names it

Temporaries = dict[str, FieldSpec]  # variables of one action, by name
