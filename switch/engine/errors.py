"""The engine's errors: one small tree, so that callers catch at their own border."""

from __future__ import annotations


class EngineError(Exception):
    """Anything the engine refuses or cannot do."""


class BadConfig(EngineError):
    """The BMv2 JSON is malformed or asks for something unsupported; `path` says where, as in `$.actions[3].name`."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


class BuildFailed(EngineError):
    """The C compiler failed, ran out of time or memory, or the cache directory cannot be trusted."""


class BadValue(EngineError):
    """A key, mask, action or argument does not fit what the program declares."""


class TableFull(EngineError):
    """The table, action profile or replication state holds as many entries as it may."""


class DuplicateEntry(EngineError):
    """An entry with the same key (and priority, where there is one) exists already."""


class NoSuchEntry(EngineError):
    """The handle, key, member, group or session names nothing."""


class ReadOnly(EngineError):
    """The entry, table or default action is constant in the program."""


class InUse(EngineError):
    """The member or group is still referenced and cannot be deleted."""


class OutOfMemory(EngineError):
    """The C runtime could not allocate."""
