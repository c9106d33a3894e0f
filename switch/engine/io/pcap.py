"""Classic pcap files: read either byte order, micro- or nanoseconds; write little-endian microseconds."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from switch.engine.io.errors import PcapError

ETHERNET = 1
SNAP_LENGTH = 262144
FILE_HEADER = 24
RECORD_HEADER = 16
MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}

ReadExactly = Callable[[int], bytes]


@dataclass(frozen=True)
class Capture:
    """One captured packet; `time_ns` since the epoch."""

    time_ns: int
    data: bytes


class PcapReader:
    """Reads packets one after the other.

    `read` returns the given number of bytes, or fewer at the end of the file; so files and pipes work alike. `name` is
    for error messages.
    """

    def __init__(self, read: ReadExactly, name: str) -> None:
        self._read = read
        self._name = name
        header = read(FILE_HEADER)
        if len(header) < FILE_HEADER:
            raise PcapError(f"{name}: cut off in the file header ({len(header)} of {FILE_HEADER} bytes)")
        if header[:4] not in MAGIC:
            raise PcapError(f"{name}: not a pcap file (starts with {header[:4].hex()})")
        self._order, self._unit_ns = MAGIC[header[:4]]
        self._count = 0

    def next(self) -> Capture | None:
        """The next packet, None at the end; raises PcapError for a cut-off or malformed record."""
        header = self._read(RECORD_HEADER)
        if not header:
            return None
        self._count += 1
        if len(header) < RECORD_HEADER:
            raise PcapError(f"{self._name}: cut off in the header of packet {self._count}")
        seconds, fraction, captured, length = struct.unpack(self._order + "IIII", header)
        if captured > SNAP_LENGTH:
            raise PcapError(f"{self._name}: packet {self._count} claims {captured} bytes")
        if captured != length:
            raise PcapError(f"{self._name}: packet {self._count} holds {captured} of its {length} bytes")
        data = self._read(captured)
        if len(data) < captured:
            raise PcapError(f"{self._name}: cut off in packet {self._count} ({len(data)} of {captured} bytes)")
        return Capture(seconds * 1_000_000_000 + fraction * self._unit_ns, data)


class PcapWriter:
    """Writes packets to a binary file, flushed one by one so that readers of a pipe see them at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAP_LENGTH, ETHERNET))
        file.flush()

    @classmethod
    def create(cls, path: str | Path) -> PcapWriter:
        """A writer to a new file (or a named pipe: waits for its reader)."""
        return cls(open(path, "wb"))

    def write(self, data: bytes, time_ns: int, length: int | None = None) -> None:
        """Appends a packet; `length` is its original length when `data` was cut off."""
        seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
        original = len(data) if length is None else length
        self._file.write(struct.pack("<IIII", seconds, nanoseconds // 1000, len(data), original) + data)
        self._file.flush()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
