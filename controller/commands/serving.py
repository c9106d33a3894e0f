"""What `p4vpc serve` is made of: the program, the connections to switches, the mapping service's socket."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc

from controller.errors import ControllerError
from controller.mapping.protocol import PORT
from controller.mapping.server import MappingServer
from controller.model import PhysicalHost
from controller.p4rt import Program, SwitchDevice, TableError
from controller.programs import compiled
from controller.service.node import Connect


class OptionError(ControllerError):
    """An option that cannot be used; names it."""


def program_source(config: Path | None, p4info: Path | None) -> Callable[[], Awaitable[Program]]:
    """Gives the routers' program: these files, read now; or the project's own, compiled when it is first needed."""
    if (config is None) != (p4info is None):
        raise OptionError("--program and --p4info belong together")
    if config is not None and p4info is not None:
        given = Program(config, p4info)
        assert given.cookie  # reads both files
        return lambda: _ready(given)
    kept: list[Program] = []

    async def own() -> Program:
        if not kept:
            kept.append(await asyncio.to_thread(compiled, "vrouter"))
        return kept[0]

    return own


async def _ready(program: Program) -> Program:
    return program


def switch_credentials(ca: Path | None, certificate: Path | None, key: Path | None) -> grpc.ChannelCredentials | None:
    """Mutual TLS from three files, or None without any."""
    names = {"--switch-ca": ca, "--switch-certificate": certificate, "--switch-key": key}
    missing = [name for name, path in names.items() if path is None]
    if len(missing) == len(names):
        return None
    if missing:
        raise OptionError(f"{missing[0]} is missing: switches and controller show each other their certificates")
    found = {}
    for name, path in names.items():
        assert path is not None
        try:
            found[name] = path.read_bytes()
        except OSError as error:
            raise OptionError(f"{name}: {path}: {error.strerror}") from None
        if b"-----BEGIN " not in found[name]:
            raise OptionError(f"{name}: {path} is not PEM")
    return grpc.ssl_channel_credentials(found["--switch-ca"], found["--switch-key"], found["--switch-certificate"])


class Switches:
    """Makes connections to switches: in the clear on this machine only, with mutual TLS elsewhere."""

    def __init__(self, credentials: grpc.ChannelCredentials | None) -> None:
        self._credentials = credentials

    def __call__(self, host: PhysicalHost) -> Connect:
        """How to connect to a host's switch."""
        near = _is_near(host.switch)

        @asynccontextmanager
        async def connect():
            if not near and self._credentials is None:
                raise TableError(f"{host.switch} is on another machine: give --switch-ca, -certificate and -key")
            device = SwitchDevice(
                host.name,
                host.switch,
                device_id=host.device_id,
                election_id=time.time_ns() // 1_000_000,  # the last controller that was started is the one
                credentials=self._credentials if not host.switch.startswith("unix:") else None,
            )
            async with device:
                yield device

        return connect


def mapping_place(text: str) -> tuple[str, int]:
    """Address and port of the mapping service; OptionError when it is not IPv4 with an optional port."""
    address, _, port = text.partition(":")
    try:
        found = ipaddress.IPv4Address(address)
        number = int(port) if port else PORT
    except ValueError:
        raise OptionError(f"--mapping: {text!r} is not ADDRESS:PORT with an IPv4 address") from None
    if not 0 < number < 65536:
        raise OptionError(f"--mapping: {number} is no port")
    return str(found), number


async def mapping_server(address: str, port: int) -> MappingServer:
    """The mapping service, listening; OptionError when it cannot."""
    try:
        return await MappingServer.start(address, port=port)
    except OSError as error:
        raise OptionError(f"--mapping: cannot listen on {address}:{port}: {error.strerror or error}") from None


def _is_near(switch: str) -> bool:
    host = switch.rpartition(":")[0].strip("[]")
    if switch.startswith("unix:") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
