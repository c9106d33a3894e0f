"""The mapping part of a region's description: the policy, the gateway, and the fabric that both need."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from pydantic import ValidationError

from topologies.description import RegionDescription
from topologies.region import FABRIC_PORT, Region, build_region, load_region


def described(**mapping: str) -> Region:
    """Three hosts in a row, nothing on them."""
    hosts = {name: {"underlay": f"172.31.0.{i}"} for i, name in enumerate(("alpha", "beta", "gamma"), start=1)}
    links = [("alpha", "beta"), ("beta", "gamma")]
    content = {"name": "test", "hosts": hosts, "links": links, "mapping": mapping, "vpcs": {}}
    return build_region(RegionDescription.model_validate(content))


def over_the_fabric(region: Region, host: str) -> set[str]:
    """Where a host goes over the fabric."""
    routes = region.model.underlay_routes_by_host[region.host(host).id]
    return {str(route.destination) for route in routes if route.port == FABRIC_PORT}


def test_a_preloaded_region_has_no_fabric() -> None:
    region = load_region("two_hosts")

    assert region.mapping.policy == "preload"
    assert over_the_fabric(region, "alpha") == set()


def test_the_service_and_hosts_without_a_link_are_reached_over_the_fabric() -> None:
    region = described(policy="on-demand", gateway="gamma")

    assert over_the_fabric(region, "alpha") == {"172.31.255.1/32", "172.31.0.3/32"}
    assert over_the_fabric(region, "beta") == {"172.31.255.1/32"}
    assert IPv4Network("172.31.0.3/32") in {route.destination for route in region.model.underlay_routes}


def test_a_gateway_that_is_no_host_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"mapping\.gateway: no host is called 'delta'"):
        described(policy="on-demand", gateway="delta")


def test_the_policy_gateway_needs_one() -> None:
    with pytest.raises(ValidationError, match="the policy gateway needs one"):
        described(policy="gateway")


def test_a_policy_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError, match="'preload', 'on-demand' or 'gateway'"):
        described(policy="sometimes")
