"""What AWS demands of a route: which targets there are, and which destinations a target may have."""

from __future__ import annotations

from controller.errors import RequestError
from controller.model.ids import kind_of
from controller.model.model import Model
from controller.model.peering_rules import check_peering_route
from controller.model.resources import (
    NetworkInterface,
    PluginResource,
    Route,
    RouteTable,
    Subnet,
    VpcPeeringConnection,
)

_BY_ID = {kind.__name__: kind for kind in (NetworkInterface, VpcPeeringConnection)}


def check_route(model: Model, table: RouteTable, route: Route) -> None:
    """The target of a new route: "blackhole", a network interface of the same VPC, a peering of it, or a plugin's."""
    if route.target == "local":
        raise RequestError("InvalidParameterValue", "Local routes come with the VPC's CIDR blocks", "target")
    if route.target == "blackhole":
        return
    target = model.target(route.target)
    if target is None or table.account_id not in _accounts(target):
        raise _no_target(route.target)
    if isinstance(target, NetworkInterface):
        if target.vpc_id != table.vpc_id:
            raise RequestError("InvalidParameterValue", f"'{target.id}' is of another VPC", "target")
        _check_middlebox(model, table, route)
        return
    _check_outside(model, table, route)
    if isinstance(target, VpcPeeringConnection):
        check_peering_route(table, target)
    else:
        target.check_route(model, table, route)


def _no_target(target: str) -> RequestError:
    """A target that is gone, or another account's, does not exist; what is no id of a target is a wrong value."""
    kind = _BY_ID.get(kind_of(target) or "")
    if kind is not None:
        return RequestError(kind.NOT_FOUND, f"The {kind.__name__} '{target}' does not exist", "target")
    text = f"'{target}' is no target of a route: blackhole, or the id of a network interface, a peering or a gateway"
    return RequestError("InvalidParameterValue", text, "target")


def _accounts(target: NetworkInterface | VpcPeeringConnection | PluginResource) -> tuple[str, ...]:
    if isinstance(target, VpcPeeringConnection):
        return (target.account_id, target.accepter_account_id)
    return (target.account_id,)


def _check_middlebox(model: Model, table: RouteTable, route: Route) -> None:
    """A destination inside the VPC is the whole range of one of its subnets, for a middlebox in front of it."""
    if not _is_inside(model, table, route):
        return
    subnets = model.group(Subnet, "vpc", table.vpc_id)
    if not any(route.destination in subnet.blocks() for subnet in subnets):
        text = f"{route.destination} is inside the VPC, but is not the CIDR block of one of its subnets"
        raise RequestError("InvalidParameterValue", text, "destination")


def _check_outside(model: Model, table: RouteTable, route: Route) -> None:
    if _is_inside(model, table, route):
        text = f"{route.destination} is inside the VPC: only a network interface can be the target"
        raise RequestError("InvalidParameterValue", text, "destination")


def _is_inside(model: Model, table: RouteTable, route: Route) -> bool:
    return any(
        type(route.destination) is type(block) and route.destination.subnet_of(block)  # type: ignore[arg-type]
        for block in model.vpcs[table.vpc_id].cidr_blocks
    )
