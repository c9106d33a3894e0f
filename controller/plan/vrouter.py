"""The entries of a physical host's router."""

from __future__ import annotations

from collections.abc import Iterator

from controller.model import Model, NetworkInterface, PhysicalHost, RouteTable
from controller.p4rt import Entry
from controller.plan.addresses import IPV4, data_plane_address, data_plane_network, hides_ipv4
from controller.plan.edges import gateway_entries
from controller.plan.flows import FlowPlan, flow_entries
from controller.plan.mapping import MappingPlan, mapped_vpcs, mapping_entries
from controller.plan.targets import way_of
from controller.plan.underlay import host_entries
from controller.plan.vpc import vpc_entries

__all__ = ["host_entries", "interface_entries", "route_table_entries", "vrouter_entries"]


def vrouter_entries(
    model: Model, host: PhysicalHost, mapping: MappingPlan | None = None, flows: FlowPlan | None = None
) -> Iterator[Entry]:
    """Everything that the router of `host` should hold; all mappings are preloaded unless `mapping` says otherwise."""
    yield from host_entries(model, host)
    tables = {}
    for eni in model.interfaces_on(host):
        yield from interface_entries(model, eni)
        table = model.route_table_of(eni)
        tables[table.id] = table
    for table in tables.values():
        yield from route_table_entries(model, table)
    yield from flow_entries(model, host, flows or FlowPlan())
    mapping = mapping or MappingPlan()
    yield from gateway_entries(model, mapping)
    yield from mapping_entries(model, host, mapping)
    for vpc_id in mapped_vpcs(model, host, mapping):
        yield from vpc_entries(model, model.vpcs[vpc_id], host, mapping)


def interface_entries(model: Model, eni: NetworkInterface) -> Iterator[Entry]:
    """What a router holds about an interface at one of its ports."""
    vpc = model.vpcs[eni.vpc_id]
    subnet = model.subnets[eni.subnet_id]
    yield Entry(
        "eni_port",
        {"port": eni.port},
        "from_eni",
        eni=eni.number,
        vpc=vpc.number,
        route_table=model.route_table_of(eni).number,
        mac=eni.mac,
        router=subnet.cidr_block[1],
        router_ipv6=subnet.ipv6_cidr_block[1] if subnet.ipv6_cidr_block else 0,
    )
    yield Entry("local_eni", {"vpc": vpc.number, "eni": eni.number}, "here", port=eni.port, mac=eni.mac)
    for address in eni.addresses:
        yield Entry("eni_address", {"eni": eni.number, "address": data_plane_address(address)}, "own")
    if not eni.source_dest_check:
        yield Entry("source_dest_check", {"eni": eni.number}, "off")


def route_table_entries(model: Model, table: RouteTable) -> Iterator[Entry]:
    """The routes of a table that some interface of the host uses."""
    for route in table.routes:
        match = {"route_table": table.number, "destination": data_plane_network(route.destination)}
        way = way_of(model, table, route)
        yield Entry("route", match, way.action, **way.parameters)  # type: ignore[arg-type]
    if hides_ipv4(route.destination for route in table.routes):
        match = {"route_table": table.number, "destination": IPV4}
        yield Entry("route", match, "refuse", reason="NO_ROUTE")
