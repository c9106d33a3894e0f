"""The entries of a physical host's router."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from controller.model import Model, PhysicalHost, Vpc
from controller.model.resources import Address, Network
from controller.p4rt import Entry

_MAPPED = int(IPv6Address("::ffff:0.0.0.0"))


def data_plane_address(address: Address) -> IPv6Address:
    """The 128-bit form the data plane works with: IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2)."""
    return IPv6Address(_MAPPED | int(address)) if isinstance(address, IPv4Address) else address


def data_plane_network(network: Network) -> IPv6Network:
    """The same for a prefix: an IPv4 /24 becomes a /120."""
    if isinstance(network, IPv4Network):
        return IPv6Network((_MAPPED | int(network.network_address), 96 + network.prefixlen))
    return network


def vrouter_entries(model: Model, host: PhysicalHost) -> Iterator[Entry]:
    """Everything that the router of `host` should hold."""
    yield Entry("host_address", {"address": host.address}, "this_host")
    yield from _underlay(model, host)
    yield from _local_interfaces(model, host)
    for vpc in model.vpcs_on(host):
        yield from _vpc(model, host, vpc)


def _underlay(model: Model, host: PhysicalHost) -> Iterator[Entry]:
    for route in model.underlay_routes_by_host.get(host.id, ()):
        yield Entry(
            "underlay_route",
            {"host": route.destination},
            "to_underlay",
            port=route.port,
            src=host.address,
            src_mac=route.mac,
            dst_mac=route.next_hop,
        )


def _local_interfaces(model: Model, host: PhysicalHost) -> Iterator[Entry]:
    tables = {}
    for eni in model.interfaces_on(host):
        vpc = model.vpcs[eni.vpc_id]
        subnet = model.subnets[eni.subnet_id]
        table = model.route_table_of(eni)
        tables[table.id] = table
        yield Entry(
            "eni_port",
            {"port": eni.port},
            "from_eni",
            eni=eni.number,
            vpc=vpc.number,
            route_table=table.number,
            mac=eni.mac,
            router=subnet.cidr_block[1],
            router_ipv6=subnet.ipv6_cidr_block[1] if subnet.ipv6_cidr_block else 0,
        )
        yield Entry("local_eni", {"vpc": vpc.number, "eni": eni.number}, "here", port=eni.port, mac=eni.mac)
        for address in eni.addresses:
            yield Entry("eni_address", {"eni": eni.number, "address": data_plane_address(address)}, "own")
    for table in tables.values():
        for route in table.routes:
            match = {"route_table": table.number, "destination": data_plane_network(route.destination)}
            if route.target == "local":
                yield Entry("route", match, "local")
            else:
                yield Entry("route", match, "refuse", reason="BLACKHOLE")


def _vpc(model: Model, host: PhysicalHost, vpc: Vpc) -> Iterator[Entry]:
    for eni in model.interfaces_by_vpc[vpc.id]:
        home = model.hosts[eni.host_id]
        for address in eni.addresses:
            match = {"vpc": vpc.number, "address": data_plane_address(address)}
            yield Entry("mapping", match, "to_host", host=home.address, eni=eni.number)
        if home.id != host.id:
            yield Entry("trusted_source", {"vpc": vpc.number, "eni": eni.number, "host": home.address}, "trusted")
