"""Verbs on resources that exist: routes, associations, attachments, moves; and questions about the region."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from controller.commands.resources import create, delete, kind_of
from controller.commands.session import Session, connected

RouteTableId = Annotated[str, typer.Argument(help="rtb-...")]
Destination = Annotated[str, typer.Option(help="a CIDR block")]
InterfaceId = Annotated[str, typer.Argument(help="eni-...")]


@connected
def rename(
    session: Session, resource_id: Annotated[str, typer.Argument()], name: Annotated[str, typer.Argument()]
) -> None:
    """Give a resource another name."""
    answer = session.client.call("PATCH", f"{kind_of(resource_id).path}/{resource_id}", {"name": name})
    session.resource(answer["resource"])


@connected
def create_route(
    session: Session,
    route_table_id: RouteTableId,
    destination: Destination,
    target: Annotated[str, typer.Option(help="blackhole, or the id of what gets the packets")],
) -> None:
    """Add a route to a route table."""
    body = {"destination": destination, "target": target}
    session.resource(session.client.call("POST", f"route-tables/{route_table_id}/routes", body)["resource"])


@connected
def delete_route(session: Session, route_table_id: RouteTableId, destination: Destination) -> None:
    """Remove a route from a route table."""
    query = {"destination": destination}
    answer = session.client.call("DELETE", f"route-tables/{route_table_id}/routes", query=query)
    session.resource(answer["resource"])


PeeringId = Annotated[str, typer.Argument(help="pcx-...")]


@connected
def accept(session: Session, peering_id: PeeringId) -> None:
    """Accept a peering that was asked for."""
    session.resource(session.client.call("POST", f"vpc-peering-connections/{peering_id}/accept")["resource"])


@connected
def reject(session: Session, peering_id: PeeringId) -> None:
    """Refuse a peering that was asked for."""
    session.resource(session.client.call("POST", f"vpc-peering-connections/{peering_id}/reject")["resource"])


@connected
def associate(session: Session, subnet_id: Annotated[str, typer.Argument()], route_table_id: RouteTableId) -> None:
    """Make a subnet use a route table."""
    path = f"route-tables/{route_table_id}/associations"
    session.resource(session.client.call("POST", path, {"subnet_id": subnet_id})["resource"])


@connected
def attach(
    session: Session,
    network_interface_id: InterfaceId,
    instance_id: Annotated[str, typer.Argument(help="i-...")],
    device_index: Annotated[int, typer.Option(help="as which interface of the instance")] = 1,
) -> None:
    """Give a network interface to an instance."""
    body = {"instance_id": instance_id, "device_index": device_index}
    session.resource(
        session.client.call("PUT", f"network-interfaces/{network_interface_id}/attachment", body)["resource"]
    )


@connected
def detach(session: Session, network_interface_id: InterfaceId) -> None:
    """Take a network interface from its instance."""
    answer = session.client.call("DELETE", f"network-interfaces/{network_interface_id}/attachment")
    session.resource(answer["resource"])


@connected
def move(
    session: Session,
    instance_id: Annotated[str, typer.Argument(help="i-...")],
    host: Annotated[str, typer.Option(help="host-..., or the host's name")],
) -> None:
    """Move an instance to another host (operators)."""
    if not host.startswith("host-"):
        host = next((found["id"] for found in session.client.items("hosts") if found["name"] == host), host)
    session.resource(session.client.call("PATCH", f"instances/{instance_id}", {"host_id": host})["resource"])


@connected
def history(
    session: Session,
    resource_id: Annotated[str | None, typer.Argument(help="only what happened to this")] = None,
    limit: Annotated[int, typer.Option(min=1, help="how many at most")] = 20,
) -> None:
    """Show who changed what and when, newest first."""
    query = {} if resource_id is None else {"resource_id": resource_id}
    items = list(session.client.items("history", query, limit))
    if session.output.value == "table":
        items = [_line(item) for item in items]
    session.resources(items, ("revision", "time", "who", "action", "id", "change"))


@connected
def status(session: Session) -> None:
    """Show the revision, how far the switches are, and how much there is."""
    session.resource(session.client.call("GET", "status"))


modify = typer.Typer(help="Change settings of hosts and of the region (operators).", no_args_is_help=True)


@modify.command("host")
@connected
def modify_host(
    session: Session,
    host_id: Annotated[str, typer.Argument(help="host-...")],
    switch: Annotated[str | None, typer.Option(help="HOST:PORT or unix:PATH of its P4Runtime server; '' none")] = None,
    device_id: Annotated[int | None, typer.Option(help="of the switch there")] = None,
) -> None:
    """Say where a host's router is programmed."""
    body = {"switch": switch, "device_id": device_id}
    session.resource(session.client.call("PATCH", f"hosts/{host_id}", _given(body))["resource"])


@modify.command("region")
@connected
def modify_region(
    session: Session,
    mapping_policy: Annotated[str | None, typer.Option(help="on-demand, preload or gateway")] = None,
    mapping_service: Annotated[str | None, typer.Option(help="the mapping service's underlay address")] = None,
    gateway_host_id: Annotated[str | None, typer.Option(help="host-...; '' none")] = None,
) -> None:
    """Say how routers learn who hosts what."""
    body = {"mapping_policy": mapping_policy, "mapping_service": mapping_service, "gateway_host_id": gateway_host_id}
    session.resource(session.client.call("PATCH", "region", _given(body))["resource"])


def _given(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


mapping = typer.Typer(help="Where addresses are.", no_args_is_help=True)


@mapping.command("show")
@connected
def mapping_show(
    session: Session,
    vpc_id: Annotated[str, typer.Argument(help="vpc-...")],
    address: Annotated[str | None, typer.Argument(help="only this address")] = None,
) -> None:
    """Show which network interface has which address, and for operators on which host."""
    query = {"vpc_id": vpc_id} | ({} if address is None else {"address": address})
    columns = ("address", "network_interface_id", "host_address", "host_id")
    session.resources(session.client.items("mappings", query), columns)


def _line(item: dict[str, Any]) -> dict[str, Any]:
    before, after = item["before"] or {}, item["after"] or {}
    changed = [
        f"{name}: {before[name]} -> {after[name]}" for name in after if name in before and before[name] != after[name]
    ]
    words = "created" if not before else "deleted" if not after else "\n".join(changed)
    when = datetime.fromtimestamp(item["time"]).astimezone().isoformat(" ", "seconds")
    return item | {"time": when, "change": words}


create.command("route")(create_route)
delete.command("route")(delete_route)
