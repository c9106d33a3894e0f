"""Random regions on four hosts, and what their instances may expect of the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from controller.model import Model, NetworkInterface
from controller.model.resources import Address, Resource, RouteTable, Vpc
from topologies.description import RegionDescription
from topologies.region import Region, build_region

HOSTS = {"one": "172.31.0.1", "two": "172.31.0.2", "three": "172.31.0.3", "four": "172.31.0.4"}
FABRIC = {"spines": ["s1", "s2"], "leaves": {"l1": ["one", "two"], "l2": ["three", "four"]}}
POLICIES = (
    {"policy": "preload"},
    {"policy": "on-demand", "gateway": "four"},
    {"policy": "on-demand", "gateway": None},
    {"policy": "gateway", "gateway": "four"},
)
ADDRESSES = (("10.0.1.5", "fd00:10:0:1::5"), ("10.0.1.6", "fd00:10:0:1::6"), ("10.0.2.5", "fd00:10:0:2::5"))
SUBNETS = {"10.0.1": "near", "10.0.2": "far"}
DESTINATIONS = ("0.0.0.0/0", "10.0.1.6/32", "10.0.2.0/24", "192.0.2.0/24", "::/0", "fd00:10:0:2::/64")


@st.composite
def regions(draw: st.DrawFn) -> Region:
    """Two to four VPCs with the same ranges, their instances on random hosts, random routes, any miss policy."""
    vpcs = {f"v{i}": draw(_vpc(f"v{i}")) for i in range(draw(st.integers(2, 4)))}
    region = _built(draw(st.sampled_from(POLICIES)), vpcs)
    forwards = draw(st.booleans())
    return _changed(region, lambda resource: _forwarding(resource) if forwards else resource)


def everywhere(mapping: Mapping[str, str | None]) -> Region:
    """Two VPCs with the same addresses, the first on all hosts but `four`, the second on `two`, `three` and `four`."""
    places = {"v0": ("one", "two", "three"), "v1": ("two", "three", "four")}
    return _built(mapping, {name: _ranges(_instances(name, ADDRESSES, hosts), {}) for name, hosts in places.items()})


def nobody() -> Region:
    """The same hosts, and no VPCs."""
    return _built({"policy": "preload"}, {})


def _built(mapping: Mapping[str, str | None], vpcs: dict[str, Any]) -> Region:
    hosts = {name: {"underlay": address} for name, address in HOSTS.items()}
    content = {"name": "random", "hosts": hosts, "fabric": FABRIC, "mapping": mapping, "vpcs": vpcs}
    return build_region(RegionDescription.model_validate(content))


@st.composite
def _vpc(draw: st.DrawFn, name: str) -> dict[str, Any]:
    chosen = draw(st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3, unique=True))
    hosts = st.lists(st.sampled_from(list(HOSTS)), min_size=len(chosen), max_size=len(chosen))
    instances = _instances(name, chosen, draw(hosts))
    targets = st.sampled_from(["blackhole", *instances])
    routes = draw(st.dictionaries(st.sampled_from(DESTINATIONS), targets, max_size=3))
    return _ranges(instances, routes)


def _instances(name: str, addresses: Sequence[tuple[str, str]], hosts: Sequence[str]) -> dict[str, Any]:
    return {
        f"{name}-i{number}": {
            "subnet": SUBNETS[address.rpartition(".")[0]],
            "address": address,
            "ipv6_address": ipv6_address,
            "host": host,
        }
        for number, ((address, ipv6_address), host) in enumerate(zip(addresses, hosts, strict=True))
    }


def _ranges(instances: dict[str, Any], routes: Mapping[Any, str]) -> dict[str, Any]:
    tables = {"random": [{"to": to, "target": target} for to, target in routes.items()]}
    subnets = {
        "near": {"cidr": "10.0.1.0/24", "ipv6_cidr": "fd00:10:0:1::/64", "route_table": "random"},
        "far": {"cidr": "10.0.2.0/24", "ipv6_cidr": "fd00:10:0:2::/64"},
    }
    ranges = {"cidr": "10.0.0.0/16", "ipv6_cidr": "fd00:10::/56"}
    return {**ranges, "subnets": subnets, "route_tables": tables, "instances": instances}


def renumbered(region: Region, first: int) -> Region:
    """The region with numbers from `first` on, which no router has in a cache yet."""

    def moved(resource: Resource) -> Resource:
        if not isinstance(resource, Vpc | RouteTable | NetworkInterface):
            return resource
        return replace(resource, number=resource.number + first)

    return _changed(region, moved)


def _changed(region: Region, change: Callable[[Resource], Resource]) -> Region:
    return replace(region, model=Model(map(change, region.model.resources())))


def _forwarding(resource: Resource) -> Resource:
    """An interface that may send and get packets of others, as one of a router or firewall."""
    return replace(resource, source_dest_check=False) if isinstance(resource, NetworkInterface) else resource


def vpcs_by_instance(region: Region) -> dict[str, int]:
    """The number of each instance's VPC."""
    model = region.model
    return {i.name: model.vpcs[model.interface_of(i).vpc_id].number for i in model.instances.values()}


def conceded(region: Region, host: str) -> set[int]:
    """The VPCs into which a host that was taken over can send: of its own interfaces, or all when it is the gateway."""
    model, place = region.model, region.host(host)
    if region.mapping.policy != "preload" and region.mapping.gateway_host_id == place.id:
        return {vpc.number for vpc in model.vpcs.values()}
    return {vpc.number for vpc in model.vpcs_on(place)}


def expected_at(region: Region, sender: str, address: Address) -> str | None:
    """Where the longest prefix of a sender's route table brings a packet: an instance's name, or nowhere."""
    model = region.model
    eni = model.interface_of(model.instance(sender))
    routes = model.route_table_of(eni).routes
    fitting = [
        route for route in routes if address.version == route.destination.version and address in route.destination
    ]
    if not fitting:
        return None
    route = max(fitting, key=lambda route: route.destination.prefixlen)
    if route.target == "local":
        found = model.interface_at(eni.vpc_id, address)
    else:
        found = model.network_interfaces.get(route.target)
        own = found is not None and address in found.addresses and route.destination.prefixlen == address.max_prefixlen
        if found is not None and found.source_dest_check and not own:
            return None
    return found.name if found is not None else None


def pairs(region: Region) -> list[tuple[str, Address, Address]]:
    """Every instance with every address of its VPC that another one has: sender, its own address, the other's."""
    model = region.model
    return [
        (one.name, own, theirs)
        for one in model.network_interfaces.values()
        for other in model.interfaces_by_vpc[one.vpc_id]
        for own in one.addresses
        for theirs in other.addresses
        if one.id != other.id and own.version == theirs.version
    ]
