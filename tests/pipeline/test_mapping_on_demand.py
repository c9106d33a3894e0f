"""On-demand mapping in the lab: the first packet asks and travels by the gateway, the next ones go straight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether

from tests.pipeline.mapping_regions import (
    ALPHA,
    ANSWER,
    BETA,
    CLIENT,
    GAMMA,
    QUESTION,
    SERVICE,
    UNUSED,
    WEB,
    accounted,
    cache,
    region,
)
from topologies.lab import Lab
from topologies.packets import udp
from topologies.region import FABRIC_PORT


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(region()) as lab:
        yield lab
        accounted(lab)


@pytest.fixture
def without_gateway() -> Iterator[Lab]:
    with Lab(region(gateway=None)) as lab:
        yield lab
        accounted(lab)


def test_the_first_packet_arrives_by_the_gateway(lab: Lab) -> None:
    sent = lab.send("client", udp(QUESTION))

    assert sent.at("web") == [udp(QUESTION)]
    assert sent.changed["gamma.mapping.to_host"] == 1
    assert sent.changed["alpha.trusted_gateway.gateway"] == 1
    assert sent.dropped() == {}


def test_the_next_packet_goes_straight(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))

    sent = lab.send("client", udp(QUESTION))

    assert sent.at("web") == [udp(QUESTION)]
    assert sent.changed == {
        "beta.received.16": 1,
        "beta.eni_port.from_eni": 1,
        "beta.eni_address.own": 1,
        "beta.flow_out.policy.track": 1,
        "beta.route.local": 1,
        "beta.mapping_policy.on_demand": 1,
        "beta.mapping_cache.0": 1,
        "beta.underlay_route.to_underlay": 1,
        "beta.sent.1": 1,
        "alpha.received.1": 1,
        "alpha.host_address.this_host": 1,
        "alpha.mapping_policy.on_demand": 1,
        "alpha.mapping_cache.0": 1,
        "alpha.local_eni.here": 1,
        "alpha.flow_in.policy.track": 1,
        "alpha.sent.16": 1,
    }


def test_the_answer_goes_straight_at_once(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))

    sent = lab.send("web", udp(ANSWER))

    assert sent.at("client") == [udp(ANSWER)]
    assert len(sent.underlay) == 1


def test_a_question_on_the_wire(lab: Lab) -> None:
    frames = [Ether(data) for data in lab.send("client", udp(QUESTION)).underlay]

    question = next(frame for frame in frames if frame[IP].dst == SERVICE)
    assert (question[IP].src, question[IP].len, len(question)) == (BETA, 92, 106)
    by_gateway = next(frame for frame in frames if frame[IP].dst == GAMMA)
    assert bytes(by_gateway[GENEVE].options[0].data) == bytes([0, 0, 0, 2, 0, 0, 0, 0])
    relayed = next(frame for frame in frames if frame[IP].src == GAMMA)
    assert (relayed[IP].dst, relayed[IP].ttl) == (ALPHA, 63)


def test_neighbours_on_one_host_need_no_question(lab: Lab) -> None:
    sent = lab.send("client", udp(f"{CLIENT}:1 > 10.0.1.7:2"))

    assert sent.at("near") == [udp(f"{CLIENT}:1 > 10.0.1.7:2")]
    assert sent.underlay == []


def test_equal_addresses_of_two_tenants_have_records_of_their_own(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))

    sent = lab.send("red-app", udp(QUESTION))

    assert cache(sent, "beta") == {"MISS": 1, "LEARNED": 1}
    assert set(sent.frames) == {"red-web"}
    assert set(lab.send("red-app", udp(QUESTION)).frames) == {"red-web"}


def test_nobody_is_remembered_and_forgotten(lab: Lab) -> None:
    packet = udp(f"{CLIENT}:4000 > {UNUSED}:53")

    first = lab.send("client", packet)
    second = lab.send("client", packet)
    lab.advance(seconds=6)
    third = lab.send("client", packet)

    assert first.changed["gamma.drops.NO_MAPPING"] == 1
    assert second.changed["beta.drops.NO_MAPPING"] == 1
    assert cache(second, "beta") == {"NEGATIVE": 1}
    assert third.changed["gamma.drops.NO_MAPPING"] == 1


def test_a_record_in_use_is_renewed_and_one_that_is_not_ends(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))
    lab.advance(seconds=59)
    renewing = lab.send("client", udp(QUESTION))
    lab.advance(seconds=55)
    renewed = lab.send("client", udp(QUESTION))
    lab.advance(seconds=61)
    ended = lab.send("client", udp(QUESTION))

    assert cache(renewing, "beta") == {"HIT": 1, "UPDATED": 1}
    assert cache(renewed, "beta") == {"HIT": 1}
    assert cache(ended, "beta") == {"MISS": 1, "UPDATED": 1}
    assert ended.at("web") == [udp(QUESTION)]


def test_without_a_gateway_the_first_packet_is_dropped_and_the_next_arrives(without_gateway: Lab) -> None:
    assert without_gateway.send("client", udp(QUESTION)).dropped() == {"MAPPING_PENDING": 1}
    assert without_gateway.send("client", udp(QUESTION)).at("web") == [udp(QUESTION)]


def test_questions_of_an_interface_are_limited(without_gateway: Lab) -> None:
    dropped = [
        without_gateway.send("client", udp(f"{CLIENT}:4000 > 10.0.1.{host}:53")).dropped() for host in range(100, 112)
    ]

    assert dropped == [{"MAPPING_PENDING": 1}] * 10 + [{"MISS_RATE": 1}] * 2
    near = without_gateway.send("near", udp(f"10.0.1.7:1 > {UNUSED}:2"))
    assert near.dropped() == {"MAPPING_PENDING": 1}
    without_gateway.advance(seconds=0.011)
    assert without_gateway.send("client", udp(QUESTION)).dropped() == {"MAPPING_PENDING": 1}


def test_over_the_limit_packets_still_travel_by_the_gateway(lab: Lab) -> None:
    for host in range(100, 112):
        lab.send("client", udp(f"{CLIENT}:4000 > 10.0.1.{host}:53"))

    sent = lab.send("client", udp(QUESTION))

    assert sent.at("web") == [udp(QUESTION)]
    assert "beta.generated.16" not in sent.changed


def test_an_unknown_source_is_asked_about_and_never_delivered(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))
    straight = Ether(lab.send("client", udp(QUESTION)).underlay[0])
    lab.advance(seconds=61)

    first = lab.inject("alpha", 1, bytes(straight))
    second = lab.inject("alpha", 1, bytes(straight))

    assert first.dropped() == {"SOURCE_UNKNOWN": 1}
    assert first.nowhere()
    assert second.at("web") == [udp(QUESTION)]


def test_a_source_that_another_host_has_is_dropped(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))
    forged = Ether(lab.send("client", udp(QUESTION)).underlay[0])
    forged[IP].src = "172.31.0.9"
    del forged[IP].chksum

    sent = lab.inject("alpha", 1, bytes(forged))

    assert sent.dropped() == {"UNTRUSTED_SOURCE": 1}
    assert sent.nowhere()


def test_only_a_gateway_passes_packets_on(lab: Lab) -> None:
    to_gateway = next(
        frame for frame in map(Ether, lab.send("client", udp(QUESTION)).underlay) if frame[IP].dst == GAMMA
    )
    to_gateway[IP].dst = ALPHA
    del to_gateway[IP].chksum

    assert lab.inject("alpha", FABRIC_PORT, bytes(to_gateway)).dropped() == {"NOT_HERE": 1}


def test_a_gateway_believes_only_the_hosts_of_an_interface(lab: Lab) -> None:
    to_gateway = next(
        frame for frame in map(Ether, lab.send("client", udp(QUESTION)).underlay) if frame[IP].dst == GAMMA
    )
    to_gateway[IP].src = ALPHA
    del to_gateway[IP].chksum

    assert lab.inject("gamma", FABRIC_PORT, bytes(to_gateway)).dropped() == {"UNTRUSTED_SOURCE": 1}


def test_a_packet_that_was_passed_on_too_often_is_dropped(lab: Lab) -> None:
    to_gateway = next(
        frame for frame in map(Ether, lab.send("client", udp(QUESTION)).underlay) if frame[IP].dst == GAMMA
    )
    to_gateway[IP].ttl = 1
    del to_gateway[IP].chksum

    assert lab.inject("gamma", FABRIC_PORT, bytes(to_gateway)).dropped() == {"HOP_LIMIT": 1}


def test_by_gateway_every_packet_goes_through_the_gateway() -> None:
    with Lab(region("gateway")) as lab:
        sent = [lab.send("client", udp(QUESTION)) for _ in range(2)]
        answer = lab.send("web", udp(ANSWER))

        assert [one.at("web") for one in sent] == [[udp(QUESTION)]] * 2
        assert sent[1].changed["gamma.mapping.to_host"] == 1
        assert answer.at("client") == [udp(ANSWER)]
        assert lab.send("client", udp(f"{CLIENT}:1 > {UNUSED}:2")).dropped() == {"NO_MAPPING": 1}
        accounted(lab)


def test_by_gateway_a_packet_that_comes_straight_is_not_believed() -> None:
    with Lab(region("gateway")) as lab:
        relayed = next(
            frame for frame in map(Ether, lab.send("client", udp(QUESTION)).underlay) if frame[IP].src == GAMMA
        )
        relayed[IP].src = BETA
        del relayed[IP].chksum

        assert lab.inject("alpha", FABRIC_PORT, bytes(relayed)).dropped() == {"UNTRUSTED_SOURCE": 1}


def test_preloaded_hosts_ask_nothing() -> None:
    with Lab(region("preload")) as lab:
        sent = lab.send("client", udp(QUESTION))

        assert sent.at("web") == [udp(QUESTION)]
        assert len(sent.underlay) == 1
        assert lab.send("client", udp(f"{CLIENT}:1 > {UNUSED}:2")).dropped() == {"NO_MAPPING": 1}
        assert WEB in QUESTION
        accounted(lab)
