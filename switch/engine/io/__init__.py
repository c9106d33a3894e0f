"""Packet I/O: network interfaces, capture files, ticks and the CPU port."""

from switch.engine.io.errors import PacketIOError, PcapError, PortError
from switch.engine.io.files import FileIO
from switch.engine.io.packetio import PacketIO, Program
from switch.engine.io.status import IOConfig, LinkState, Mode, PortStatus

__all__ = [
    "FileIO",
    "IOConfig",
    "LinkState",
    "Mode",
    "PacketIO",
    "PacketIOError",
    "PcapError",
    "PortError",
    "PortStatus",
    "Program",
]
