"""What becomes of a route: the way that its target stands for, or a black hole when the target is gone."""

from __future__ import annotations

from ipaddress import IPv4Network

from controller.model import Model, NetworkInterface, Route, RouteTable, VpcPeeringConnection
from controller.model.resources import PluginResource
from controller.model.ways import BLACKHOLE, LOCAL, Way
from controller.plan.addresses import data_plane_address

INSIDE_MTU = 9001  # between VPCs of a region as inside one


def way_of(model: Model, table: RouteTable, route: Route) -> Way:
    """The way of one route of a table."""
    if route.target == "local":
        return LOCAL
    found = model.target(route.target)
    way = None
    if isinstance(found, NetworkInterface):
        way = _to_interface(found, route)
    elif isinstance(found, VpcPeeringConnection):
        way = _to_peer(model, table, found)
    elif isinstance(found, PluginResource):
        way = found.way(model, table)
    return BLACKHOLE if way is None else way


def route_state(model: Model, table: RouteTable, route: Route) -> str:
    """As AWS describes a route: "active", or "blackhole" when packets that take it go nowhere."""
    return "blackhole" if way_of(model, table, route) == BLACKHOLE else "active"


def _to_interface(eni: NetworkInterface, route: Route) -> Way | None:
    if not eni.host_id:
        return None
    if any(_is_only(route, address) for address in eni.addresses):
        return LOCAL
    if eni.source_dest_check:
        return Way("refuse", {"reason": "SOURCE_DEST_CHECK"})
    return Way("to_eni", {"eni": eni.number, "address": data_plane_address(eni.addresses[0])})


def _is_only(route: Route, address: object) -> bool:
    destination = route.destination
    full = 32 if isinstance(destination, IPv4Network) else 128
    return destination.prefixlen == full and destination.network_address == address


def _to_peer(model: Model, table: RouteTable, peering: VpcPeeringConnection) -> Way | None:
    if not peering.is_active or table.vpc_id not in peering.vpc_ids:
        return None
    peer = model.vpcs[peering.other_vpc_id(table.vpc_id)]
    return Way("to_vpc", {"vpc": peer.number, "mtu": INSIDE_MTU})
