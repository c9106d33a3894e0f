"""What AWS demands of peerings and of routes to them."""

from __future__ import annotations

from controller.errors import RequestError
from controller.model.model import Model
from controller.model.resources import Network, RouteTable, Vpc, VpcPeeringConnection

_OPEN = ("pending-acceptance", "active")


def check_peering(model: Model, peering: VpcPeeringConnection) -> None:
    """Two different VPCs whose ranges do not overlap, and that are not peered already."""
    if peering.status not in _OPEN:
        return
    requester, accepter = (_vpc(model, vpc_id) for vpc_id in peering.vpc_ids)
    if requester.id == accepter.id:
        raise RequestError("InvalidParameterValue", "A VPC is not peered with itself", "peer_vpc_id")
    overlap = overlapping(requester, accepter)
    if overlap is not None:
        text = f"The CIDR block {overlap[0]} of '{requester.id}' overlaps {overlap[1]} of '{accepter.id}'"
        raise RequestError("InvalidParameterCombination", text, "peer_vpc_id")
    for other in model.group(VpcPeeringConnection, "vpc", requester.id):
        if other.id != peering.id and accepter.id in other.vpc_ids and other.status in _OPEN:
            text = f"'{other.id}' peers '{requester.id}' with '{accepter.id}' already"
            raise RequestError("VpcPeeringConnectionAlreadyExists", text, "peer_vpc_id")


def check_peers_of(model: Model, vpc: Vpc) -> None:
    """No block of the VPC overlaps one of a VPC that it is, or is about to be, peered with."""
    for peering in open_peerings(model, vpc):
        peer = _vpc(model, peering.other_vpc_id(vpc.id))
        overlap = overlapping(vpc, peer)
        if overlap is not None:
            text = f"The CIDR '{overlap[0]}' overlaps that of the peered VPC '{peer.id}'"
            raise RequestError("InvalidVpc.Range", text, "cidr_block")


def check_peering_route(table: RouteTable, peering: VpcPeeringConnection) -> None:
    """The table's VPC is one of the two."""
    if table.vpc_id not in peering.vpc_ids:
        text = f"'{peering.id}' has nothing to do with the VPC of '{table.id}'"
        raise RequestError("InvalidParameterValue", text, "target")


def open_peerings(model: Model, vpc: Vpc) -> list[VpcPeeringConnection]:
    """Those that are active or wait to be accepted."""
    return [one for one in model.group(VpcPeeringConnection, "vpc", vpc.id) if one.status in _OPEN]


def overlapping(one: Vpc, other: Vpc) -> tuple[Network, Network] | None:
    """A block of each that overlap, or None."""
    for a in one.cidr_blocks:
        for b in other.cidr_blocks:
            if type(a) is type(b) and a.overlaps(b):  # type: ignore[arg-type]
                return a, b
    return None


def _vpc(model: Model, vpc_id: str) -> Vpc:
    found = model.vpcs.get(vpc_id)
    if found is None:
        raise RequestError(Vpc.NOT_FOUND, f"The Vpc '{vpc_id}' does not exist", "peer_vpc_id")
    return found
