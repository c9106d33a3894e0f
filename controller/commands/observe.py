"""`p4vpc explain`, `drops` and `top`: looking into running switches."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.tree import Tree

from controller.commands.session import Output, Session, connected

_VERDICT_STYLE = {"dropped": "red", "delivered": "green"}


@connected
def explain(
    session: Session,
    source: Annotated[str, typer.Argument(help="who sends: i-..., eni-..., or an instance's name")],
    to: Annotated[str | None, typer.Option(help="where to: an address")] = None,
    protocol: Annotated[str, typer.Option(help="tcp, udp, icmp, or a number")] = "icmp",
    port: Annotated[int, typer.Option(help="of the destination")] = 80,
    from_port: Annotated[int, typer.Option(help="of the source; the identifier of a ping")] = 40000,
    from_address: Annotated[str | None, typer.Option(help="another source address than the sender's own")] = None,
    flags: Annotated[str, typer.Option(help="of TCP, such as S, SA, PA")] = "S",
    length: Annotated[int | None, typer.Option(help="bytes of the IP packet")] = None,
    frame: Annotated[str | None, typer.Option(help="a whole Ethernet frame, hexadecimal, instead")] = None,
    live: Annotated[bool, typer.Option("--live", help="really send it, behind the explanation")] = False,
) -> None:
    """Show the way of a packet, switch by switch: tables, entries, plugins, and why it is dropped (operators)."""
    wanted: dict[str, Any] = {
        "source_id": _id_of(session, source),
        "destination": to,
        "protocol": protocol,
        "source": from_address,
        "source_port": from_port,
        "destination_port": port,
        "flags": flags,
        "length": length,
        "frame": frame,
        "live": live,
    }
    body = {name: value for name, value in wanted.items() if value is not None}
    walk = session.client.call("POST", "explanations", body)
    if session.output is Output.JSON:
        session.say("", walk)
    else:
        Console().print(_tree(walk))


@connected
def drops(
    session: Session,
    network_interface: Annotated[str | None, typer.Argument(help="eni-...; else all")] = None,
    watch: Annotated[float, typer.Option(min=0, help="show again every so many seconds, what is new")] = 0,
) -> None:
    """Show what was dropped, by interface and reason, the most first."""
    query = {} if network_interface is None else {"network_interface_id": network_interface}
    seen: dict[tuple[str, str], int] = {}
    while True:
        found = session.client.listed("drops", query)
        new = [one | {"new": one["packets"] - seen.get(_key(one), 0)} for one in found]
        columns = ["network_interface_id", "host", "reason", "packets", "bytes", *(["new"] if seen else [])]
        session.resources([one for one in new if one["new"]], columns)
        if not watch:
            return
        seen = {_key(one): one["packets"] for one in found} or {("", ""): 0}
        time.sleep(watch)


@connected
def top(
    session: Session,
    interval: Annotated[float, typer.Option(min=0.1, help="seconds over which rates are taken")] = 2.0,
    count: Annotated[int, typer.Option(min=1, help="how many interfaces")] = 10,
    rounds: Annotated[int, typer.Option(min=0, help="how often; 0: until it is stopped")] = 1,
) -> None:
    """Show the busiest interfaces."""
    before, when = session.client.listed("traffic"), time.monotonic()
    done = 0
    while not rounds or done < rounds:
        time.sleep(interval)
        after, now = session.client.listed("traffic"), time.monotonic()
        lines = sorted(_rates(before, after, now - when), key=lambda line: -line["mbit_s"])
        session.resources(lines[:count], ("network_interface_id", "host", "mbit_s", "packets_s_out", "packets_s_in"))
        before, when, done = after, now, done + 1


def _rates(before: list[dict[str, Any]], after: list[dict[str, Any]], seconds: float) -> list[dict[str, Any]]:
    old = {one["network_interface_id"]: one for one in before}
    lines = []
    for one in after:
        then = old.get(one["network_interface_id"], one)
        moved = {name: max(one[name] - then[name], 0) for name in one if name.endswith(("_in", "_out"))}
        lines.append(
            {
                "network_interface_id": one["network_interface_id"],
                "host": one["host"],
                "mbit_s": round((moved["bytes_in"] + moved["bytes_out"]) * 8 / seconds / 1e6, 3),
                "packets_s_out": round(moved["packets_out"] / seconds),
                "packets_s_in": round(moved["packets_in"] / seconds),
            }
        )
    return lines


def _key(count: dict[str, Any]) -> tuple[str, str]:
    return count["network_interface_id"], count["reason"]


def _id_of(session: Session, source: str) -> str:
    if source.startswith(("i-", "eni-")):
        return source
    instances = session.client.items("instances", {"name": source})
    return next((instance["id"] for instance in instances if instance["name"] == source), source)


def _tree(walk: dict[str, Any]) -> Tree:
    tree = Tree("[bold]" + (_summary(walk) or "nothing leaves") + "[/]")
    for hop in walk["hops"]:
        branch = tree.add(f"[bold]{hop['host']}[/] port {hop['port']}")
        for step in hop["steps"]:
            plugin = f"[cyan]{step['plugin']}[/] " if step["plugin"] else ""
            branch.add(plugin + _plain(step["text"]))
        for verdict in hop["verdicts"]:
            style = _VERDICT_STYLE.get(verdict.partition(" ")[0].rstrip(":"), "yellow")
            branch.add(f"[{style}]{_plain(verdict)}[/]")
    return tree


def _summary(walk: dict[str, Any]) -> str:
    words = [f"delivered to {arrival['at']}" for arrival in walk["delivered"]]
    words += [f"dropped by {drop['host']}: {drop['reason']}" for drop in walk["dropped"]]
    return _plain(", ".join(words))


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
