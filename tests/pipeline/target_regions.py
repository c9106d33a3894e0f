"""A region for tests of route targets: three VPCs of different ranges, on two hosts, and a third host as gateway."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_network

from controller.model import Model, NetworkInterface, Resource, Route, VpcPeeringConnection
from controller.model.ids import stable_id
from topologies.description import RegionDescription
from topologies.region import Region, build_region

ALPHA, BETA, GAMMA = "172.31.0.1", "172.31.0.2", "172.31.0.3"
POLICIES = ("preload", "on-demand", "gateway")
ENDS = {"a": ("10.0.1.5", "alpha"), "b": ("10.1.1.5", "beta"), "c": ("10.2.1.5", "beta")}


def region(policy: str = "preload") -> Region:
    """VPCs a, b and c with an instance each (a on alpha), a-two and a-box on beta, and b-near on alpha."""
    links = [("alpha", "beta"), ("alpha", "gamma"), ("beta", "gamma")] if policy == "preload" else []
    more = {
        "a": {"a-two": ("10.0.1.6", "beta"), "a-box": ("10.0.2.9", "beta")},
        "b": {"b-near": ("10.1.1.6", "alpha")},
    }
    return build_region(
        RegionDescription.model_validate(
            {
                "name": "targets",
                "hosts": {"alpha": {"underlay": ALPHA}, "beta": {"underlay": BETA}, "gamma": {"underlay": GAMMA}},
                "links": links,
                "mapping": {"policy": policy, "gateway": None if policy == "preload" else "gamma"},
                "vpcs": {name: _vpc(name, i, more.get(name, {})) for i, name in enumerate("abc")},
            }
        )
    )


def _vpc(name: str, index: int, more: dict[str, tuple[str, str]]) -> dict[str, object]:
    instances = {name: ENDS[name], **more}
    return {
        "cidr": f"10.{index}.0.0/16",
        "subnets": {"one": f"10.{index}.1.0/24", "two": f"10.{index}.2.0/24"},
        "instances": {
            instance: {"subnet": "two" if address.split(".")[2] == "2" else "one", "address": address, "host": host}
            for instance, (address, host) in instances.items()
        },
    }


def changed(of: Region, *resources: Resource) -> Region:
    """The region with resources added or replaced."""
    return replace(of, model=Model([*of.model.resources(), *resources]))


def with_route(of: Region, vpc: str, destination: str, target: str) -> Region:
    """The region with one more route in the VPC's route table."""
    table = of.model.route_tables[stable_id("rtb", vpc)]
    return changed(of, replace(table, routes=(*table.routes, Route(ip_network(destination), target))))


def peered(of: Region, pairs: Iterable[str], status: str = "active") -> Region:
    """The region with peerings such as "ab", and routes both ways."""
    for one, other in pairs:
        peering = VpcPeeringConnection(
            stable_id("pcx", one, other), "", stable_id("vpc", one), stable_id("vpc", other), status
        )
        of = changed(of, peering)
        for here, there in ((one, other), (other, one)):
            block = of.model.vpcs[stable_id("vpc", there)].cidr_blocks[0]
            of = with_route(of, here, str(block), peering.id)
    return of


def middlebox(of: Region, *, source_dest_check: bool = False) -> Region:
    """The region in which a-box gets what VPC a sends to 203.0.113.0/24."""
    eni = interface(of, "a-box")
    of = changed(of, replace(eni, source_dest_check=source_dest_check))
    return with_route(of, "a", "203.0.113.0/24", eni.id)


def interface(of: Region, instance: str) -> NetworkInterface:
    """The first interface of an instance."""
    return of.model.interface_of(of.model.instance(instance))
