"""What the kernel left to a device - checksums, segmentation, VLAN tags - is done as a device would do it."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.engine.io.library import Frame, Offload, load_library
from tests.switch.packets import (
    ACK,
    CHECKSUM_OFFSET,
    CWR,
    ETH,
    FIN,
    IP4,
    IP6,
    IP6_OPTIONS,
    PSH,
    TCP,
    TUNNELS,
    UDP,
    VLAN,
    Shape,
    build,
    transport_offset,
)

GSO = {(TCP, IP4): 1, (TCP, IP6): 4, (UDP, IP4): 5, (UDP, IP6): 5}
HEADROOM = 32


class Native:
    """The C functions, on Python bytes."""

    def __init__(self) -> None:
        self.library = load_library()
        for name in ("io_complete_checksum", "io_insert_vlan", "io_segment_start"):
            getattr(self.library, name).restype = ctypes.c_bool
        self.library.io_segment_next.restype = ctypes.c_uint32
        self.library.io_segment_size.restype = ctypes.c_uint32
        self.library.io_crc32c.restype = ctypes.c_uint32

    def frame(self, packet: bytes, offload: Offload) -> tuple[Frame, ctypes.Array[ctypes.c_char]]:
        buffer = ctypes.create_string_buffer(bytes(HEADROOM) + packet, HEADROOM + len(packet))
        return Frame(ctypes.addressof(buffer) + HEADROOM, len(packet), offload), buffer

    def complete(self, packet: bytes, offload: Offload) -> bytes | None:
        frame, _buffer = self.frame(packet, offload)
        ok = self.library.io_complete_checksum(ctypes.byref(frame))
        return ctypes.string_at(frame.data, frame.len) if ok else None

    def segments(self, packet: bytes, offload: Offload) -> list[bytes] | None:
        frame, _buffer = self.frame(packet, offload)
        segmenter = ctypes.create_string_buffer(256)
        if not self.library.io_segment_start(segmenter, ctypes.byref(frame)):
            return None
        out = ctypes.create_string_buffer(self.library.io_segment_size(segmenter))
        return list(self._drain(segmenter, out))

    def _drain(self, segmenter: ctypes.Array, out: ctypes.Array) -> Iterator[bytes]:
        while length := self.library.io_segment_next(segmenter, out):
            yield out.raw[:length]


@pytest.fixture(scope="module")
def native() -> Native:
    return Native()


def shapes() -> st.SearchStrategy[Shape]:
    def assemble(tunnel: str, ip: int, extended: bool, transport: int, options: int) -> Shape:
        extra = (IP6_OPTIONS,) if ip == IP6 and extended else ()
        return Shape((ETH, *TUNNELS[tunnel], ip, *extra, transport), bytes(options * 4) if transport == TCP else b"")

    return st.builds(
        assemble,
        st.sampled_from(sorted(TUNNELS)),
        st.sampled_from((IP4, IP6)),
        st.booleans(),
        st.sampled_from((TCP, UDP)),
        st.integers(0, 10),
    )


def offload_of(shape: Shape, gso_size: int = 0, checksum: bool = True) -> Offload:
    inner = next(kind for kind in reversed(shape.layers) if kind in (IP4, IP6))
    transport = shape.layers[-1]
    kind = GSO[transport, inner] if gso_size else 0
    if not checksum:
        return Offload(0, kind, 0, gso_size, 0, 0)
    return Offload(1, kind, 0, gso_size, transport_offset(shape), CHECKSUM_OFFSET[transport])


def expected_segments(shape: Shape, payload: bytes, size: int, sequence: int, ident: int, flags: int) -> list[bytes]:
    starts = range(0, len(payload), size)
    return [
        build(
            shape,
            payload[start : start + size],
            sequence=sequence + start,
            ident=ident + number,
            flags=flags & ~(CWR if number else 0) & ~(0 if number == len(starts) - 1 else FIN | PSH),
        )
        for number, start in enumerate(starts)
    ]


@given(shape=shapes(), size=st.integers(0, 1500), seed=st.integers(0, 1 << 32))
@settings(max_examples=300, deadline=None)
def test_a_checksum_left_to_the_device_is_completed(native: Native, shape: Shape, size: int, seed: int) -> None:
    payload = random.Random(seed).randbytes(size)

    completed = native.complete(build(shape, payload, partial=True), offload_of(shape))

    assert completed == build(shape, payload)


@given(
    shape=shapes(),
    length=st.integers(1, 6000),
    size=st.integers(16, 1500),
    sequence=st.sampled_from((0, 0x7FFFFFFF, 0xFFFFFF00)),
    ident=st.sampled_from((0, 0xFFFE)),
    flags=st.sampled_from((ACK, ACK | PSH, ACK | FIN | PSH, ACK | CWR | PSH)),
)
@settings(max_examples=300, deadline=None)
def test_a_super_packet_becomes_the_frames_that_a_device_would_send(
    native: Native, shape: Shape, length: int, size: int, sequence: int, ident: int, flags: int
) -> None:
    payload = random.Random(length).randbytes(length)
    packet = build(shape, payload, sequence=sequence, ident=ident, flags=flags, partial=True)

    segments = native.segments(packet, offload_of(shape, size))

    assert segments == expected_segments(shape, payload, size, sequence, ident, flags)


@pytest.mark.parametrize("layers", [(ETH, IP4, TCP), (ETH, VLAN, IP6, IP6_OPTIONS, TCP), (ETH, IP4, UDP)])
def test_a_super_packet_that_a_receiver_merged_is_cut_up_too(native: Native, layers: tuple[int, ...]) -> None:
    shape, payload = Shape(layers), bytes(range(256)) * 20

    segments = native.segments(build(shape, payload), offload_of(shape, 1000, checksum=False))

    assert segments == expected_segments(shape, payload, 1000, 0, 0, ACK)


def test_the_checksum_of_sctp_is_a_crc(native: Native) -> None:
    packet = bytes(34) + bytes(8) + b"\0\0\0\0" + b"chunk"
    crc = native.library.io_crc32c(packet[34:], len(packet) - 34)

    completed = native.complete(packet, Offload(1, 0, 0, 0, 34, 8))

    assert native.library.io_crc32c(b"123456789", 9) == 0xE3069283
    assert completed == packet[:42] + crc.to_bytes(4, "little") + b"chunk"


@pytest.mark.parametrize("start", [1491, 1500, 65535])
def test_a_checksum_outside_the_frame_is_refused(native: Native, start: int) -> None:
    assert native.complete(bytes(1500), Offload(1, 0, 0, 0, start, 16)) is None


@given(packet=st.binary(min_size=0, max_size=200), offload=st.tuples(*[st.integers(0, 255)] * 4))
@settings(max_examples=500, deadline=None)
def test_a_hostile_super_packet_is_refused_or_cut_but_reads_nothing_outside(
    native: Native, packet: bytes, offload: tuple[int, int, int, int]
) -> None:
    flags, size, start, at = offload

    segments = native.segments(packet, Offload(flags & 1, (1, 4, 5, 3)[flags >> 6], 0, size, start, at))

    assert segments is None or sum(map(len, segments)) >= len(packet)


def test_a_stripped_vlan_tag_comes_back(native: Native) -> None:
    shape = Shape((ETH, IP4, TCP))
    frame, _buffer = native.frame(build(shape, b"payload", partial=True), offload_of(shape))

    ok = native.library.io_insert_vlan(ctypes.byref(frame), 0x8100, 0x2001)
    ok = ok and native.library.io_complete_checksum(ctypes.byref(frame))

    assert ok
    assert ctypes.string_at(frame.data, frame.len) == build(Shape((ETH, VLAN, IP4, TCP)), b"payload")
