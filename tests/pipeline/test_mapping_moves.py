"""An instance moves to another host under traffic: nothing is lost, and then the new host is used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from tests.pipeline.mapping_regions import ALPHA, ANSWER, BETA, GAMMA, QUESTION, WEB, accounted, region
from topologies.lab import Lab
from topologies.lab_moves import LabMove
from topologies.packets import udp

FROM_NEAR = f"10.0.1.7:4000 > {WEB}:53"


@pytest.fixture(params=["on-demand", "gateway", "preload"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Client and near talk to web, in both directions, before anything moves."""
    with Lab(region(request.param)) as lab:
        talk(lab)
        yield lab
        accounted(lab)


@pytest.fixture
def on_demand() -> Iterator[Lab]:
    with Lab(region()) as lab:
        talk(lab)
        yield lab
        accounted(lab)


def talk(lab: Lab) -> None:
    """One packet each way; both arrive, once."""
    assert lab.send("client", udp(QUESTION)).at("web") == [udp(QUESTION)]
    assert lab.send("web", udp(ANSWER)).at("client") == [udp(ANSWER)]


def straight(lab: Lab) -> Packet:
    """The packet from the client as it leaves beta."""
    return next(frame for frame in map(Ether, lab.send("client", udp(QUESTION)).underlay) if GENEVE in frame)


@pytest.mark.parametrize("to", ["gamma", "beta", "delta"])
def test_no_packet_is_lost_at_any_step(lab: Lab, to: str) -> None:
    move = LabMove(lab, "web", to)
    for step in (move.prepare, move.switch, move.announce, move.finish):
        step()
        talk(lab)
        talk(lab)


def test_a_holder_that_has_not_heard_yet_is_redirected(on_demand: Lab) -> None:
    move = LabMove(on_demand, "web", "gamma")
    move.prepare()
    move.switch()

    sent = on_demand.send("client", udp(QUESTION))

    assert sent.at("web") == [udp(QUESTION)]
    assert sent.changed["alpha.moved_eni.moved_to"] == 1
    assert sent.changed["gamma.trusted_redirect.passes_on"] == 1


def test_after_the_announcement_the_next_packet_goes_to_the_new_host(on_demand: Lab) -> None:
    move = LabMove(on_demand, "web", "gamma")
    move.prepare()
    move.switch()

    changes = move.announce()

    assert [change.done for change in changes] == [True]
    assert straight(on_demand)[IP].dst == GAMMA
    assert on_demand.send("near", udp(FROM_NEAR)).at("web") == [udp(FROM_NEAR)]


def test_both_hosts_may_send_while_it_moves(on_demand: Lab) -> None:
    old = next(frame for frame in map(Ether, on_demand.send("web", udp(ANSWER)).underlay) if GENEVE in frame)
    move = LabMove(on_demand, "web", "gamma")
    move.prepare()
    move.switch()
    move.announce()

    late = on_demand.inject("beta", 1, bytes(old))

    assert (old[IP].src, old[IP].dst) == (ALPHA, BETA)
    assert late.at("client") == [udp(ANSWER)]


def test_the_old_host_may_not_pass_anything_else_on(on_demand: Lab) -> None:
    move = LabMove(on_demand, "web", "gamma")
    move.prepare()
    move.switch()
    redirected = next(
        frame for frame in map(Ether, on_demand.send("client", udp(QUESTION)).underlay) if frame[IP].src == ALPHA
    )
    redirected[GENEVE].vni = 2
    del redirected[IP].chksum

    sent = on_demand.inject("gamma", 15, bytes(redirected))

    assert sent.dropped() == {"UNTRUSTED_SOURCE": 1}


def test_when_it_has_moved_the_old_host_knows_nothing_of_it(on_demand: Lab) -> None:
    before = straight(on_demand)
    move = LabMove(on_demand, "web", "gamma")
    for step in (move.prepare, move.switch, move.announce, move.finish):
        step()

    sent = on_demand.inject("alpha", 1, bytes(before))

    assert sent.nowhere()
    assert set(sent.dropped()) <= {"NOT_HERE", "UNTRUSTED_SOURCE"}
