"""Puts the P4Runtime server of a target on the network."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import grpc

from switch.options import SwitchOptions, Tls
from switch.p4runtime.server import P4RuntimeServer
from switch.target import SwitchTarget


class ServerError(Exception):
    """The server cannot listen, or its certificates cannot be used; the text is one line for the user."""


def start_server(target: SwitchTarget, options: SwitchOptions) -> P4RuntimeServer:
    """Starts serving; raises ServerError when the address is taken or not this machine's."""
    check_free(options.address)
    credentials = None if options.tls is None else _credentials(options.tls)
    try:
        server = P4RuntimeServer(target, options.address, credentials=credentials, cpu_port=options.cpu_port)
    except (OSError, ValueError) as error:
        raise ServerError(str(error)) from None
    server.start()
    return server


def check_free(address: str) -> None:
    """Raises ServerError when nothing can listen on HOST:PORT; gRPC's own words for that are hard to read."""
    if address.startswith("unix:"):
        return
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ServerError(f"--grpc-server-addr {address!r} is not HOST:PORT")
    host = host.strip("[]")
    try:
        family, kind, _, _, where = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen()
    except socket.gaierror as error:
        raise ServerError(f"--grpc-server-addr {address}: {error.strerror}") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ServerError(f"{address} is in use; is another switch serving there?") from None
        raise ServerError(f"cannot listen on {address}: {error.strerror}") from None


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    authority = None if tls.authority is None else _read(tls.authority)
    return grpc.ssl_server_credentials(
        [(_read(tls.key), _read(tls.certificate))],
        root_certificates=authority,
        require_client_auth=tls.client_auth,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ServerError(f"{path}: {error.strerror}") from None
