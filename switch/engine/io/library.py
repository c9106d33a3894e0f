"""The C half of packet I/O, seen through ctypes."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_int, c_uint32, c_uint64, c_void_p
from pathlib import Path

from switch.engine.build import RUNTIME, BuildOptions, build_library, open_library

NO_PORT = 0xFFFFFFFF
RECORD_HEADER = 16


class Config(Structure):
    """`io_config_t`."""

    _fields_ = [(name, c_uint32) for name in ("mode", "cpu_port", "tick_port", "tick_rate", "spin_us", "tap_bytes")]


class Counters(Structure):
    """`io_counters_t`."""

    _fields_ = [
        (name, c_uint64)
        for name in (
            "rx_packets",
            "rx_bytes",
            "tx_packets",
            "tx_bytes",
            "tx_xdp_packets",
            "rx_super_packets",
            "rx_dropped_overflow",
            "rx_dropped_offload",
            "rx_dropped_no_program",
            "tx_dropped_size",
            "tx_dropped_full",
            "tx_dropped_down",
            "tx_dropped_error",
        )
    ]


class Totals(Structure):
    """`io_totals_t`."""

    _fields_ = [
        (name, c_uint64)
        for name in (
            "batches",
            "packets",
            "ticks",
            "injected",
            "cpu_packets",
            "cpu_dropped_full",
            "cpu_dropped_offload",
            "dropped_no_port",
            "dropped_no_program",
            "tap_lost",
        )
    ]


class Offload(Structure):
    """`io_offload_t`."""

    _fields_ = [
        ("flags", ctypes.c_uint8),
        ("gso_type", ctypes.c_uint8),
        ("header_len", ctypes.c_uint16),
        ("gso_size", ctypes.c_uint16),
        ("csum_start", ctypes.c_uint16),
        ("csum_offset", ctypes.c_uint16),
    ]


class Frame(Structure):
    """`io_frame_t`."""

    _fields_ = [("data", c_void_p), ("len", c_uint32), ("offload", Offload)]


FUNCTIONS: dict[str, tuple[type | None, tuple[type, ...]]] = {
    "io_new": (c_void_p, (POINTER(Config),)),
    "io_free": (None, (c_void_p,)),
    "io_start": (c_int, (c_void_p,)),
    "io_stop": (None, (c_void_p,)),
    "io_pause": (None, (c_void_p,)),
    "io_resume": (None, (c_void_p,)),
    "io_set_program": (None, (c_void_p, c_void_p, c_void_p, c_uint32)),
    "io_add_port": (c_int, (c_void_p, c_uint32, c_char_p)),
    "io_remove_port": (c_int, (c_void_p, c_uint32)),
    "io_port_stats": (c_int, (c_void_p, c_uint32, POINTER(Counters), POINTER(c_int))),
    "io_totals": (None, (c_void_p, POINTER(Totals))),
    "io_inject": (c_int, (c_void_p, c_uint32, c_char_p, c_uint32)),
    "io_wake_fd": (c_int, (c_void_p,)),
    "io_read": (c_uint32, (c_void_p, c_void_p, c_uint32)),
}


def load_library(cache: Path | None = None, *, sanitize: bool = False) -> ctypes.CDLL:
    """Packet I/O's C library, compiled on first use (`cache`: where compiled libraries are kept)."""
    # -O3 for the checksum loop, which vectorises.
    options = BuildOptions(optimize=("-O3", "-march=native"), sanitize=sanitize, cache=cache)
    library = open_library(build_library("io", sorted(RUNTIME.glob("io*.c")), options))
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library
