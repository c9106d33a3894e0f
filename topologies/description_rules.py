"""What a region description must fulfil beyond the shape of its fields; a ValueError names the place."""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from topologies.description import (
        FabricDescription,
        InstanceDescription,
        RegionDescription,
        RouteDescription,
        SubnetDescription,
        VpcDescription,
    )

LONGEST_SUBNET, SHORTEST_SUBNET = 28, 16  # prefix lengths, as AWS has them


GATEWAYS = ("igw", "eigw")  # what a route of a VPC may lead to by these names: it has at most one of each


def check_region(region: RegionDescription) -> None:
    """Names that exist and are used once, addresses that nobody else has, links between two different hosts."""
    _check_underlay(region)
    if region.mapping.gateway is not None:
        _known("mapping.gateway", "host", region.mapping.gateway, region.hosts)
    elif region.mapping.policy == "gateway":
        raise ValueError("mapping.gateway: the policy gateway needs one")
    seen: set[str] = set(region.hosts)
    if region.fabric is not None:
        _check_fabric(region.fabric, region.hosts)
        seen |= {*region.fabric.spines, *region.fabric.leaves}
    for name, account in region.accounts.items():
        if list(region.accounts.values()).count(account) > 1:
            raise ValueError(f"accounts.{name}: another account is {account}")
    for vpc_name, vpc in region.vpcs.items():
        if vpc.account is not None:
            _known(f"vpcs.{vpc_name}.account", "account", vpc.account, region.accounts)
        _check_vpc(f"vpcs.{vpc_name}", vpc, region.hosts)
        for name in vpc.instances:
            if name in seen:
                raise ValueError(f"vpcs.{vpc_name}.instances.{name}: another instance or a host has this name")
            seen.add(name)


def _check_underlay(region: RegionDescription) -> None:
    for (one, a), (other, b) in combinations(region.hosts.items(), 2):
        if a.underlay == b.underlay:
            raise ValueError(f"hosts.{other}.underlay: {one} has the address {b.underlay} already")
    linked: set[frozenset[str]] = set()
    for link in region.links:
        for end in link:
            _known("links", "host", end, region.hosts)
        if link[0] == link[1]:
            raise ValueError(f"links: {link[0]} cannot be linked to itself")
        if frozenset(link) in linked:
            raise ValueError(f"links: {link[0]} and {link[1]} are linked already")
        linked.add(frozenset(link))


def _check_fabric(fabric: FabricDescription, hosts: Collection[str]) -> None:
    routers = [*fabric.spines, *fabric.leaves]
    if not fabric.spines or not fabric.leaves:
        raise ValueError("fabric: needs spines and leaves")
    for name in routers:
        if routers.count(name) > 1 or name in hosts:
            raise ValueError(f"fabric: {name} is the name of two things")
    hung: dict[str, str] = {}
    for leaf, names in fabric.leaves.items():
        for host in names:
            _known(f"fabric.leaves.{leaf}", "host", host, hosts)
            if hung.setdefault(host, leaf) != leaf or names.count(host) > 1:
                raise ValueError(f"fabric.leaves.{leaf}: {host} hangs on {hung[host]} already")
    loose = [host for host in hosts if host not in hung]
    if loose:
        raise ValueError(f"fabric.leaves: {loose[0]} hangs on no leaf")


def _check_vpc(where: str, vpc: VpcDescription, hosts: Collection[str]) -> None:
    for name, subnet in vpc.subnets.items():
        _check_subnet(f"{where}.subnets.{name}", subnet, vpc)
        if subnet.route_table is not None:
            _known(f"{where}.subnets.{name}", "route table", subnet.route_table, vpc.route_tables)
    for name, routes in vpc.route_tables.items():
        _check_routes(f"{where}.route_tables.{name}", routes, vpc)
    for (one, a), (other, b) in combinations(vpc.subnets.items(), 2):
        if a.cidr.overlaps(b.cidr) or (a.ipv6_cidr and b.ipv6_cidr and a.ipv6_cidr.overlaps(b.ipv6_cidr)):
            raise ValueError(f"{where}.subnets.{other}: overlaps with {one}")
    owners: dict[object, str] = {}
    for name, instance in vpc.instances.items():
        place = f"{where}.instances.{name}"
        _known(place, "host", instance.host, hosts)
        _known(place, "subnet", instance.subnet, vpc.subnets)
        _check_address(place, instance, vpc.subnets[instance.subnet])
        for address in (instance.address, instance.ipv6_address):
            if address is not None and owners.setdefault(address, name) != name:
                raise ValueError(f"{place}: {owners[address]} has the address {address} already")


def _check_subnet(place: str, subnet: SubnetDescription, vpc: VpcDescription) -> None:
    if not SHORTEST_SUBNET <= subnet.cidr.prefixlen <= LONGEST_SUBNET:
        raise ValueError(f"{place}: {subnet.cidr} is not between /{SHORTEST_SUBNET} and /{LONGEST_SUBNET}")
    if not subnet.cidr.subnet_of(vpc.cidr):
        raise ValueError(f"{place}: {subnet.cidr} is not inside {vpc.cidr}")
    if subnet.ipv6_cidr is None:
        return
    if vpc.ipv6_cidr is None:
        raise ValueError(f"{place}: the VPC has no ipv6_cidr")
    if not subnet.ipv6_cidr.subnet_of(vpc.ipv6_cidr):
        raise ValueError(f"{place}: {subnet.ipv6_cidr} is not inside {vpc.ipv6_cidr}")


def _check_routes(place: str, routes: Collection[RouteDescription], vpc: VpcDescription) -> None:
    taken: set[object] = {vpc.cidr, vpc.ipv6_cidr}
    for route in routes:
        if route.target != "blackhole":
            _known(place, "target", route.target, ("blackhole", *GATEWAYS, *vpc.instances))
        if route.to in taken:
            raise ValueError(f"{place}: there are two routes to {route.to}")
        taken.add(route.to)


def _check_address(place: str, instance: InstanceDescription, subnet: SubnetDescription) -> None:
    block = subnet.cidr
    if instance.address not in block:
        raise ValueError(f"{place}: {instance.address} is not inside the subnet {block}")
    if instance.address in {block[i] for i in (0, 1, 2, 3, -1)}:
        raise ValueError(f"{place}: {instance.address} is reserved in every subnet")
    wanted = instance.ipv6_address
    if wanted is not None and (subnet.ipv6_cidr is None or wanted not in subnet.ipv6_cidr):
        raise ValueError(f"{place}: {wanted} is not inside the subnet {subnet.ipv6_cidr}")


def _known(place: str, kind: str, name: str, names: Collection[str]) -> None:
    if name not in names:
        raise ValueError(f"{place}: no {kind} is called {name!r} (there are {', '.join(names)})")
