"""The C boundary as ctypes sees it: signatures, record layouts and status codes."""

from __future__ import annotations

import ctypes
import struct
from ctypes import POINTER, c_char_p, c_int, c_int32, c_uint8, c_uint32, c_uint64, c_void_p
from pathlib import Path

from . import errors
from .build import open_library

# One operation of p4e_table_write: kind, target kind, flags, action, priority, data bytes, idle timeout, target handle.
OP = struct.Struct("<BBHIiIQQ")
# One entry as p4e_table_read gives it, before key, mask and data: see control.h.
ENTRY = struct.Struct("<QiIQQIIQQQII")
PACKET = struct.Struct("<II")
OUTPUT = struct.Struct("<III")
EVENT = struct.Struct("<IIQ")
RATES = struct.Struct("<QQQQ")

HAS_MASK, IS_CONST, BY_HANDLE = 1, 2, 4
ACTION, MEMBER, GROUP = 0, 1, 2

_ERRORS: dict[int, type[errors.EngineError]] = {
    -1: errors.TableFull,
    -2: errors.DuplicateEntry,
    -3: errors.NoSuchEntry,
    -4: errors.BadValue,
    -5: errors.OutOfMemory,
    -6: errors.ReadOnly,
    -7: errors.InUse,
}


class Options(ctypes.Structure):
    """What p4e_open is told."""

    _fields_ = [
        ("seed", c_uint64),
        ("secret", c_uint64),
        ("cpu_port", c_uint32),
        ("drop_port", c_uint32),
        ("virtual_clock", c_uint32),
        ("max_passes", c_uint32),
        ("prefault", c_uint32),
    ]


_SIGNATURES: dict[str, tuple] = {
    "p4e_open": (c_void_p, POINTER(Options)),
    "p4e_close": (None, c_void_p),
    "p4e_set_time": (None, c_void_p, c_uint64),
    "p4e_time": (c_uint64, c_void_p),
    "p4e_process": (c_int, c_void_p, c_char_p, c_uint64, c_uint32, POINTER(c_void_p), POINTER(c_uint64)),
    "p4e_replay": (c_uint64, c_void_p, c_char_p, c_uint64, c_uint32, c_uint32, c_uint64),
    "p4e_stats": (c_uint32, c_void_p, POINTER(c_uint64), c_uint32),
    "p4e_table_write": (c_int, c_void_p, c_uint32, c_char_p, c_uint64, c_uint32, c_void_p, c_void_p),
    "p4e_table_default": (c_int, c_void_p, c_uint32, c_uint32, c_char_p, c_uint32),
    "p4e_table_read": (c_uint32, c_void_p, c_uint32, POINTER(c_uint64), c_void_p, c_uint64),
    "p4e_table_find": (c_int, c_void_p, c_uint32, c_char_p, c_char_p, c_int32, POINTER(c_uint64)),
    "p4e_table_count": (c_uint64, c_void_p, c_uint32),
    "p4e_table_clear": (c_int, c_void_p, c_uint32),
    "p4e_table_stats": (c_int, c_void_p, c_uint32, POINTER(c_uint64)),
    "p4e_entry_counter": (c_int, c_void_p, c_uint32, c_uint64, POINTER(c_uint64), c_int),
    "p4e_entry_meter": (c_int, c_void_p, c_uint32, c_uint64, POINTER(c_uint64), c_int),
    "p4e_idle": (c_uint32, c_void_p, c_uint32, POINTER(c_uint64), c_uint32),
    "p4e_member_add": (c_int, c_void_p, c_uint32, c_uint32, c_char_p, c_uint32, POINTER(c_uint64)),
    "p4e_member_modify": (c_int, c_void_p, c_uint32, c_uint64, c_uint32, c_char_p, c_uint32),
    "p4e_member_delete": (c_int, c_void_p, c_uint32, c_uint64),
    "p4e_group_add": (c_int, c_void_p, c_uint32, POINTER(c_uint64), c_uint32, POINTER(c_uint64)),
    "p4e_group_modify": (c_int, c_void_p, c_uint32, c_uint64, POINTER(c_uint64), c_uint32),
    "p4e_group_delete": (c_int, c_void_p, c_uint32, c_uint64),
    "p4e_counter": (c_int, c_void_p, c_uint32, c_uint64, c_uint64, POINTER(c_uint64), c_int),
    "p4e_meter": (c_int, c_void_p, c_uint32, c_uint64, POINTER(c_uint64), c_int),
    "p4e_register": (c_int, c_void_p, c_uint32, c_uint64, c_uint64, c_void_p, c_int),
    "p4e_value_set": (c_int, c_void_p, c_uint32, c_char_p, c_uint32),
    "p4e_multicast": (c_int, c_void_p, c_uint32, POINTER(c_uint32), c_uint32),
    "p4e_clone_session": (c_int, c_void_p, c_uint32, POINTER(c_uint32), c_uint32, c_uint32),
    "p4e_events": (c_uint64, c_void_p, c_void_p, c_uint64),
    "p4e_on_event": (None, c_void_p, c_void_p, c_void_p),
    "p4e_adopt": (c_uint32, c_void_p, c_void_p, POINTER(c_uint8)),
}


def load(path: Path) -> ctypes.CDLL:
    """Loads a built engine; raises BuildFailed when that cannot be done."""
    library = open_library(path)
    for name, (result, *arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


def check(status: int, what: str) -> None:
    """Raises the error that a status code stands for; `what` names the object and value."""
    if status != 0:
        raise _ERRORS.get(status, errors.EngineError)(what)


def error_of(status: int, what: str) -> errors.EngineError | None:
    """The error that a status code stands for, not raised."""
    return None if status == 0 else _ERRORS.get(status, errors.EngineError)(what)
