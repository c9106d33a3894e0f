"""BMv2 JSON as frozen dataclasses."""

from .actions import ActionSpec, ParamSpec
from .expressions import RegisterSpec
from .externs import CounterSpec, DigestSpec, FieldListSpec, MeterSpec, ValueSetSpec
from .keys import KeyKind, KeySpec
from .program import Program, read_program
from .tables import PipelineSpec, ProfileSpec, TableKind, TableSpec

__all__ = [
    "ActionSpec",
    "CounterSpec",
    "DigestSpec",
    "FieldListSpec",
    "KeyKind",
    "KeySpec",
    "MeterSpec",
    "ParamSpec",
    "PipelineSpec",
    "ProfileSpec",
    "Program",
    "RegisterSpec",
    "TableKind",
    "TableSpec",
    "ValueSetSpec",
    "read_program",
]
