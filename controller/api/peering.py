"""Routes for peerings of VPCs."""

from __future__ import annotations

from typing import Any

from controller.actions import vpc_peering as actions
from controller.api.gate import Once, TheGate, Who
from controller.api.routes import describable, listable, router_for
from controller.api.schemas import VIEWS, Answer, CreateVpcPeeringConnection, One, Rename
from controller.model import VpcPeeringConnection

APeering = One[VIEWS[VpcPeeringConnection]]

peerings = router_for("vpc-peering-connections", "VPC peering connections")

listable(peerings, VpcPeeringConnection, "VpcPeeringConnections")
describable(peerings, VpcPeeringConnection, "VpcPeeringConnections")


@peerings.post("", status_code=201, response_model=APeering, operation_id="CreateVpcPeeringConnection")
async def create(body: CreateVpcPeeringConnection, gate: TheGate, who: Who, once: Once) -> Any:
    """Asks for a peering of two VPCs."""
    act = actions.create_vpc_peering_connection
    owner = body.peer_owner_id
    return gate.create(
        once, who, body, lambda tx: act(tx, body.vpc_id, body.peer_vpc_id, peer_owner_id=owner, name=body.name)
    )


@peerings.patch("/{peering_id}", response_model=APeering, operation_id="ModifyVpcPeeringConnection")
async def modify(peering_id: str, body: Rename, gate: TheGate, who: Who) -> Any:
    """Gives a peering another name."""
    act = actions.rename_vpc_peering_connection
    return gate.change(who, "ModifyVpcPeeringConnection", lambda tx: act(tx, peering_id, body.name))


@peerings.post("/{peering_id}/accept", response_model=APeering, operation_id="AcceptVpcPeeringConnection")
async def accept(peering_id: str, gate: TheGate, who: Who) -> Any:
    """Makes a peering active that another account, or the same, asked for."""
    act = actions.accept_vpc_peering_connection
    return gate.change(who, "AcceptVpcPeeringConnection", lambda tx: act(tx, peering_id))


@peerings.post("/{peering_id}/reject", response_model=APeering, operation_id="RejectVpcPeeringConnection")
async def reject(peering_id: str, gate: TheGate, who: Who) -> Any:
    """Refuses a peering that was asked for."""
    act = actions.reject_vpc_peering_connection
    return gate.change(who, "RejectVpcPeeringConnection", lambda tx: act(tx, peering_id))


@peerings.delete("/{peering_id}", response_model=Answer, operation_id="DeleteVpcPeeringConnection")
async def delete(peering_id: str, gate: TheGate, who: Who) -> Any:
    """Ends a peering."""
    act = actions.delete_vpc_peering_connection
    return gate.remove(who, "DeleteVpcPeeringConnection", lambda tx: act(tx, peering_id))
