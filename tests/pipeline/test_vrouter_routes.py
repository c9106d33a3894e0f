"""Routes of other kinds than local, and an underlay with a hole."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

from controller.model import Model, Route, UnderlayRoute
from topologies.lab import Lab
from topologies.packets import udp
from topologies.region import Region, load_region


def with_routes(*routes: Route) -> Region:
    """The two-host region with more routes in its route table."""
    region = load_region("two_hosts")
    tables = [replace(table, routes=(*table.routes, *routes)) for table in region.model.route_tables.values()]
    return replace(region, model=Model([*region.model.resources(), *tables]))


def test_a_blackhole_route_drops() -> None:
    with Lab(with_routes(Route(IPv4Network("203.0.113.0/24"), "blackhole"))) as lab:
        assert lab.send("client", udp("10.0.1.6:1 > 203.0.113.9:2")).dropped() == {"BLACKHOLE": 1}
        assert lab.send("client", udp("10.0.1.6:1 > 203.0.114.9:2")).dropped() == {"NO_ROUTE": 1}


def test_the_longest_prefix_decides() -> None:
    with Lab(with_routes(Route(IPv4Network("10.0.1.5/32"), "blackhole"))) as lab:
        assert lab.send("client", udp("10.0.1.6:1 > 10.0.1.5:2")).dropped() == {"BLACKHOLE": 1}
        assert lab.send("web", udp("10.0.1.5:1 > 10.0.1.6:2")).at("client") != []


def test_a_host_that_the_underlay_does_not_reach_is_a_drop() -> None:
    region = load_region("two_hosts")
    unreachable = Model(part for part in region.model.resources() if not isinstance(part, UnderlayRoute))
    with Lab(replace(region, model=unreachable)) as lab:
        assert lab.send("client", udp("10.0.1.6:1 > 10.0.1.5:2")).dropped() == {"NO_UNDERLAY_ROUTE": 1}
