"""The entries of an edge: its ports outside, and for VPCs with a gateway who may send and where addresses are."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Network

from controller.model import EdgePort, GatewayAttachment, Model, NetworkInterface, PhysicalHost
from controller.p4rt import Entry
from controller.plan.addresses import data_plane_address
from controller.plan.edges import NETWORKS
from controller.plan.mapping import MappingPlan
from controller.plan.underlay import host_entries

_EVERYWHERE = (IPv6Network("::ffff:0:0/96"), IPv6Network("::/0"))


def blackfoot_entries(model: Model, host: PhysicalHost, plan: MappingPlan) -> Iterator[Entry]:
    """Everything that the edge should hold, without what plugins add."""
    yield from edge_entries(model, host)
    for port in model.group(EdgePort, "host", host.id):
        yield from edge_port_entries(port)
    for vpc_id in vpcs_at_edges(model):
        for eni in model.interfaces_by_vpc.get(vpc_id, ()):
            yield from edge_interface_entries(model, eni, plan)


def edge_entries(model: Model, host: PhysicalHost) -> Iterator[Entry]:
    """What an edge holds about its place on the underlay."""
    yield from host_entries(model, host)
    yield Entry("edge_address", {"address": data_plane_address(host.address)}, "own_address")


def edge_port_entries(port: EdgePort) -> Iterator[Entry]:
    """A port outside: its addresses, and the ways through it."""
    number = NETWORKS[port.network]
    own = {"address": port.address, "address_ipv6": port.ipv6_address or 0}
    yield Entry("outside_port", {"port": port.port}, "outside", network=number, mac=port.mac, **own)
    for address in (port.address, port.ipv6_address):
        if address is not None:
            yield Entry("edge_address", {"address": data_plane_address(address)}, "own_address")
    for destination in _EVERYWHERE if port.ipv6_address else _EVERYWHERE[:1]:
        match = {"network": number, "destination": destination}
        way = {"port": port.port, "mac": port.mac, "next_hop": port.next_hop, "mtu": port.mtu}
        yield Entry("outside_route", match, "via", **way, **own)


def edge_interface_entries(model: Model, eni: NetworkInterface, plan: MappingPlan) -> Iterator[Entry]:
    """From which hosts an interface may send through the edge, and where its addresses are."""
    if not eni.host_id:
        return
    vpc = model.vpcs[eni.vpc_id].number
    move = plan.move_of(eni.id)
    places = {eni.host_id} if move is None else {eni.host_id, move.old_host_id}
    for place in sorted(places):
        match = {"vpc": vpc, "eni": eni.number, "host": model.hosts[place].address}
        yield Entry("trusted_source", match, "trusted")
    home = eni.host_id if move is None or move.phase == "announced" else move.old_host_id
    for address in eni.addresses:
        match = {"vpc": vpc, "address": data_plane_address(address)}
        yield Entry("edge_mapping", match, "to_host", host=model.hosts[home].address, eni=eni.number)


def vpcs_at_edges(model: Model) -> list[str]:
    """The VPCs with a gateway."""
    return sorted({attachment.vpc_id for attachment in model.table(GatewayAttachment).values()})
