"""Subnets: ranges of a VPC, each associated with a route table or following the main one."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network

from controller.actions.common import put, remove, within_quota
from controller.errors import RequestError
from controller.model import RouteTable, Subnet, Vpc
from controller.model.ids import new_id
from controller.model.transaction import Transaction


def create_subnet(
    tx: Transaction,
    vpc_id: str,
    cidr_block: IPv4Network,
    *,
    ipv6_cidr_block: IPv6Network | None = None,
    name: str = "",
) -> Subnet:
    """A subnet that follows the main route table."""
    vpc = tx.get(Vpc, vpc_id, "vpc_id")
    have = tx.model.count(Subnet, "vpc", vpc.id)
    within_quota(tx, vpc.account_id, "SubnetLimitExceeded", have, lambda quotas: quotas.subnets_per_vpc)
    return put(tx, Subnet(new_id("subnet"), name, vpc.id, cidr_block, "", ipv6_cidr_block, vpc.account_id))


def rename_subnet(tx: Transaction, subnet_id: str, name: str) -> Subnet:
    """Gives the subnet another name."""
    return put(tx, replace(tx.get(Subnet, subnet_id), name=name))


def delete_subnet(tx: Transaction, subnet_id: str) -> None:
    """Removes a subnet without network interfaces."""
    remove(tx, tx.get(Subnet, subnet_id))


def associate_route_table(tx: Transaction, subnet_id: str, route_table_id: str) -> Subnet:
    """Makes the subnet use a route table of its VPC, instead of another or the main one."""
    subnet = tx.get(Subnet, subnet_id, "subnet_id")
    table = tx.get(RouteTable, route_table_id, "route_table_id")
    return put(tx, replace(subnet, route_table_id=table.id))


def disassociate_route_table(tx: Transaction, subnet_id: str, route_table_id: str) -> Subnet:
    """Makes the subnet follow the main route table again."""
    subnet = tx.get(Subnet, subnet_id, "subnet_id")
    table = tx.get(RouteTable, route_table_id, "route_table_id")
    if subnet.route_table_id != table.id:
        text = f"'{subnet.id}' is not associated with '{table.id}'"
        raise RequestError("InvalidAssociationID.NotFound", text, "subnet_id")
    return put(tx, replace(subnet, route_table_id=""))
