"""How the ways of a next hop are shared out among the devices that are alive."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address

from controller.p4rt import Entry

WAYS = 64  # NEXT_HOP_WAYS in p4src/include/sizes.p4


def next_hop_entries(number: int, devices: Sequence[IPv4Address]) -> Iterator[Entry]:
    """The ways of a next hop. Without devices there are none, and packets are dropped with NO_NEXT_HOP."""
    for way in range(WAYS):
        if devices:
            match = {"next_hop": number, "way": way}
            yield Entry("next_hop", match, "to_device", host=device_of(number, way, devices))


def device_of(number: int, way: int, devices: Sequence[IPv4Address]) -> IPv4Address:
    """The device of a way: the one with the highest hash (rendezvous hashing), so a loss moves only its own ways."""

    def weight(device: IPv4Address) -> bytes:
        return hashlib.blake2b(f"{number}/{way}/{device}".encode(), digest_size=8).digest()

    return max(devices, key=weight)
