"""VPCs: created with a main route table, several CIDR blocks of both families."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network

from controller.actions.common import number, put, remove, within_quota
from controller.errors import RequestError
from controller.model import Route, RouteTable, Vpc
from controller.model.ids import new_id
from controller.model.resources import Network
from controller.model.transaction import Transaction


def create_vpc(
    tx: Transaction,
    cidr_block: IPv4Network,
    *,
    ipv6_cidr_block: IPv6Network | None = None,
    name: str = "",
    account_id: str | None = None,
) -> Vpc:
    """A VPC and its main route table."""
    owner = tx.owner(account_id)
    within_quota(tx, owner, "VpcLimitExceeded", tx.model.count(Vpc, "account", owner), lambda quotas: quotas.vpcs)
    blocks = (cidr_block,) if ipv6_cidr_block is None else (cidr_block, ipv6_cidr_block)
    vpc_number = number(tx.model.free_number(Vpc), "VpcLimitExceeded")
    table_number = number(tx.model.free_number(RouteTable), "RouteTableLimitExceeded")
    vpc = tx.put(Vpc(new_id("vpc"), name, vpc_number, blocks, new_id("rtb"), owner))
    routes = tuple(Route(block, "local") for block in blocks)
    put(tx, RouteTable(vpc.main_route_table_id, table_number, vpc.id, routes, name, owner))
    return put(tx, vpc)


def rename_vpc(tx: Transaction, vpc_id: str, name: str) -> Vpc:
    """Gives the VPC another name."""
    return put(tx, replace(tx.get(Vpc, vpc_id), name=name))


def delete_vpc(tx: Transaction, vpc_id: str) -> None:
    """Removes the VPC with its main route table; nothing else may be left in it."""
    vpc = tx.get(Vpc, vpc_id)
    tx.delete(tx.model.route_tables[vpc.main_route_table_id])
    remove(tx, vpc)


def associate_cidr_block(tx: Transaction, vpc_id: str, block: Network) -> Vpc:
    """Adds a CIDR block, with a local route in every route table of the VPC."""
    vpc = tx.get(Vpc, vpc_id)
    have = len(vpc.cidr_blocks)
    within_quota(tx, vpc.account_id, "CidrBlockLimitExceeded", have, lambda quotas: quotas.cidr_blocks_per_vpc)
    vpc = put(tx, replace(vpc, cidr_blocks=(*vpc.cidr_blocks, block)))
    for table in tx.model.group(RouteTable, "vpc", vpc.id):
        put(tx, replace(table, routes=(*table.routes, Route(block, "local"))))
    return vpc


def disassociate_cidr_block(tx: Transaction, vpc_id: str, block: Network) -> Vpc:
    """Takes a CIDR block away that no subnet uses; the primary one stays."""
    vpc = tx.get(Vpc, vpc_id)
    if block not in vpc.cidr_blocks:
        text = f"'{vpc.id}' has no CIDR block {block}"
        raise RequestError("InvalidVpcCidrBlockAssociationID.NotFound", text, "cidr_block")
    if block == vpc.cidr_blocks[0]:
        raise RequestError("OperationNotPermitted", "The primary CIDR block stays with the VPC", "cidr_block")
    vpc = put(tx, replace(vpc, cidr_blocks=tuple(other for other in vpc.cidr_blocks if other != block)))
    for table in tx.model.group(RouteTable, "vpc", vpc.id):
        kept = tuple(route for route in table.routes if route != Route(block, "local"))
        put(tx, replace(table, routes=kept))
    return vpc
