"""By which properties the model groups the resources of each kind; None as a key is no group, a frozenset several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller.model.resources import (
    Account,
    EdgePort,
    GatewayAttachment,
    Instance,
    NetworkInterface,
    PhysicalHost,
    Resource,
    RouteTable,
    Subnet,
    Token,
    UnderlayRoute,
    Vpc,
    VpcPeeringConnection,
)

KEYS: Mapping[type[Resource], Mapping[str, Callable[[Any], object]]] = {
    Account: {"name": lambda account: account.name},
    Token: {"digest": lambda token: token.digest, "account": lambda token: token.account_id},
    PhysicalHost: {
        "program": lambda host: host.program,
        "name": lambda host: host.name,
        "address": lambda host: host.address,
        "switch": lambda host: (host.switch, host.device_id) if host.switch else None,
    },
    UnderlayRoute: {"host": lambda route: route.host_id},
    EdgePort: {"host": lambda port: port.host_id, "network": lambda port: port.network},
    Vpc: {"number": lambda vpc: vpc.number, "account": lambda vpc: vpc.account_id},
    Subnet: {
        "vpc": lambda subnet: subnet.vpc_id,
        "account": lambda subnet: subnet.account_id,
        "route_table": lambda subnet: subnet.route_table_id or None,
    },
    RouteTable: {
        "number": lambda table: table.number,
        "vpc": lambda table: table.vpc_id,
        "account": lambda table: table.account_id,
    },
    GatewayAttachment: {
        "number": lambda attachment: attachment.number,
        "vpc": lambda attachment: attachment.vpc_id,
        "account": lambda attachment: attachment.account_id,
    },
    VpcPeeringConnection: {
        "vpc": lambda peering: frozenset(peering.vpc_ids),
        "account": lambda peering: frozenset((peering.account_id, peering.accepter_account_id)),
    },
    NetworkInterface: {
        "number": lambda eni: eni.number,
        "host": lambda eni: eni.host_id or None,
        "port": lambda eni: (eni.host_id, eni.port) if eni.host_id else None,
        "vpc": lambda eni: eni.vpc_id,
        "plugged": lambda eni: eni.vpc_id if eni.host_id else None,
        "subnet": lambda eni: eni.subnet_id,
        "forwarding": lambda eni: None if eni.source_dest_check else eni.vpc_id,
        "instance": lambda eni: eni.instance_id or None,
        "account": lambda eni: eni.account_id,
    },
    Instance: {
        "name": lambda instance: instance.name,
        "host": lambda instance: instance.host_id or None,
        "account": lambda instance: instance.account_id,
    },
}
