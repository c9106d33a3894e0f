"""A region on the internet, with real programs: out and in, IPv4 and IPv6, path MTU, and an edge that loses power."""

from __future__ import annotations

from statistics import median
from typing import Any

import pytest

from tests.net.scene import found_by

EDGES = ("198.18.0.11", "198.18.0.12")


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return found_by("internet")


def test_an_instance_reads_a_page_on_the_internet(found: dict[str, Any]) -> None:
    assert (found["out"], found["out6"]) == ("internet", "internet")


def test_the_internet_reads_a_page_of_an_instance(found: dict[str, Any]) -> None:
    assert (found["in"], found["in6"]) == ("instance", "instance")


def test_an_instance_without_an_elastic_address_reads_nothing(found: dict[str, Any]) -> None:
    assert "timed out" in found["app_out4"]
    assert "timed out" in found["quiet_out4"]


def test_an_egress_only_gateway_lets_out_and_not_in(found: dict[str, Any]) -> None:
    assert found["quiet_out6"] == "internet"
    assert "timed out" in found["quiet_in6"]


def test_pings_and_names_are_answered(found: dict[str, Any]) -> None:
    assert " 0% packet loss" in found["ping"]
    assert " 0% packet loss" in found["ping6"]
    assert found["dig"] == "192.0.2.80"


def test_traceroute_shows_the_edge_and_the_routers_behind_it(found: dict[str, Any]) -> None:
    assert found["traceroute"][0] in EDGES
    assert found["traceroute"][1:] == ["198.18.0.1", "192.0.2.2", "198.51.100.20"]
    assert found["traceroute6"][0] in ("2001:db8:ffff::11", "2001:db8:ffff::12")
    assert found["traceroute6"][1:] == ["2001:db8:ffff::1", "2001:db8:cafe::80"]


def test_a_narrow_way_behind_the_internet_is_found(found: dict[str, Any]) -> None:
    assert "10.0.1.1" in found["tracepath"]
    assert "pmtu 1500" in found["tracepath"]
    assert "Resume: pmtu 1400" in found["tracepath"]
    assert found["big"] > 290_000
    assert "mtu 1400" in found["mtu"]


def test_flows_go_on_when_one_of_two_edges_loses_power(found: dict[str, Any]) -> None:
    gaps = found["load"]["gaps"]
    hit = sorted(gap for gap in gaps if gap > 0.1)
    rate = found["load"]["sent"] / 8
    print(f"edge killed under {rate:.0f} packets/s in {len(gaps)} flows: {len(hit)} flows interrupted,")
    print(f"longest {max(gaps) * 1000:.0f} ms, median of those interrupted {median(hit or [0]) * 1000:.0f} ms")
    assert found["edge_lost"]
    assert max(gaps) < 3
    assert found["load"]["got"] > found["load"]["sent"] * 0.8
    assert found["after"] == "internet"
    assert int(found["download"]) == 900_000
