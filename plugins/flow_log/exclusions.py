"""Traffic that flow logs leave out, as AWS does: what instances have with the services of the network itself."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from controller.model import Subnet, Vpc
from controller.plugin import UDP

from .rows import Address, RowKey

RESOLVER = IPv4Address("169.254.169.253")
SERVICES = frozenset({RESOLVER, IPv4Address("169.254.169.254"), IPv4Address("169.254.169.123")})
_DHCP = frozenset({67, 68})


def excluded(row: RowKey, vpc: Vpc, subnet: Subnet) -> bool:
    """Whether the flow is with the resolver, the metadata or time service, DHCP, or the subnet's router."""
    if row.protocol == UDP and {row.source_port, row.destination_port} == _DHCP:
        return True
    remote = row.destination if row.egress else row.source
    return remote in SERVICES or remote in own_services(vpc, subnet)


def own_services(vpc: Vpc, subnet: Subnet) -> set[Address]:
    """The VPC's resolver and the subnet's router."""
    resolvers = {block[2] for block in vpc.cidr_blocks[:1] if isinstance(block, IPv4Network)}
    return {*resolvers, *(block[1] for block in subnet.blocks())}
