"""Sockets that listen on an address as gRPC writes it."""

import os
import socket
import stat
from contextlib import suppress

_BACKLOG = 128


class Listeners:
    """All sockets of HOST:PORT (a name may mean several) or unix:PATH; raises OSError when one cannot be bound."""

    def __init__(self, address: str):
        self._path: str | None = None
        self.sockets: list[socket.socket] = []
        try:
            if address.startswith("unix:"):
                self.address = address
                self._bind_path(address.removeprefix("unix:").removeprefix("//"))
            else:
                self.address = self._bind_host(address)
        except (OSError, ValueError, OverflowError) as error:
            self.close()
            words = f"cannot listen on {address}: the address is in use or not one of this machine's"
            raise OSError(words) from error

    def close(self) -> None:
        """Stops listening, and removes the file of a Unix socket."""
        for made in self.sockets:
            made.close()
        self.sockets = []
        if self._path is not None:
            with suppress(OSError):
                os.unlink(self._path)
            self._path = None

    def _bind_path(self, path: str) -> None:
        made = self._add(socket.AF_UNIX)
        with suppress(OSError):
            if stat.S_ISSOCK(os.stat(path).st_mode) and not _answers(path):
                os.unlink(path)
        made.bind(path)
        self._path = path
        made.listen(_BACKLOG)

    def _bind_host(self, address: str) -> str:
        host, _, number = address.rpartition(":")
        port = int(number)
        found = socket.getaddrinfo(host.strip("[]") or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, where in dict.fromkeys(found):
            made = self._add(family)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(where[0] != "::" or len(found) > 1))
            made.bind((where[0], port, *where[2:]))
            made.listen(_BACKLOG)
            port = made.getsockname()[1]
        return f"{host}:{port}"

    def _add(self, family: int) -> socket.socket:
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setblocking(False)
        self.sockets.append(made)
        return made


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0
