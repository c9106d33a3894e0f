"""An interface that makes many flows uses up its own share: neighbours keep theirs, and counters say what happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.packet import Packet, Raw

from controller.flow_records import Filter, FlowState
from controller.plan import FlowPlan
from tests.pipeline.mapping_regions import accounted
from topologies.lab import Lab
from topologies.lab_flows import LabFlows
from topologies.packets import built, ping, tcp, udp
from topologies.region import load_region

CLIENT, WEB = "10.0.1.6", "10.0.1.5"
SHARE = 8
ATTEMPTS = 20
REFUSED = {"FLOW_LIMIT": ATTEMPTS - SHARE}


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Two hosts; an interface may have a few flows."""
    with Lab(load_region("two_hosts"), flows=FlowPlan(pickup_seconds=0, limit=SHARE)) as lab:
        yield lab
        accounted(lab)


def first_piece(number: int) -> Packet:
    """The first fragment of a datagram, which never ends."""
    whole = built(IP(src=CLIENT, dst=WEB, id=number) / UDP(sport=7, dport=9) / Raw(bytes(3000)))
    return built(fragment(whole, 1000)[0])


FLOODS = {
    "SYN flood": lambda n: tcp(f"{CLIENT}:{1000 + n} > {WEB}:80", "S", seq=n),
    "port scan": lambda n: tcp(f"{CLIENT}:5000 > {WEB}:{1 + n}", "S", seq=n),
    "UDP flood": lambda n: udp(f"{CLIENT}:{1000 + n} > {WEB}:53"),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_uses_up_the_senders_own_share(lab: Lab, flood: str) -> None:
    sent = [lab.send("client", FLOODS[flood](n)) for n in range(ATTEMPTS)]

    assert sum(one.dropped().get("FLOW_LIMIT", 0) for one in sent) == REFUSED["FLOW_LIMIT"]
    assert LabFlows(lab).count("beta") == SHARE


def test_flows_that_are_there_survive_a_flood(lab: Lab) -> None:
    lab.send("client", udp(f"{CLIENT}:1 > {WEB}:53"))
    for number in range(ATTEMPTS):
        lab.send("client", FLOODS["SYN flood"](number))

    assert lab.send("client", udp(f"{CLIENT}:1 > {WEB}:53")).dropped() == {}
    assert lab.send("web", udp(f"{WEB}:53 > {CLIENT}:1")).dropped() == {}


def test_a_share_comes_back_when_flows_expire(lab: Lab) -> None:
    for number in range(ATTEMPTS):
        lab.send("client", FLOODS["SYN flood"](number))
    lab.advance(121)
    flows = LabFlows(lab)
    flows.tick("beta")
    flows.tick("alpha")

    assert lab.send("client", ping(f"{CLIENT} > {WEB}")).dropped() == {}


def test_first_fragments_without_ends_use_up_the_senders_own_share(lab: Lab) -> None:
    dropped = [lab.send("client", first_piece(number)).dropped() for number in range(ATTEMPTS)]

    assert dropped[: SHARE - 1] == [{}] * (SHARE - 1)  # one record is the flow's own
    assert dropped[SHARE - 1 :] == [{"FLOW_LIMIT": 1}] * (ATTEMPTS - SHARE + 1)
    states = [flow.state for flow in LabFlows(lab).flows("beta")]
    assert states.count(FlowState.FRAGMENTS) == SHARE - 1


def test_what_was_refused_leaves_no_record(lab: Lab) -> None:
    for number in range(ATTEMPTS):
        lab.send("client", FLOODS["port scan"](number))

    assert LabFlows(lab).count("beta", Filter(remote_port=ATTEMPTS)) == 0
    assert lab.counters()["beta.flow_events.0"] == SHARE
