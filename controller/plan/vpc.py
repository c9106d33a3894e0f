"""What a router holds about a VPC as a whole: its peers, and interfaces that send from others' addresses."""

from __future__ import annotations

from collections.abc import Iterator

from controller.model import Model, NetworkInterface, PhysicalHost, Vpc
from controller.p4rt import Entry
from controller.plan.addresses import data_plane_network
from controller.plan.edges import edge_trust_entries
from controller.plan.mapping import MappingPlan


def vpc_entries(model: Model, vpc: Vpc, host: PhysicalHost, plan: MappingPlan) -> Iterator[Entry]:
    """Which VPC a source address belongs to that crosses into this one, and where middleboxes are."""
    for peer in model.peers(vpc):
        for block in peer.cidr_blocks:
            match = {"vpc": vpc.number, "source": data_plane_network(block)}
            yield Entry("peering", match, "from_vpc", vpc=peer.number)
    yield from edge_trust_entries(model, vpc)
    for eni in model.group(NetworkInterface, "forwarding", vpc.id):
        if eni.host_id:
            yield from _forwarder(model, vpc, eni, host, plan)


def _forwarder(model: Model, vpc: Vpc, eni: NetworkInterface, host: PhysicalHost, plan: MappingPlan) -> Iterator[Entry]:
    """Its packets are not known by their source address, nor what is for it by the destination."""
    match = {"vpc": vpc.number, "eni": eni.number}
    move = plan.move_of(eni.id)
    places = {eni.host_id} | ({move.old_host_id} if move else set())
    if not plan.holds_everything(host):
        for place in sorted(places - {host.id}):
            yield Entry("trusted_source", {**match, "host": model.hosts[place].address}, "trusted")
    if plan.serves(host) and host.id not in places:
        yield Entry("moved_eni", match, "moved_to", host=model.hosts[eni.host_id].address)
