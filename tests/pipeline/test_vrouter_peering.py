"""Peered VPCs: packets cross where there is an active peering and a route, and never through a third VPC."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from controller.model.ids import stable_id
from tests.pipeline.mapping_regions import accounted
from tests.pipeline.target_regions import ALPHA, BETA, POLICIES, interface, middlebox, peered, region, with_route
from topologies.lab import Lab
from topologies.packets import udp
from topologies.region import FABRIC_PORT

VNI_OF_B = 2
THERE, BACK = "10.0.1.5:1 > 10.1.1.5:2", "10.1.1.5:2 > 10.0.1.5:1"


@pytest.fixture(params=POLICIES)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """a is peered with b, and b with c."""
    with Lab(peered(region(request.param), ("ab", "bc"))) as running:
        yield running
        accounted(running)


def test_an_instance_reaches_one_of_a_peered_vpc_and_hears_its_answer(lab: Lab) -> None:
    lab.send("a", udp(THERE))  # with the policy on-demand the first packets may teach the routers

    assert lab.send("a", udp(THERE)).at("b") == [udp(THERE)]
    assert lab.send("b", udp(BACK)).at("a") == [udp(BACK)]


def test_peers_on_one_host_reach_each_other(lab: Lab) -> None:
    packet = udp("10.0.1.5:1 > 10.1.1.6:2")
    lab.send("a", packet)

    assert lab.send("a", packet).at("b-near") == [packet]


def test_on_the_wire_the_vni_is_the_destinations(lab: Lab) -> None:
    lab.send("a", udp(THERE))

    vnis = {Ether(frame)[GENEVE].vni for frame in lab.send("a", udp(THERE)).underlay if GENEVE in Ether(frame)}

    assert vnis == {VNI_OF_B}


def test_peering_is_not_transitive(lab: Lab) -> None:
    assert lab.send("a", udp("10.0.1.5:1 > 10.2.1.5:2")).dropped() == {"NO_ROUTE": 1}


def test_a_route_through_the_peer_to_its_own_peer_leads_nowhere() -> None:
    with Lab(with_route(peered(region(), ("ab", "bc")), "a", "10.2.0.0/16", stable_id("pcx", "a", "b"))) as lab:
        assert lab.send("a", udp("10.0.1.5:1 > 10.2.1.5:2")).dropped() == {"NO_MAPPING": 1}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_middlebox_of_the_peer_cannot_pass_on_what_comes_from_a_third_vpc(policy: str) -> None:
    third = "10.2.1.5:1 > 10.1.1.5:2"
    with Lab(middlebox(peered(region(policy), ("ab", "ac")))) as lab:
        assert lab.send("a-box", udp("10.0.2.9:1 > 10.1.1.5:2")).dropped().keys() <= {"SOURCE_UNKNOWN"}
        assert lab.send("a-box", udp(third)).dropped() == {"NOT_PEERED": 1}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_peering_that_is_not_accepted_is_a_black_hole(policy: str) -> None:
    with Lab(peered(region(policy), ("ab",), status="pending-acceptance")) as lab:
        assert lab.send("a", udp(THERE)).dropped() == {"BLACKHOLE": 1}


@pytest.mark.parametrize("policy", ["preload", "on-demand"])
def test_without_a_peering_a_forged_vni_is_not_believed(policy: str) -> None:
    with Lab(peered(region(policy), ("ab",))) as peers:
        frame = from_alpha(peers, THERE)
        peers.send("a", udp(THERE))
        assert peers.inject("beta", port_of(policy), bytes(frame)).at("b") == [udp(THERE)]
    with Lab(region(policy)) as strangers:
        sent = strangers.inject("beta", port_of(policy), bytes(frame))
        assert sent.nowhere()
        assert set(sent.dropped()) <= {"UNTRUSTED_SOURCE", "SOURCE_UNKNOWN"}


def test_a_host_of_one_peer_cannot_pretend_to_be_the_other_vpc() -> None:
    with Lab(peered(region("on-demand"), ("ab",))) as lab:
        forged = bytes(from_alpha(lab, "10.1.1.77:1 > 10.1.1.5:2"))

        assert lab.inject("beta", FABRIC_PORT, forged).dropped() == {"SOURCE_UNKNOWN": 1}
        assert lab.inject("beta", FABRIC_PORT, forged).dropped() == {"UNTRUSTED_SOURCE": 1}


def from_alpha(lab: Lab, flow: str) -> Packet:
    """What alpha sends to beta as the interface of a, in the VPC b."""
    eni = interface(lab.region, "a")
    option = bytes([0xFF, 0x56, 0x81, 2]) + eni.number.to_bytes(4, "big")
    option += interface(lab.region, "b").number.to_bytes(4, "big")
    geneve = bytes([3, 0x40, 8, 0, 0, 0, VNI_OF_B, 0]) + option
    outer = IP(src=ALPHA, dst=BETA, flags="DF") / UDP(sport=50000, dport=6081, chksum=0) / Raw(geneve)
    return Ether(bytes(Ether(src="02:75:00:01:00:01", dst="02:75:00:02:00:01") / outer / Raw(bytes(udp(flow)))))


def port_of(policy: str) -> int:
    """The port of beta that alpha's packets come in at."""
    return 1 if policy == "preload" else FABRIC_PORT
