"""A TUN interface: what is written into it is received by the kernel at once, what the kernel sends can be read."""

from __future__ import annotations

import fcntl
import os
import struct

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000


class Tun:
    """An open TUN interface. It is gone when it is closed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))

    def send(self, packet: bytes) -> None:
        """Lets the kernel receive a packet; the kernel has dealt with it when this returns."""
        os.write(self.descriptor, packet)

    def receive(self) -> bytes | None:
        """The next packet that the kernel sent, if there is one."""
        try:
            return os.read(self.descriptor, 65536)
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Removes the interface."""
        os.close(self.descriptor)
