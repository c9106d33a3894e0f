"""`p4vpc serve`: the controller. Its API is on loopback, on a Unix socket, or with TLS anywhere."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from controller.actions.accounts import create_token
from controller.api.app import create_app
from controller.commands.plugin import installed_plugins
from controller.commands.serving import (
    OptionError,
    Switches,
    mapping_place,
    mapping_server,
    program_source,
    switch_credentials,
)
from controller.errors import ControllerError, RequestError, StoreError
from controller.flow_tables import FlowTables
from controller.loader import PluginError
from controller.loader.manager import PluginManager
from controller.model import Token
from controller.model.transaction import OPERATOR
from controller.observatory import Observatory
from controller.p4rt import ProgramError
from controller.service import Options, Service
from controller.store import Ledger, Store
from controller.store.notes import Notes, secret_of

DEFAULT_LISTEN = "127.0.0.1:8473"


class ListenError(ControllerError):
    """The API cannot listen there."""


Pem = Annotated[Path | None, typer.Option(help="PEM")]


def serve(
    store: Annotated[Path, typer.Option(help="the file that holds the region; made when it is not there")] = Path(
        "p4vpc.db"
    ),
    listen: Annotated[
        str, typer.Option(help="ADDRESS:PORT, unix:PATH, or fd:N of a socket that listens; port 0 takes a free one")
    ] = DEFAULT_LISTEN,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM; needed off this machine")] = None,
    tls_key: Pem = None,
    program: Annotated[Path | None, typer.Option(help="BMv2 JSON; else p4src/vrouter.p4 is compiled")] = None,
    p4info: Annotated[Path | None, typer.Option(help="the program's P4Info, in text format")] = None,
    mapping: Annotated[
        str | None, typer.Option(help="ADDRESS:PORT on the underlay where the mapping service listens (port 6082)")
    ] = None,
    plug_wait: Annotated[
        float, typer.Option(min=0, help="seconds that a move waits to be told that the instance is at its new host")
    ] = 0,
    seed: Annotated[str | None, typer.Option(help="make secrets from this, for labs; else they are random")] = None,
    switch_ca: Annotated[Path | None, typer.Option(help="PEM; who signs the switches' certificates")] = None,
    switch_certificate: Annotated[Path | None, typer.Option(help="PEM; shown to the switches")] = None,
    switch_key: Pem = None,
    plugin: Annotated[
        list[str] | None, typer.Option(help="load this plugin, besides those that the store says are loaded")
    ] = None,
) -> None:
    """Run the controller. The first start writes an operator's token to STORE.token, readable by its owner only."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    try:
        listener = listening(listen, secure=tls_certificate is not None)
        credentials = switch_credentials(switch_ca, switch_certificate, switch_key)
        given = program_source(program, p4info) if program or p4info else None
        place = None if mapping is None else mapping_place(mapping)
        plugins = installed_plugins()
        ledger = Ledger(Store(store, plugins.kinds))
        manager = PluginManager(plugins, ledger, given)
        first_token(ledger, store.with_name(store.name + ".token"))
        manager.want(plugin or ())
    except (ListenError, StoreError, OptionError, ProgramError, PluginError, RequestError) as error:
        typer.echo(f"p4vpc: {error}", err=True)
        raise typer.Exit(2) from None
    key = Notes(ledger.store).secret() if seed is None else secret_of(seed)
    options = Options(
        connect=Switches(credentials),
        program=manager.program,
        key=key,
        parts=manager.parts(),
        connected=manager.connected,
        plug_wait=plug_wait,
    )
    try:
        asyncio.run(running(ledger, options, listener, place, (tls_certificate, tls_key), manager))
    except OptionError as error:
        typer.echo(f"p4vpc: {error}", err=True)
        raise typer.Exit(2) from None
    finally:
        ledger.store.close()


async def running(
    ledger: Ledger,
    options: Options,
    listener: socket.socket,
    mapping: tuple[str, int] | None,
    tls: tuple[Path | None, Path | None],
    plugins: PluginManager,
) -> None:
    """Serves until a signal ends it."""
    server = None if mapping is None else await mapping_server(*mapping)
    service = Service(ledger, options, server)
    app = create_app(ledger, service.switches, plugins)
    app.state.gate.plugged = service.plugged
    app.state.gate.latencies = service.latencies
    app.state.gate.observatory = Observatory(lambda: ledger.model, service.devices, plugins.program)
    service.flow_tables = FlowTables(lambda: ledger.model, service.devices, plugins.program)
    app.state.gate.flow_tables = service.flow_tables
    app.state.gate.plugin_names = lambda: [plugin.name for plugin in plugins.loaded]
    config = uvicorn.Config(
        app,
        log_level="warning",
        ssl_certfile=tls[0],
        ssl_keyfile=tls[1],
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    try:
        config.load()
    except OSError as error:  # also what TLS complains about
        raise OptionError(f"cannot use {tls[0]} and {tls[1]}: {error}") from None
    await service.start()
    await plugins.start(service)
    typer.echo(f"listening address={address_of(listener)} store={ledger.store.path} revision={ledger.revision}")
    try:
        await uvicorn.Server(config).serve(sockets=[listener])
    finally:
        await plugins.stop()
        await service.stop()
        if server is not None:
            server.close()


def listening(listen: str, *, secure: bool) -> socket.socket:
    """A listening socket; ListenError when the address is taken, wrong, or off this machine without TLS."""
    path = listen.removeprefix("unix:")
    number = listen.removeprefix("fd:")
    try:
        if number != listen:
            return _inherited(number)
        return _unix(Path(path)) if path != listen else _tcp(listen, secure)
    except OSError as error:
        raise ListenError(f"cannot listen on {listen}: {error}") from None


def address_of(listener: socket.socket) -> str:
    """Where a socket listens, as `listen` is written."""
    name = listener.getsockname()
    if isinstance(name, str):
        return f"unix:{name}"
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"


def first_token(ledger: Ledger, path: Path) -> None:
    """Makes an operator's token when there is no operator, and writes its secret to a file of its owner's."""
    if any(not token.account_id for token in ledger.model.table(Token).values()):
        return
    path.unlink(missing_ok=True)
    with ledger.transaction(OPERATOR, "CreateToken") as tx:
        _, secret = create_token(tx, None, "operator")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret + "\n")
    typer.echo(f"wrote_token path={path}")


def _inherited(number: str) -> socket.socket:
    if not (number.isascii() and number.isdigit()):
        raise ListenError(f"{number!r} is no file descriptor")
    listener = socket.socket(fileno=int(number))
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise ListenError(f"the socket at file descriptor {number} does not listen")
    return listener


def _unix(path: Path) -> socket.socket:
    if path.is_socket() and not _answers(path):
        path.unlink()  # left behind by a controller that was killed
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(128)
    return listener


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _tcp(listen: str, secure: bool) -> socket.socket:
    host, _, port = listen.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
        number = int(port)
    except ValueError:
        raise ListenError(f"{listen!r} is neither ADDRESS:PORT nor unix:PATH") from None
    if not 0 <= number <= 65535:
        raise ListenError(f"{number} is no port")
    if not address.is_loopback and not secure:
        raise ListenError(f"{address} is reached from other machines: give --tls-certificate and --tls-key")
    return socket.create_server(
        (str(address), number), family=socket.AF_INET6 if address.version == 6 else socket.AF_INET
    )
