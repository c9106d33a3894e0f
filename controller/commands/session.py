"""What the verbs share: the options that every one has, the connection, and tables or JSON as output."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from controller.commands.client import Client, ClientError, configuration


class Output(StrEnum):
    """How answers are printed; id and secret are for scripts."""

    TABLE = "table"
    JSON = "json"
    ID = "id"
    SECRET = "secret"


Endpoint = Annotated[str | None, typer.Option(help="http://..., https://... or unix:PATH; else P4VPC_ENDPOINT")]
Secret = Annotated[str | None, typer.Option(help="bearer token; else P4VPC_TOKEN", show_default=False)]
Form = Annotated[Output, typer.Option("--output", "-o", help="how to print")]


class Session:
    """A connection, and how to print."""

    def __init__(self, client: Client, output: Output) -> None:
        self.client = client
        self.output = output
        width = None if sys.stdout.isatty() else 400  # whoever reads a pipe wants whole lines
        self._console = Console(width=width, soft_wrap=output is Output.JSON)

    def show(self, document: Any, table: Callable[[], Table]) -> None:
        """Prints the document as JSON, or the table."""
        if self.output is Output.JSON:
            typer.echo(json.dumps(document, indent=2))
        elif self.output is Output.TABLE:
            self._console.print(table())
        else:
            for one in document if isinstance(document, list) else [document]:
                typer.echo(one.get(self.output.value, "-"))

    def resource(self, resource: dict[str, Any]) -> None:
        """Prints one resource, field by field."""

        def table() -> Table:
            made = Table(show_header=False, box=None)
            for name, value in resource.items():
                made.add_row(f"[bold]{name}[/]", text(value))
            return made

        self.show(resource, table)

    def resources(self, items: Iterable[dict[str, Any]], columns: Sequence[str]) -> None:
        """Prints a list, one line for each."""
        found = list(items)

        def table() -> Table:
            made = Table(box=None, pad_edge=False)
            for column in columns:
                made.add_column(column.replace("_", " "), no_wrap=_is_for_copying(column))
            for item in found:
                made.add_row(*(text(item.get(column)) for column in columns))
            return made

        self.show(found, table)

    def say(self, words: str, document: Any) -> None:
        """Prints words, or the document as JSON."""
        typer.echo(json.dumps(document, indent=2) if self.output is Output.JSON else words)


def _is_for_copying(column: str) -> bool:
    """Whether a column holds what the next command wants whole."""
    return column in ("id", "mac", "name") or column.endswith("_id")


def text(value: Any) -> str:
    """A value as a table shows it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(text(part) for part in value)
    if isinstance(value, dict):
        return " ".join(f"{name}={text(part)}" for name, part in value.items())
    return str(value)


def connected(verb: Callable[..., None]) -> Callable[..., None]:
    """The verb as a command: its first parameter, the session, comes from the options that every verb has."""
    own = list(inspect.signature(verb, eval_str=True).parameters.values())[1:]
    shared = [
        inspect.Parameter("endpoint", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Endpoint),
        inspect.Parameter("token", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Secret),
        inspect.Parameter("output", inspect.Parameter.KEYWORD_ONLY, default=Output.TABLE, annotation=Form),
    ]

    def command(endpoint: str | None, token: str | None, output: Output, **arguments: Any) -> None:
        try:
            client = Client(configuration(endpoint, token))
            verb(Session(client, output), **arguments)
        except ClientError as error:
            typer.echo(f"p4vpc: {error}", err=True)
            raise typer.Exit(1 if error.code else 2) from None

    parameters = [*(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own), *shared]
    command.__name__ = verb.__name__
    command.__doc__ = verb.__doc__
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command
