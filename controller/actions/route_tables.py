"""Route tables and their routes. The local routes come with the VPC's CIDR blocks and cannot be changed."""

from __future__ import annotations

from dataclasses import replace

from controller.actions.common import number, put, remove, within_quota
from controller.errors import RequestError
from controller.model import Route, RouteTable, Vpc
from controller.model.ids import new_id
from controller.model.resources import Network
from controller.model.route_rules import check_route
from controller.model.transaction import Transaction


def create_route_table(tx: Transaction, vpc_id: str, *, name: str = "") -> RouteTable:
    """A route table with the local routes."""
    vpc = tx.get(Vpc, vpc_id, "vpc_id")
    have = tx.model.count(RouteTable, "vpc", vpc.id)
    within_quota(tx, vpc.account_id, "RouteTableLimitExceeded", have, lambda quotas: quotas.route_tables_per_vpc)
    free = number(tx.model.free_number(RouteTable), "RouteTableLimitExceeded")
    routes = tuple(Route(block, "local") for block in vpc.cidr_blocks)
    return put(tx, RouteTable(new_id("rtb"), free, vpc.id, routes, name, vpc.account_id))


def rename_route_table(tx: Transaction, route_table_id: str, name: str) -> RouteTable:
    """Gives the route table another name."""
    return put(tx, replace(tx.get(RouteTable, route_table_id), name=name))


def delete_route_table(tx: Transaction, route_table_id: str) -> None:
    """Removes a route table that is neither the main one nor associated with a subnet."""
    remove(tx, tx.get(RouteTable, route_table_id))


def make_main(tx: Transaction, route_table_id: str) -> Vpc:
    """Makes the route table the one that subnets without an association follow."""
    table = tx.get(RouteTable, route_table_id)
    return put(tx, replace(tx.model.vpcs[table.vpc_id], main_route_table_id=table.id))


def create_route(tx: Transaction, route_table_id: str, destination: Network, target: str) -> RouteTable:
    """Adds a route; of several that fit a packet, the longest prefix decides."""
    table = tx.get(RouteTable, route_table_id)
    route = Route(destination, target)
    check_route(tx.model, table, route)
    have = len(table.routes)
    within_quota(tx, table.account_id, "RouteLimitExceeded", have, lambda quotas: quotas.routes_per_route_table)
    return put(tx, replace(table, routes=(*table.routes, route)))


def replace_route(tx: Transaction, route_table_id: str, destination: Network, target: str) -> RouteTable:
    """Gives an existing route another target."""
    table = tx.get(RouteTable, route_table_id)
    old = _changeable(table, destination)
    route = Route(destination, target)
    check_route(tx.model, table, route)
    return put(tx, replace(table, routes=tuple(route if other == old else other for other in table.routes)))


def delete_route(tx: Transaction, route_table_id: str, destination: Network) -> RouteTable:
    """Removes a route."""
    table = tx.get(RouteTable, route_table_id)
    old = _changeable(table, destination)
    return put(tx, replace(table, routes=tuple(route for route in table.routes if route != old)))


def _changeable(table: RouteTable, destination: Network) -> Route:
    found = next((route for route in table.routes if route.destination == destination), None)
    if found is None:
        text = f"'{table.id}' has no route with the destination {destination}"
        raise RequestError("InvalidRoute.NotFound", text, "destination")
    if found.target == "local":
        raise RequestError("InvalidParameterValue", f"The local route {destination} cannot be changed", "destination")
    return found
