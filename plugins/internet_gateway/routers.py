"""What routers and edges hold for internet gateways."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Network, ip_network

from controller.model import GatewayAttachment, Model, Network, NetworkInterface
from controller.plugin import IPV4, Entry, Node, data_plane_address, data_plane_network, hides_ipv4

from .gateways import INTERNET_NEXT_HOP, Address, AddressPool, EgressOnlyInternetGateway, InternetGateway

_GLOBAL = IPv6Network("2000::/3")
_BOGONS = (  # RFC 6890, and multicast: no packet on the internet comes from there
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 224.0.0.0/4 "
    "240.0.0.0/4 ::/128 ::1/128 fc00::/7 fe80::/10 ff00::/8"
)


def router_entries(model: Model, eni: NetworkInterface) -> Iterator[Entry]:
    """From where on the internet an interface may be reached: what its routes send there."""
    routes = model.route_table_of(eni).routes
    for route in routes:
        target = model.target(route.target)
        match = {"eni": eni.number, "source": data_plane_network(route.destination)}
        if isinstance(target, InternetGateway) and target.vpc_id == eni.vpc_id:
            yield Entry("internet_gateway.to_eni.way_back", match, "open_way")
        elif isinstance(target, EgressOnlyInternetGateway):
            yield Entry("internet_gateway.to_eni.way_back", match, "answers_only")
    if hides_ipv4(route.destination for route in routes):
        yield Entry("internet_gateway.to_eni.way_back", {"eni": eni.number, "source": IPV4}, "no_way_back")


def egress_only_entries(model: Model) -> Iterator[Entry]:
    """Which gateways are egress-only."""
    for gateway in model.table(EgressOnlyInternetGateway).values():
        attachment = model.get(GatewayAttachment, gateway.id)
        if isinstance(attachment, GatewayAttachment):
            match = {"gateway": attachment.wire_number}
            yield Entry("internet_gateway.to_underlay.egress_only", match, "tracked")


def edge_entries(model: Model, node: Node) -> Iterator[Entry]:
    """Gateways, addresses, and sources that nobody on the internet has."""
    for gateway in (*model.table(InternetGateway).values(), *model.table(EgressOnlyInternetGateway).values()):
        attachment = model.get(GatewayAttachment, gateway.id)
        if isinstance(attachment, GatewayAttachment):
            yield from _gateway(model, attachment)
    for address in model.table(Address).values():
        yield from _address(model, address)
    for block in sorted(_not_outside(model), key=str):
        match = {"network": INTERNET_NEXT_HOP, "source": data_plane_network(block)}
        yield Entry("martian", match, "refuse", reason="MARTIAN")


def _gateway(model: Model, attachment: GatewayAttachment) -> Iterator[Entry]:
    vpc = model.vpcs[attachment.vpc_id]
    match = {"vpc": vpc.number, "gateway": attachment.wire_number}
    yield Entry("edge_gateway", match, "of_kind", kind="INTERNET_GATEWAY")


def ipv6_entries(model: Model) -> Iterator[Entry]:
    """IPv6 ranges of VPCs with a gateway, and the addresses in them that may send."""
    for vpc_id in sorted({attachment.vpc_id for attachment in model.table(GatewayAttachment).values()}):
        vpc = model.vpcs[vpc_id]
        for block in vpc.cidr_blocks:
            if is_global(block):
                match = {"range": block}
                yield Entry("internet_gateway.inbound.range", match, "into", vpc=vpc.number)
        for eni in model.interfaces_by_vpc.get(vpc_id, ()):
            for address in eni.addresses:
                if address.version == 6 and address in _GLOBAL:
                    match = {"vpc": vpc.number, "eni": eni.number, "address": address}
                    yield Entry("internet_gateway.outbound.source", match, "as_it_is")


def _address(model: Model, address: Address) -> Iterator[Entry]:
    eni = model.network_interfaces.get(address.network_interface_id)
    private = address.private_ip_address
    if eni is None or private is None or not model.group(InternetGateway, "vpc_id", eni.vpc_id):
        return
    vpc, host = model.vpcs[eni.vpc_id].number, model.place_of(eni)
    match = {"vpc": vpc, "eni": eni.number, "address": data_plane_address(private)}
    yield Entry("internet_gateway.outbound.source", match, "to_public", address=address.public_ip)
    match = {"address": data_plane_address(address.public_ip)}
    yield Entry(
        "internet_gateway.inbound.destination",
        match,
        "to_private",
        vpc=vpc,
        host=host or 0,
        eni=eni.number,
        address=private,
    )


def _not_outside(model: Model) -> set[Network]:
    found: set[Network] = {ip_network(block) for block in _BOGONS.split()}
    found |= {pool.cidr_block for pool in model.table(AddressPool).values()}
    for attachment in model.table(GatewayAttachment).values():
        found |= {block for block in model.vpcs[attachment.vpc_id].cidr_blocks if is_global(block)}
    return found


def is_global(block: Network) -> bool:
    """Whether an IPv6 range can be reached from the internet; unique local ones cannot."""
    return isinstance(block, IPv6Network) and block.subnet_of(_GLOBAL)
