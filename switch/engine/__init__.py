"""The engine: BMv2 JSON to C to native code, and the tables, registers and events of the running program."""

from .build import BuildOptions
from .engine import Engine
from .errors import (
    BadConfig,
    BadValue,
    BuildFailed,
    DuplicateEntry,
    EngineError,
    InUse,
    NoSuchEntry,
    OutOfMemory,
    ReadOnly,
    TableFull,
)
from .externs import Counter, Meter, Register, ValueSet
from .profiles import ActionProfile
from .program import KeyKind, KeySpec, Program, TableKind, TableSpec
from .replication import CloneSession, Replication
from .tables import Table
from .values import (
    ActionCall,
    Clock,
    Digest,
    Entry,
    Event,
    Group,
    IdleTimeout,
    LogLine,
    Member,
    MeterRates,
    OpKind,
    TableOp,
    Target,
)

__all__ = [
    "ActionCall",
    "ActionProfile",
    "BadConfig",
    "BadValue",
    "BuildFailed",
    "BuildOptions",
    "Clock",
    "CloneSession",
    "Counter",
    "Digest",
    "DuplicateEntry",
    "Engine",
    "EngineError",
    "Entry",
    "Event",
    "Group",
    "IdleTimeout",
    "InUse",
    "KeyKind",
    "KeySpec",
    "LogLine",
    "Member",
    "Meter",
    "MeterRates",
    "NoSuchEntry",
    "OpKind",
    "OutOfMemory",
    "Program",
    "ReadOnly",
    "Register",
    "Replication",
    "Table",
    "TableFull",
    "TableKind",
    "TableOp",
    "TableSpec",
    "Target",
    "ValueSet",
]
