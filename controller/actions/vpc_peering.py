"""Peerings of VPCs: asked for by one account, accepted or rejected by the other, ended by either."""

from __future__ import annotations

from dataclasses import replace

from controller.actions.common import put
from controller.errors import RequestError
from controller.model import Vpc, VpcPeeringConnection
from controller.model.ids import new_id
from controller.model.transaction import Transaction


def create_vpc_peering_connection(
    tx: Transaction, vpc_id: str, peer_vpc_id: str, *, peer_owner_id: str | None = None, name: str = ""
) -> VpcPeeringConnection:
    """Asks for a peering; it carries nothing until the owner of the peer VPC accepts.

    The peer VPC is of the same account unless `peer_owner_id` names another: guessing ids does not tell which VPCs
    another account has.
    """
    vpc = tx.get(Vpc, vpc_id, "vpc_id")
    owner = vpc.account_id if peer_owner_id is None else peer_owner_id
    peer = tx.model.vpcs.get(peer_vpc_id)
    if peer is None or peer.account_id != owner:
        raise RequestError(Vpc.NOT_FOUND, f"The Vpc '{peer_vpc_id}' does not exist", "peer_vpc_id")
    peering = VpcPeeringConnection(
        new_id("pcx"), name, vpc.id, peer.id, account_id=vpc.account_id, accepter_account_id=peer.account_id
    )
    return put(tx, peering)


def accept_vpc_peering_connection(tx: Transaction, peering_id: str) -> VpcPeeringConnection:
    """Lets packets cross, as far as the route tables of both sides say so."""
    return put(tx, replace(_pending(tx, peering_id), status="active"))


def reject_vpc_peering_connection(tx: Transaction, peering_id: str) -> VpcPeeringConnection:
    """Refuses what another account asked for."""
    return put(tx, replace(_pending(tx, peering_id), status="rejected"))


def rename_vpc_peering_connection(tx: Transaction, peering_id: str, name: str) -> VpcPeeringConnection:
    """Gives the peering another name."""
    return put(tx, replace(tx.get(VpcPeeringConnection, peering_id), name=name))


def delete_vpc_peering_connection(tx: Transaction, peering_id: str) -> None:
    """Ends a peering, from either side; routes to it become black holes."""
    tx.delete(tx.get(VpcPeeringConnection, peering_id))


def _pending(tx: Transaction, peering_id: str) -> VpcPeeringConnection:
    peering = tx.get(VpcPeeringConnection, peering_id)
    if not tx.caller.is_operator and tx.caller.account_id != peering.accepter_account_id:
        raise RequestError("OperationNotPermitted", f"Only the owner of '{peering.accepter_vpc_id}' decides")
    if peering.status != "pending-acceptance":
        raise RequestError("InvalidStateTransition", f"'{peering.id}' is {peering.status}")
    return peering
