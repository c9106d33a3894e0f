"""Leaves and spines in the lab: the way of packets, equal-cost ways, and what leaves refuse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from tests.pipeline.mapping_regions import accounted
from topologies.lab import Lab
from topologies.packets import udp
from topologies.region import load_region


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(load_region("region")) as lab:
        yield lab
        accounted(lab)


def test_a_packet_goes_by_leaf_spine_and_leaf(lab: Lab) -> None:
    lab.send("shop-web1", udp("10.0.1.5:4000 > 10.0.2.5:53"))  # h1 learns where shop-app is

    sent = lab.send("shop-web1", udp("10.0.1.5:4000 > 10.0.2.5:53"))

    forwarded = {name: moved for name, moved in sent.changed.items() if ".sent." in name and name[0] in "ls"}
    (spine,) = {name.split(".")[0] for name in forwarded if name.startswith("spine")}
    assert forwarded == {f"leaf-1.sent.{spine}": 1, f"{spine}.sent.leaf-3": 1, "leaf-3.sent.h5": 1}
    assert sent.at("shop-app") == [udp("10.0.1.5:4000 > 10.0.2.5:53")]


def test_neighbours_on_one_leaf_meet_there(lab: Lab) -> None:
    lab.send("bank-web1", udp("10.0.1.5:4000 > 10.0.1.6:53"))

    sent = lab.send("bank-web1", udp("10.0.1.5:4000 > 10.0.1.6:53"))

    assert sent.changed["leaf-1.sent.h2"] == 1
    assert not any(name.startswith("spine") for name in sent.changed)


def test_flows_are_spread_over_the_spines_by_their_outer_source_port(lab: Lab) -> None:
    by = [lab.send("shop-web1", udp(f"10.0.1.5:{port} > 10.0.2.5:53")).changed for port in range(5000, 5040)]

    spread = [sum(f"leaf-1.sent.spine-{i}" in moved for moved in by) for i in (1, 2)]

    assert sum(spread) == 40
    assert min(spread) >= 5


def test_one_flow_keeps_to_its_spine(lab: Lab) -> None:
    ways = [lab.send("shop-web1", udp("10.0.1.5:7000 > 10.0.2.5:53")).changed for _ in range(5)]

    assert len({name for moved in ways for name in moved if name.startswith("leaf-1.sent.spine")}) == 1


@pytest.mark.parametrize(
    ("source", "destination", "ttl", "counter"),
    [
        ("172.31.0.3", "172.31.0.5", 64, "leaf-1.dropped.forged_source"),
        ("172.31.0.1", "192.0.2.1", 64, "leaf-1.dropped.no_route"),
        ("172.31.0.1", "172.31.0.5", 3, "leaf-1.dropped.ttl"),
    ],
)
def test_a_leaf_refuses(lab: Lab, source: str, destination: str, ttl: int, counter: str) -> None:
    frame = bytes(Ether() / IP(src=source, dst=destination, ttl=ttl) / UDP(sport=50000, dport=6081))

    assert lab.emit("h1", [frame]).changed == {counter: 1}


def test_what_is_not_ipv4_goes_nowhere(lab: Lab) -> None:
    assert lab.emit("h1", [b"\0" * 60]).changed == {"leaf-1.dropped.not_ipv4": 1}
