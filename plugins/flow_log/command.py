"""`p4vpc flow-logs`: what was logged, as text and by SQL. It reads the folder that the controller writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from .query import QueryError, query
from .store import Store, default_folder

flow_logs = typer.Typer(help="Look into flow logs.", no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option(help="where they are kept; else $P4VPC_FLOW_LOGS, else ./flow-logs")]


@flow_logs.command("query")
def query_flow_logs(
    sql: Annotated[str, typer.Argument(help="about the table flow_logs")],
    folder: Folder = None,
    output: Annotated[str, typer.Option("--output", "-o", help="text or json")] = "text",
) -> None:
    """Query records by SQL; fields are columns, such as interface_id or pkt_srcaddr."""
    try:
        answer = query(sql, folder or default_folder())
    except QueryError as error:
        typer.echo(f"p4vpc: {error}", err=True)
        raise typer.Exit(1) from None
    if output == "json":
        typer.echo(json.dumps([dict(zip(answer.columns, row, strict=True)) for row in answer.rows], default=str))
        return
    typer.echo(" ".join(answer.columns))
    for row in answer.rows:
        typer.echo(" ".join("-" if value is None else str(value) for value in row))


@flow_logs.command("show")
def show(
    flow_log: Annotated[str, typer.Option(help="of this flow log alone")] = "",
    folder: Folder = None,
) -> None:
    """Show records in each flow log's own format."""
    for line in Store(folder or default_folder()).lines(flow_log):
        typer.echo(line)
