"""TCP flows in the lab: what passes a router, what does not, and what it remembers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scapy.layers.inet import IP, TCP
from scapy.packet import Packet

from controller.flow_records import Filter, FlowRecord, FlowState
from controller.plan import FlowPlan
from tests.pipeline.mapping_regions import accounted
from topologies.lab import Lab
from topologies.lab_flows import LabFlows
from topologies.packets import built, tcp
from topologies.region import load_region

CLIENT, SERVER = "10.0.1.6", "10.0.1.5"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(load_region("two_hosts")) as lab:
        yield lab
        accounted(lab)


def out(port: int, flags: str, seq: int, ack: int = 0, payload: bytes = b"") -> Packet:
    """A segment of the client."""
    return tcp(f"{CLIENT}:{port} > {SERVER}:80", flags, payload, seq, ack)


def back(port: int, flags: str, seq: int, ack: int = 0, payload: bytes = b"") -> Packet:
    """A segment of the server."""
    return tcp(f"{SERVER}:80 > {CLIENT}:{port}", flags, payload, seq, ack)


def connect(lab: Lab, port: int) -> None:
    """Shakes hands: the client's next number is 101, the server's 501."""
    lab.send("client", out(port, "S", 100))
    lab.send("web", back(port, "SA", 500, 101))
    lab.send("client", out(port, "A", 101, 501))


def record(lab: Lab, host: str, port: int) -> FlowRecord:
    """The only record of a host that has this port of the client."""
    which = Filter(local_port=port) if host == "beta" else Filter(remote_port=port)
    (found,) = LabFlows(lab).flows(host, which)
    return found


def test_a_handshake_is_followed_at_both_hosts(lab: Lab) -> None:
    states = []
    for send in (("client", out(1, "S", 100)), ("web", back(1, "SA", 500, 101)), ("client", out(1, "A", 101, 501))):
        lab.send(*send)
        states.append((record(lab, "beta", 1).state, record(lab, "alpha", 1).state))

    assert states == [(state, state) for state in (FlowState.SYN_SENT, FlowState.SYN_RECV, FlowState.ESTABLISHED)]
    assert (record(lab, "beta", 1).outbound, record(lab, "alpha", 1).outbound) == (True, False)


def test_data_within_the_window_passes(lab: Lab) -> None:
    connect(lab, 2)

    assert lab.send("client", out(2, "PA", 101, 501, b"data")).at("web") == [out(2, "PA", 101, 501, b"data")]


def test_a_number_above_the_window_is_refused_and_changes_nothing(lab: Lab) -> None:
    connect(lab, 3)
    before = record(lab, "beta", 3).columns

    sent = lab.send("client", out(3, "PA", 101 + 100_000, 501, b"data"))

    assert sent.dropped() == {"INVALID_FLOW": 1}
    assert record(lab, "beta", 3).columns == before


def test_an_acknowledgement_of_what_was_never_sent_is_refused(lab: Lab) -> None:
    connect(lab, 4)

    assert lab.send("web", back(4, "A", 501, 5000)).dropped() == {"INVALID_FLOW": 1}


def test_a_segment_in_the_middle_of_nothing_is_refused(lab: Lab) -> None:
    assert lab.send("client", out(5, "A", 100, 1)).dropped() == {"INVALID_FLOW": 1}
    assert lab.send("client", out(5, "SA", 100, 1)).dropped() == {"INVALID_FLOW": 1}
    assert lab.send("client", out(5, "R", 100)).dropped() == {"INVALID_FLOW": 1}
    assert LabFlows(lab).count("beta") == 0


@pytest.mark.parametrize("flags", ["", "SF", "SR", "F", "FR", "SFA", "U", "UR"])
def test_flags_that_contradict_each_other_are_refused(lab: Lab, flags: str) -> None:
    connect(lab, 6)

    assert lab.send("client", out(6, flags, 101, 501)).dropped() == {"INVALID_FLOW": 1}


def test_a_reset_with_the_exact_number_closes_the_flow(lab: Lab) -> None:
    connect(lab, 7)

    lab.send("web", back(7, "R", 501))

    assert record(lab, "beta", 7).state is FlowState.CLOSE


def test_a_reset_elsewhere_in_the_window_leaves_it_open_for_a_short_time(lab: Lab) -> None:
    connect(lab, 8)

    assert lab.send("web", back(8, "R", 520)).dropped() == {}

    assert record(lab, "beta", 8).state is FlowState.ESTABLISHED
    assert record(lab, "beta", 8).expires_in == 10


def test_a_reset_below_the_window_is_refused(lab: Lab) -> None:
    connect(lab, 9)

    assert lab.send("web", back(9, "R", 400)).dropped() == {"INVALID_FLOW": 1}


def test_a_refused_connection_is_forgotten_at_once(lab: Lab) -> None:
    lab.send("client", out(10, "S", 100))

    assert lab.send("web", back(10, "RA", 0, 101)).at("client") == [back(10, "RA", 0, 101)]

    assert (LabFlows(lab).count("alpha"), LabFlows(lab).count("beta")) == (0, 0)


def test_a_closed_connection_may_be_opened_anew(lab: Lab) -> None:
    connect(lab, 11)
    lab.send("client", out(11, "FA", 101, 501))
    lab.send("web", back(11, "FA", 501, 102))
    lab.send("client", out(11, "A", 102, 502))
    assert record(lab, "beta", 11).state is FlowState.TIME_WAIT

    lab.send("client", out(11, "S", 900))

    assert record(lab, "beta", 11).state is FlowState.SYN_SENT
    assert LabFlows(lab).live("beta", lab.region.model.interface_of(lab.region.model.instance("client")).port) == 1


def test_windows_are_scaled_only_when_both_sides_offer_it(lab: Lab) -> None:
    scaled = [("WScale", 7)]
    syn = built(IP(src=CLIENT, dst=SERVER) / TCP(sport=12, dport=80, flags="S", seq=100, options=scaled))
    answer = built(IP(src=SERVER, dst=CLIENT) / TCP(sport=80, dport=12, flags="SA", seq=500, ack=101, options=scaled))
    lab.send("client", syn)
    lab.send("web", answer)
    lab.send("client", out(12, "A", 101, 501))

    assert lab.send("web", back(12, "PA", 501 + 500_000, 101, b"x")).dropped() == {}
    connect(lab, 13)
    assert lab.send("web", back(13, "PA", 501 + 500_000, 101, b"x")).dropped() == {"INVALID_FLOW": 1}


def test_a_loose_router_picks_flows_up() -> None:
    with Lab(load_region("two_hosts"), flows=FlowPlan(tracking="loose", pickup_seconds=0)) as lab:
        assert lab.send("client", out(14, "A", 100, 1)).at("web") == [out(14, "A", 100, 1)]
        assert lab.send("client", out(15, "FA", 100, 1)).dropped() == {"INVALID_FLOW": 1}


def test_a_router_that_has_just_started_picks_flows_up_for_a_while_and_counts_them() -> None:
    with Lab(load_region("two_hosts"), flows=FlowPlan(pickup_seconds=60)) as lab:
        sent = lab.send("client", out(16, "A", 100, 1))
        lab.advance(60)

        assert sent.changed["beta.flow_events.1"] == 1
        assert lab.send("client", out(17, "A", 100, 1)).dropped() == {"INVALID_FLOW": 1}
        assert lab.send("client", out(16, "A", 100, 1)).dropped() == {}


def test_a_router_that_tracks_nothing_lets_everything_pass() -> None:
    with Lab(load_region("two_hosts"), flows=FlowPlan(tracking="off")) as lab:
        assert lab.send("client", out(18, "SF", 100)).at("web") == [out(18, "SF", 100)]
        assert LabFlows(lab).count("beta") == 0
