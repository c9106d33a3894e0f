"""The engine's errors in P4Runtime's words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from switch.engine.errors import (
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
from switch.p4runtime.errors import Code, P4RuntimeError

_CODES = (
    (BadConfig, Code.INVALID_ARGUMENT),
    (BuildFailed, Code.INTERNAL),
    (BadValue, Code.INVALID_ARGUMENT),
    (TableFull, Code.RESOURCE_EXHAUSTED),
    (DuplicateEntry, Code.ALREADY_EXISTS),
    (NoSuchEntry, Code.NOT_FOUND),
    (ReadOnly, Code.PERMISSION_DENIED),
    (InUse, Code.FAILED_PRECONDITION),
    (OutOfMemory, Code.RESOURCE_EXHAUSTED),
)


def translate(error: EngineError, where: str) -> P4RuntimeError:
    """An engine error as the error of one update; `where` names the object and the key."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), Code.INTERNAL)
    return P4RuntimeError(code, f"{where}: {error}")


@contextmanager
def engine_call(where: str | Callable[[], str]) -> Iterator[None]:
    """Translates engine errors raised inside."""
    try:
        yield
    except EngineError as error:
        raise translate(error, where if isinstance(where, str) else where()) from error
