"""Edges of a described region: which hosts they are, and their ports to the internet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from controller.model import EdgePort, PhysicalHost
from controller.model.model import FIRST_ENI_PORT
from topologies.description import RegionDescription

OUTSIDE_PORT = FIRST_ENI_PORT  # of every edge, towards the internet
BORDER_MAC = "02:73:00:00:00:01"  # of the internet's router on the network that the edges share with it


def edge_mac(host_index: int) -> str:
    """The MAC of an edge's port to the internet; hosts count from 1."""
    return f"02:73:00:00:01:{host_index:02x}"


def edge_ports(description: RegionDescription, hosts: Mapping[str, PhysicalHost]) -> Iterator[EdgePort]:
    """The ports of all edges; `hosts` are by name."""
    for index, (name, host) in enumerate(hosts.items(), start=1):
        described = description.hosts[name].internet
        if described is not None:
            yield EdgePort(
                host_id=host.id,
                port=OUTSIDE_PORT,
                network="internet",
                mac=edge_mac(index),
                next_hop=str(described.next_hop or BORDER_MAC),
                address=described.address,
                ipv6_address=described.ipv6_address,
                mtu=described.mtu,
            )
