"""`p4vpc hyperplane`: what can be said about shuffle sharding before a packet flows."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.bar import Bar
from rich.console import Console
from rich.table import Table

from controller.hyperplane.overlap import Overlap, ShardError, expected_overlap, overlaps, significant
from controller.hyperplane.shards import bounded_plan

hyperplane = typer.Typer(help="Hyperplane: shards, buckets and nodes.", no_args_is_help=True)
hyperplane.callback()(lambda: None)


@hyperplane.command()
def overlap(
    nodes: Annotated[int, typer.Option(help="how many nodes there are")] = 8,
    shard: Annotated[int, typer.Option(help="how many of them a customer gets")] = 3,
    bound: Annotated[
        int | None, typer.Option(help="share at most so many: figures given that, and the capacity")
    ] = None,
    plot: Annotated[bool, typer.Option("--plot", help="draw the figures as bars")] = False,
) -> None:
    """How likely two customers share 0, 1, 2, ... nodes, with shards chosen at random."""
    try:
        found = overlaps(nodes, shard, bound)
        Console().print(_table(nodes, shard, found))
        typer.echo(f"mean overlap {significant(expected_overlap(nodes, shard))} nodes")
        if bound is not None and bound < shard:
            plan = bounded_plan(nodes, shard, bound)
            typer.echo(f"guaranteed for every pair: {plan.capacity} customers fit, more than {plan.most} cannot")
    except ShardError as error:
        raise typer.BadParameter(str(error)) from None
    if plot:
        _plot(nodes, shard, found)


def _table(nodes: int, shard: int, found: tuple[Overlap, ...]) -> Table:
    table = Table(title=f"{shard} of {nodes} nodes")
    for heading in ("overlap", "shards", "percent"):
        table.add_column(heading, justify="right")
    for row in found:
        table.add_row(str(row.nodes), f"{row.shards:,}", row.percent())
    return table


def _plot(nodes: int, shard: int, found: tuple[Overlap, ...]) -> None:
    bars = Table(title=f"{shard} of {nodes} nodes, per cent", box=None, show_header=False)
    most = float(max(row.probability for row in found))
    for row in found:
        bars.add_row(str(row.nodes), Bar(most, 0, float(row.probability), width=60), row.percent())
    Console().print(bars)
