"""`p4vpc flows`: what routers remember of connections."""

from __future__ import annotations

from typing import Annotated

import typer

from controller.commands.session import Output, Session, connected

COLUMNS = ("network_interface_id", "flow", "state", "expires_in", "out", "in")
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}


@connected
def flows(
    session: Session,
    network_interface: Annotated[str | None, typer.Argument(help="eni-...; else all")] = None,
    host: Annotated[str | None, typer.Option(help="on this host (operators)")] = None,
    protocol: Annotated[str | None, typer.Option(help="tcp, udp, icmp, icmpv6, or a number")] = None,
    local: Annotated[str | None, typer.Option(help="the interface's own address")] = None,
    local_port: Annotated[int | None, typer.Option(help="the interface's own port")] = None,
    remote: Annotated[str | None, typer.Option(help="the other side's address")] = None,
    remote_port: Annotated[int | None, typer.Option(help="the other side's port")] = None,
    state: Annotated[str | None, typer.Option(help="such as ESTABLISHED, SYN_SENT, UDP_STREAM")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="how many at most")] = 100,
    delete: Annotated[bool, typer.Option("--delete", help="remove those that fit, instead of showing them")] = False,
) -> None:
    """Show what routers remember of flows, with state, timeouts, windows (-o json) and counters; or remove it."""
    wanted = {
        "network_interface_id": network_interface,
        "host": host,
        "protocol": protocol,
        "local": local,
        "local_port": local_port,
        "remote": remote,
        "remote_port": remote_port,
    }
    query = {name: str(value) for name, value in wanted.items() if value is not None}
    if delete:
        if state is not None:
            raise typer.BadParameter("flows are not removed by state", param_hint="--state")
        answer = session.client.call("DELETE", "flows", query=query)
        session.say(f"{answer['deleted']} removed", answer)
        return
    query |= {"limit": str(limit)} | ({} if state is None else {"state": state})
    found = session.client.listed("flows", query)
    session.resources(found if session.output is Output.JSON else [_line(one) for one in found], COLUMNS)


def _line(flow: dict) -> dict[str, str]:
    arrow = "→" if flow["outbound"] else "←"
    protocol = PROTOCOLS.get(flow["protocol"], str(flow["protocol"]))
    ends = [f"{flow[side]}:{flow[f'{side}_port']}" for side in ("local", "remote")]
    out, back = (f"{flow[way]['packets']} / {flow[way]['octets']} B" for way in ("leaving", "coming"))
    return {
        "network_interface_id": flow["network_interface_id"],
        "flow": f"{protocol} {ends[0]} {arrow} {ends[1]}",
        "state": flow["state"],
        "expires_in": f"{flow['expires_in']:.0f} s",
        "out": out,
        "in": back,
    }
