"""`p4vpc serve`: runs the controller's API on loopback, a Unix socket, or with TLS anywhere."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from controller.actions.accounts import create_token
from controller.api.app import create_app
from controller.errors import ControllerError, StoreError
from controller.model import Token
from controller.model.transaction import OPERATOR
from controller.store import Committed, Ledger, Store

DEFAULT_LISTEN = "127.0.0.1:8473"


class ListenError(ControllerError):
    """The API cannot listen there."""


def serve(
    store: Annotated[Path, typer.Option(help="the file that holds the region; made when it is not there")] = Path(
        "p4vpc.db"
    ),
    listen: Annotated[str, typer.Option(help="ADDRESS:PORT or unix:PATH; port 0 takes a free one")] = DEFAULT_LISTEN,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM; needed off this machine")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM")] = None,
) -> None:
    """Run the controller. The first start writes an operator's token to STORE.token, readable by its owner only."""
    try:
        listener = listening(listen, secure=tls_certificate is not None)
        ledger = Ledger(Store(store))
        first_token(ledger, store.with_name(store.name + ".token"))
    except (ListenError, StoreError) as error:
        typer.echo(f"p4vpc: {error}", err=True)
        raise typer.Exit(2) from None
    without_switches(ledger)
    config = uvicorn.Config(
        create_app(ledger),
        log_level="warning",
        ssl_certfile=tls_certificate,
        ssl_keyfile=tls_key,
        server_header=False,
    )
    try:
        config.load()
    except OSError as error:  # also what TLS complains about
        typer.echo(f"p4vpc: cannot use {tls_certificate} and {tls_key}: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"listening address={address_of(listener)} store={store} revision={ledger.revision}")
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        ledger.store.close()


def listening(listen: str, *, secure: bool) -> socket.socket:
    """A listening socket; ListenError when the address is taken, wrong, or off this machine without TLS."""
    path = listen.removeprefix("unix:")
    try:
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


def without_switches(ledger: Ledger) -> None:
    """Where no switch has to be programmed, every revision is applied as soon as it is committed."""

    def applied(committed: Committed) -> None:
        ledger.applied(committed.revision)

    ledger.applied(ledger.revision)
    ledger.subscribe(applied)


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
