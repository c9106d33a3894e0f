"""Packet I/O's C without interfaces, under sanitizers: segmentation, checksums, the queues and the packet thread.

python -m tests.engine.fuzz_io SECONDS        with libasan preloaded, as test_sanitized does
"""

from __future__ import annotations

import ctypes
import random
import struct
import sys
import threading
import time

from switch.engine import BuildOptions, Engine
from switch.engine.io.library import RECORD_HEADER, Config, Frame, Offload, Totals, load_library
from tests.switch.packets import (
    CHECKSUM_OFFSET,
    IP4,
    IP6,
    IP6_OPTIONS,
    TCP,
    TUNNELS,
    UDP,
    Shape,
    build,
    transport_offset,
)
from tests.switch.packets import ETH as ETHERNET

from .json_builder import Builder, call, f

CPU_PORT, TICK_PORT = 64, 65
GSO = {(TCP, IP4): 1, (TCP, IP6): 4, (UDP, IP4): 5, (UDP, IP6): 5}
SEGMENTER_BYTES = 256  # more than an io_segmenter_t
LOAN = 1 << 18


def super_packet(rng: random.Random) -> tuple[bytes, Offload]:
    """A correct super-packet and what the kernel would say about it."""
    ip, transport = rng.choice((IP4, IP6)), rng.choice((TCP, UDP))
    extra = (IP6_OPTIONS,) if ip == IP6 and rng.random() < 0.3 else ()
    layers = (ETHERNET, *TUNNELS[rng.choice(sorted(TUNNELS))], ip, *extra, transport)
    shape = Shape(layers, bytes(4 * rng.randrange(11)) if transport == TCP else b"")
    packet = build(shape, rng.randbytes(rng.randrange(1, 3000)), partial=True)
    size = rng.randrange(1, 1500)
    return packet, Offload(1, GSO[transport, ip], 0, size, transport_offset(shape), CHECKSUM_OFFSET[transport])


def spoiled(rng: random.Random, packet: bytes, offload: Offload) -> tuple[bytes, Offload]:
    """The same with something wrong somewhere."""
    out = bytearray(packet)
    for _ in range(rng.randrange(4)):
        out[rng.randrange(min(len(out), 120))] = rng.choice((0, 0xFF, 0x45, 0x4F, 0x60, 0x81, rng.randrange(256)))
    if rng.random() < 0.3:
        del out[rng.randrange(len(out) + 1) :]
    values = [getattr(offload, name) for name, *_ in offload._fields_]
    if rng.random() < 0.4:
        at = rng.randrange(len(values))
        values[at] = rng.choice((0, 1, 4, 5, 0x81, 14, 34, 0xFF, 0xFFFF if at > 1 else 0x85))
    return bytes(out), Offload(*values)


class Offloads:
    """Segmentation, checksum completion and VLAN insertion on exactly sized memory, so that ASan sees every byte."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        libc = ctypes.CDLL(None)
        self._malloc, self._free = libc.malloc, libc.free
        self._malloc.restype, self._free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
        for name in ("io_complete_checksum", "io_insert_vlan", "io_segment_start"):
            getattr(library, name).restype = ctypes.c_bool

    def run(self, rng: random.Random) -> int:
        """One packet through everything; returns the number of segments."""
        packet, offload = super_packet(rng)
        if rng.random() < 0.7:
            packet, offload = spoiled(rng, packet, offload)
        segments = 0
        for room, work in ((0, self._complete), (0, self._segment), (4, self._vlan)):
            memory = self._malloc(room + len(packet) or 1)
            ctypes.memmove(memory + room, packet, len(packet))
            found = work(Frame(memory + room, len(packet), offload), rng)
            self._free(memory)
            if work == self._segment:
                segments = found
        return segments

    def _complete(self, frame: Frame, rng: random.Random) -> int:
        return self._library.io_complete_checksum(ctypes.byref(frame))

    def _vlan(self, frame: Frame, rng: random.Random) -> int:
        return self._library.io_insert_vlan(ctypes.byref(frame), 0x8100, rng.randrange(1 << 16))

    def _segment(self, frame: Frame, rng: random.Random) -> int:
        state, count = ctypes.create_string_buffer(SEGMENTER_BYTES), 0
        if not self._library.io_segment_start(state, ctypes.byref(frame)):
            return 0
        out = self._malloc(ctypes.c_size_t(self._library.io_segment_size(state)))
        while self._library.io_segment_next(state, ctypes.c_void_p(out)):
            count += 1
        self._free(out)
        return count


def thread(library: ctypes.CDLL, rng: random.Random, seconds: float) -> tuple[int, int]:
    """Injects packets and reads what comes back, ticks on, programs swapped; returns (injected, read)."""
    b = Builder()
    b.state("start", [], default=None)
    b.run("ingress", "go", call("assign", f("standard_metadata.egress_spec"), f("standard_metadata.ingress_port")))
    io = library.io_new(ctypes.byref(Config(0, CPU_PORT, TICK_PORT, 200, 0, 64)))
    buffer, sent, found = ctypes.create_string_buffer(LOAN), 0, [0]
    assert io
    with Engine(b.text(), cpu_port=CPU_PORT, options=BuildOptions(sanitize=True)) as engine:
        run, stop = ctypes.cast(engine.library.p4e_run, ctypes.c_void_p), threading.Event()
        library.io_set_program(io, run, engine.pointer, 0)
        assert library.io_start(io) == 0

        def read() -> None:
            while True:
                used, at = library.io_read(io, buffer, LOAN), 0
                if not used and stop.is_set():
                    return
                while at < used:
                    (length,) = struct.unpack_from("=I", buffer, at)
                    at += RECORD_HEADER + (length + 15) // 16 * 16
                    found[0] += 1

        reader = threading.Thread(target=read)
        reader.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for _ in range(200):
                port = rng.choice((CPU_PORT, CPU_PORT, 1, 3, 511))
                packet = rng.randbytes(rng.choice((0, 1, 14, 60, 1500, 9000, 65535)))
                sent += library.io_inject(io, port, packet, len(packet)) == 0
            library.io_pause(io)
            library.io_set_program(io, *((run, engine.pointer) if rng.random() < 0.7 else (None, None)), 0)
            library.io_resume(io)
        library.io_stop(io)
        stop.set()
        reader.join()
        totals = Totals()
        library.io_totals(io, ctypes.byref(totals))
        library.io_free(io)
    assert totals.injected <= sent  # the rest still waited at the end
    assert totals.packets + totals.dropped_no_program == totals.injected + totals.ticks
    return sent, found[0]


def main(seconds: float) -> None:
    """Half of the time each."""
    rng, library = random.Random(11), load_library(sanitize=True)
    offloads, packets, segments, end = Offloads(library), 0, 0, time.monotonic() + seconds / 2
    while time.monotonic() < end:
        segments += offloads.run(rng)
        packets += 1
    print(f"offload: {packets} packets, {segments} segments")
    sent, found = thread(library, rng, seconds / 2)
    print(f"thread: {sent} packets injected, {found} records read")
    print("clean")


if __name__ == "__main__":
    main(float(sys.argv[1]))
