"""What routers hold about the edges: which of them take the flows to a network outside, and that they are believed."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from controller.model import EdgePort, GatewayAttachment, Model, PhysicalHost, Vpc
from controller.p4rt import Entry
from controller.plan.mapping import MappingPlan
from controller.plan.next_hops import next_hop_entries

NETWORKS = {"internet": 1}  # networks outside, by number; the next hop of a network has the same one


def edges_of(model: Model, network: str, plan: MappingPlan) -> list[IPv4Address]:
    """The underlay addresses of the edges that reach a network and are not lost."""
    hosts = plan.alive(port.host_id for port in model.group(EdgePort, "network", network))
    return sorted(model.hosts[host_id].address for host_id in hosts)


def gateway_entries(model: Model, plan: MappingPlan) -> Iterator[Entry]:
    """What every router holds about the edges: which of them take the flows to each network."""
    for network, number in NETWORKS.items():
        if model.group(EdgePort, "network", network):
            yield from next_hop_entries(number, edges_of(model, network, plan))


def edge_trust_entries(model: Model, vpc: Vpc) -> Iterator[Entry]:
    """That a router believes what edges send into a VPC with a gateway: it comes from no interface (0)."""
    if model.group(GatewayAttachment, "vpc", vpc.id):
        for edge in model.group(PhysicalHost, "program", "blackfoot"):
            yield Entry("trusted_source", {"vpc": vpc.number, "eni": 0, "host": edge.address}, "trusted")
