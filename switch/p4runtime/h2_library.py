"""The C side of the plain HTTP/2 server as ctypes sees it: events in, messages and statuses out."""

import ctypes
from ctypes import POINTER, Structure, c_bool, c_char_p, c_int, c_uint32, c_uint64, c_void_p
from functools import lru_cache
from pathlib import Path

from switch.engine.build import BuildOptions, build_library, open_library

WOKEN, REQUEST, OPENED, MESSAGE, ENDED, CLOSED = range(6)
_SOURCES = ("h2_call.c", "h2_connection.c", "h2_server.c")


class Event(Structure):
    """What happened: see p4h_event_t."""

    _fields_ = [("kind", c_uint32), ("method", c_uint32), ("call", c_uint64), ("data", c_void_p), ("size", c_uint64)]

    def body(self) -> bytes:
        """The message, copied."""
        return ctypes.string_at(self.data, self.size) if self.size else b""


class Method(Structure):
    """A path that is served: see p4h_method_t."""

    _fields_ = [("path", c_char_p), ("streams", c_bool)]


@lru_cache(maxsize=2)
def library(*, sanitize: bool = False) -> ctypes.CDLL:
    """Compiled against the system's nghttp2; raises `switch.engine.errors.BuildFailed` where that is missing."""
    folder, options = Path(__file__).parent, BuildOptions(sanitize=sanitize)
    path = build_library("p4runtime-h2", [folder / name for name in _SOURCES], options, ["-lnghttp2"])
    made = open_library(path)
    signatures: dict[str, tuple] = {
        "p4h_open": (c_void_p, POINTER(c_int), c_uint32, c_int, POINTER(Method), c_uint32),
        "p4h_close": (None, c_void_p),
        "p4h_next": (None, c_void_p, POINTER(Event)),
        "p4h_send": (c_bool, c_void_p, c_uint64, c_char_p, c_uint32, POINTER(c_uint64)),
        "p4h_waiting": (c_uint64, c_void_p, c_uint64),
        "p4h_finish": (None, c_void_p, c_uint64, c_char_p, c_char_p, c_char_p),
    }
    for name, (result, *arguments) in signatures.items():
        function = getattr(made, name)
        function.restype = result
        function.argtypes = arguments
    return made
