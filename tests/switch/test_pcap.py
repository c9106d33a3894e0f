"""Capture files: both byte orders, both time units, and clear words about broken ones."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.engine.io import PcapError
from switch.engine.io.pcap import Capture, PcapReader, PcapWriter


def read_all(data: bytes) -> list[Capture]:
    reader = PcapReader(io.BytesIO(data).read, "t_in.pcap")
    return list(iter(reader.next, None))


def written(*packets: bytes) -> bytes:
    file = io.BytesIO()
    writer = PcapWriter(file)
    for number, packet in enumerate(packets):
        writer.write(packet, number * 1_000_001_000)
    return file.getvalue()


@given(st.lists(st.binary(max_size=100)))
def test_what_was_written_is_read_again(packets: list[bytes]) -> None:
    captures = read_all(written(*packets))

    assert [capture.data for capture in captures] == packets
    assert [capture.time_ns for capture in captures] == [number * 1_000_001_000 for number in range(len(packets))]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit_ns"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_every_flavour_of_classic_pcap_is_read(order: str, magic: int, unit_ns: int) -> None:
    header = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    record = struct.pack(order + "IIII", 7, 42, 3, 3) + b"abc"

    assert read_all(header + record) == [Capture(7_000_000_000 + 42 * unit_ns, b"abc")]


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (0, "cut off in the file header"),
        (23, "cut off in the file header"),
        (30, "cut off in the header of packet 1"),
        (41, "cut off in packet 1"),
        (45, "cut off in the header of packet 2"),
    ],
)
def test_a_truncated_file_is_a_clear_error(length: int, words: str) -> None:
    whole = written(b"abc", b"def")

    with pytest.raises(PcapError, match=f"t_in.pcap: {words}"):
        read_all(whole[:length])


def test_something_else_is_not_taken_for_a_capture() -> None:
    with pytest.raises(PcapError, match="not a pcap file"):
        read_all(b"\x0a\x0d\x0d\x0a" + bytes(40))


def test_a_packet_that_was_captured_in_part_is_refused() -> None:
    file = io.BytesIO()
    PcapWriter(file).write(b"abc", 0, 1500)

    with pytest.raises(PcapError, match="packet 1 holds 3 of its 1500 bytes"):
        read_all(file.getvalue())
