"""Errors of packet I/O."""

from __future__ import annotations

import errno
import os

from switch.engine.errors import EngineError


class PacketIOError(EngineError):
    """Packet I/O cannot do what was asked."""


class PortError(PacketIOError):
    """A port cannot be attached or is not there."""


class PcapError(PacketIOError):
    """A capture file is malformed, cut off, or not a capture file."""


def port_error(number: int, device: str, code: int) -> PortError:
    """The error for a negative errno from the C side, in words."""
    reasons = {
        errno.ENODEV: "no such interface",
        errno.EPERM: "not permitted (raw packet sockets need root or CAP_NET_RAW)",
        errno.EEXIST: "the port number is taken",
        errno.EINVAL: "port number or interface name out of range",
        errno.ENOENT: "there is no such port",
    }
    return PortError(f"port {number}@{device}: {reasons.get(-code, os.strerror(-code))}")
