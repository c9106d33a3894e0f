"""The entries of a physical host's router."""

from __future__ import annotations

from collections.abc import Iterator

from controller.model import Model, PhysicalHost
from controller.p4rt import Entry
from controller.plan.addresses import data_plane_address, data_plane_network
from controller.plan.mapping import MappingPlan, mapping_entries


def vrouter_entries(model: Model, host: PhysicalHost, mapping: MappingPlan | None = None) -> Iterator[Entry]:
    """Everything that the router of `host` should hold; all mappings are preloaded unless `mapping` says otherwise."""
    yield Entry("host_address", {"address": host.address}, "this_host")
    yield from _underlay(model, host)
    yield from _local_interfaces(model, host)
    yield from mapping_entries(model, host, mapping or MappingPlan())


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
