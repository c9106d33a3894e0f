"""Routes for what a customer builds a network from: VPCs, subnets, route tables."""

from __future__ import annotations

from typing import Any

from controller.actions import route_tables as tables
from controller.actions import subnets as subnet_actions
from controller.actions import vpcs as vpc_actions
from controller.api.gate import Once, TheGate, Who
from controller.api.routes import describable, listable, listable_in_vpc, router_for
from controller.api.schemas import (
    VIEWS,
    Answer,
    AnyNetwork,
    AssociateRouteTable,
    CidrBlock,
    CreateRouteTable,
    CreateSubnet,
    CreateVpc,
    One,
    Rename,
    RouteRequest,
)
from controller.model import RouteTable, Subnet, Vpc

AVpc, ASubnet, ARouteTable = One[VIEWS[Vpc]], One[VIEWS[Subnet]], One[VIEWS[RouteTable]]

vpcs = router_for("vpcs", "VPCs")
subnets = router_for("subnets", "Subnets")
route_tables = router_for("route-tables", "Route tables")

listable(vpcs, Vpc, "Vpcs")
describable(vpcs, Vpc, "Vpcs")
listable_in_vpc(subnets, Subnet, "Subnets")
describable(subnets, Subnet, "Subnets")
listable_in_vpc(route_tables, RouteTable, "RouteTables")
describable(route_tables, RouteTable, "RouteTables")


@vpcs.post("", status_code=201, response_model=AVpc, operation_id="CreateVpc")
async def create_vpc(body: CreateVpc, gate: TheGate, who: Who, once: Once) -> Any:
    """Makes a VPC with its main route table."""
    return gate.create(
        once,
        who,
        body,
        lambda tx: vpc_actions.create_vpc(
            tx, body.cidr_block, ipv6_cidr_block=body.ipv6_cidr_block, name=body.name, account_id=body.account_id
        ),
    )


@vpcs.patch("/{vpc_id}", response_model=AVpc, operation_id="ModifyVpc")
async def modify_vpc(vpc_id: str, body: Rename, gate: TheGate, who: Who) -> Any:
    """Gives a VPC another name."""
    return gate.change(who, "ModifyVpc", lambda tx: vpc_actions.rename_vpc(tx, vpc_id, body.name))


@vpcs.delete("/{vpc_id}", response_model=Answer, operation_id="DeleteVpc")
async def delete_vpc(vpc_id: str, gate: TheGate, who: Who) -> Any:
    """Removes a VPC in which nothing is left."""
    return gate.remove(who, "DeleteVpc", lambda tx: vpc_actions.delete_vpc(tx, vpc_id))


@vpcs.post("/{vpc_id}/cidr-blocks", response_model=AVpc, operation_id="AssociateVpcCidrBlock")
async def associate_cidr_block(vpc_id: str, body: CidrBlock, gate: TheGate, who: Who) -> Any:
    """Adds a CIDR block."""
    act = vpc_actions.associate_cidr_block
    return gate.change(who, "AssociateVpcCidrBlock", lambda tx: act(tx, vpc_id, body.cidr_block))


@vpcs.delete("/{vpc_id}/cidr-blocks", response_model=AVpc, operation_id="DisassociateVpcCidrBlock")
async def disassociate_cidr_block(vpc_id: str, cidr_block: AnyNetwork, gate: TheGate, who: Who) -> Any:
    """Takes a CIDR block away that no subnet uses."""
    act = vpc_actions.disassociate_cidr_block
    return gate.change(who, "DisassociateVpcCidrBlock", lambda tx: act(tx, vpc_id, cidr_block))


@subnets.post("", status_code=201, response_model=ASubnet, operation_id="CreateSubnet")
async def create_subnet(body: CreateSubnet, gate: TheGate, who: Who, once: Once) -> Any:
    """Makes a subnet."""
    return gate.create(
        once,
        who,
        body,
        lambda tx: subnet_actions.create_subnet(
            tx, body.vpc_id, body.cidr_block, ipv6_cidr_block=body.ipv6_cidr_block, name=body.name
        ),
    )


@subnets.patch("/{subnet_id}", response_model=ASubnet, operation_id="ModifySubnet")
async def modify_subnet(subnet_id: str, body: Rename, gate: TheGate, who: Who) -> Any:
    """Gives a subnet another name."""
    return gate.change(who, "ModifySubnet", lambda tx: subnet_actions.rename_subnet(tx, subnet_id, body.name))


@subnets.delete("/{subnet_id}", response_model=Answer, operation_id="DeleteSubnet")
async def delete_subnet(subnet_id: str, gate: TheGate, who: Who) -> Any:
    """Removes a subnet without network interfaces."""
    return gate.remove(who, "DeleteSubnet", lambda tx: subnet_actions.delete_subnet(tx, subnet_id))


@route_tables.post("", status_code=201, response_model=ARouteTable, operation_id="CreateRouteTable")
async def create_route_table(body: CreateRouteTable, gate: TheGate, who: Who, once: Once) -> Any:
    """Makes a route table with the local routes."""
    return gate.create(once, who, body, lambda tx: tables.create_route_table(tx, body.vpc_id, name=body.name))


@route_tables.patch("/{route_table_id}", response_model=ARouteTable, operation_id="ModifyRouteTable")
async def modify_route_table(route_table_id: str, body: Rename, gate: TheGate, who: Who) -> Any:
    """Gives a route table another name."""
    act = tables.rename_route_table
    return gate.change(who, "ModifyRouteTable", lambda tx: act(tx, route_table_id, body.name))


@route_tables.delete("/{route_table_id}", response_model=Answer, operation_id="DeleteRouteTable")
async def delete_route_table(route_table_id: str, gate: TheGate, who: Who) -> Any:
    """Removes a route table that is neither the main one nor associated with a subnet."""
    return gate.remove(who, "DeleteRouteTable", lambda tx: tables.delete_route_table(tx, route_table_id))


@route_tables.put("/{route_table_id}/main", response_model=AVpc, operation_id="ReplaceMainRouteTable")
async def replace_main(route_table_id: str, gate: TheGate, who: Who) -> Any:
    """Makes the route table the main one of its VPC; answers with the VPC."""
    return gate.change(who, "ReplaceMainRouteTable", lambda tx: tables.make_main(tx, route_table_id))


@route_tables.post("/{route_table_id}/routes", response_model=ARouteTable, operation_id="CreateRoute")
async def create_route(route_table_id: str, body: RouteRequest, gate: TheGate, who: Who) -> Any:
    """Adds a route."""
    act = tables.create_route
    return gate.change(who, "CreateRoute", lambda tx: act(tx, route_table_id, body.destination, body.target))


@route_tables.put("/{route_table_id}/routes", response_model=ARouteTable, operation_id="ReplaceRoute")
async def replace_route(route_table_id: str, body: RouteRequest, gate: TheGate, who: Who) -> Any:
    """Gives a route another target."""
    act = tables.replace_route
    return gate.change(who, "ReplaceRoute", lambda tx: act(tx, route_table_id, body.destination, body.target))


@route_tables.delete("/{route_table_id}/routes", response_model=ARouteTable, operation_id="DeleteRoute")
async def delete_route(route_table_id: str, destination: AnyNetwork, gate: TheGate, who: Who) -> Any:
    """Removes a route."""
    return gate.change(who, "DeleteRoute", lambda tx: tables.delete_route(tx, route_table_id, destination))


@route_tables.post("/{route_table_id}/associations", response_model=ASubnet, operation_id="AssociateRouteTable")
async def associate(route_table_id: str, body: AssociateRouteTable, gate: TheGate, who: Who) -> Any:
    """Makes a subnet use the route table; answers with the subnet."""
    act = subnet_actions.associate_route_table
    return gate.change(who, "AssociateRouteTable", lambda tx: act(tx, body.subnet_id, route_table_id))


@route_tables.delete(
    "/{route_table_id}/associations/{subnet_id}", response_model=ASubnet, operation_id="DisassociateRouteTable"
)
async def disassociate(route_table_id: str, subnet_id: str, gate: TheGate, who: Who) -> Any:
    """Makes a subnet follow the main route table again; answers with the subnet."""
    act = subnet_actions.disassociate_route_table
    return gate.change(who, "DisassociateRouteTable", lambda tx: act(tx, subnet_id, route_table_id))
