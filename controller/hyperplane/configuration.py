"""A node's configuration as bytes: a full, padded table of rows, its size and cost independent of what changed.

header  "HPC1" | capacity 32 | rows 32 | sequence 64 | CRC-32 of everything else
row     resource 32 | bucket 16 | flags 8 | complete 8 | epoch 32 | 3 x (node 32, incarnation 32)     36 bytes
...     rows of zeros up to the capacity
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

from controller.hyperplane.ownership import MOST_REPLICAS, Replica, Row

MAGIC = b"HPC1"
HEADER = struct.Struct(">4sIIQI")
ROW = struct.Struct(">IHBBI" + "II" * MOST_REPLICAS)
_QUIET, _SEEDED = 0x80, 0x03

Key = tuple[int, int]


class ConfigurationError(Exception):
    """Rows that do not fit, or bytes that are no configuration; the text says why."""


def encoded(rows: Mapping[Key, Row], capacity: int, sequence: int) -> bytes:
    """The configuration of (resource, bucket) -> row; always the same number of bytes for a capacity."""
    if len(rows) > capacity:
        raise ConfigurationError(f"{len(rows)} rows do not fit a configuration for {capacity}")
    body = b"".join(_row(key, row) for key, row in sorted(rows.items()))
    body += bytes(ROW.size * (capacity - len(rows)))
    head = HEADER.pack(MAGIC, capacity, len(rows), sequence, 0)
    return HEADER.pack(MAGIC, capacity, len(rows), sequence, zlib.crc32(head + body)) + body


def decoded(data: bytes) -> tuple[dict[Key, Row], int]:
    """The rows and the sequence number; ConfigurationError for anything else than what `encoded` gives."""
    if len(data) < HEADER.size:
        raise ConfigurationError("shorter than a header")
    magic, capacity, count, sequence, check = HEADER.unpack_from(data)
    if magic != MAGIC or count > capacity or len(data) != HEADER.size + ROW.size * capacity:
        raise ConfigurationError("not a configuration, or not all of it")
    body = data[HEADER.size :]
    if zlib.crc32(HEADER.pack(magic, capacity, count, sequence, 0) + body) != check:
        raise ConfigurationError("the checksum is wrong")
    rows = dict(_read(body, i * ROW.size) for i in range(count))
    return rows, sequence


def _row(key: Key, row: Row) -> bytes:
    numbers = [0] * (2 * MOST_REPLICAS)
    for place, replica in enumerate(row.replicas):
        if not isinstance(replica.node, int):
            raise ConfigurationError(f"node {replica.node!r} is no number")
        numbers[2 * place : 2 * place + 2] = [replica.node, replica.incarnation]
    flags = (_QUIET if row.quiet else 0) | row.seeded
    return ROW.pack(*key, flags, row.complete, row.epoch, *numbers)


def _read(body: bytes, at: int) -> tuple[Key, Row]:
    resource, bucket, flags, complete, epoch, *numbers = ROW.unpack_from(body, at)
    # Incarnations start at 1, so a zero is an empty place.
    replicas = tuple(Replica(n, i) for n, i in zip(numbers[::2], numbers[1::2], strict=True) if i)
    return (resource, bucket), Row(replicas, complete, epoch, bool(flags & _QUIET), flags & _SEEDED)
