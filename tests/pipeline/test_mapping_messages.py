"""Messages of the mapping service at a router: who may send them, what they do, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from controller.mapping import Kind, Mapping, Message
from tests.pipeline.mapping_regions import (
    ALPHA,
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
from topologies.lab import Lab, Sent
from topologies.packets import udp
from topologies.region import FABRIC_PORT

BOUNDED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(region()) as lab:
        yield lab
        accounted(lab)


def answer(version: int = 5, host: str = GAMMA, vpc: int = 1, ack: bool = False, kind: Kind = Kind.ANSWER) -> Message:
    """An answer about the web server, valid for a minute."""
    address = IPv6Address(f"::ffff:{WEB}")
    return Message(
        kind, vpc, address, IPv4Address(host), eni=1, version=version, lifetime=60000, sequence=77, ack_wanted=ack
    )


def datagram(message: Message, src: str = SERVICE, dst: str = BETA) -> Packet:
    """The message as it travels on the underlay."""
    return IP(src=src, dst=dst) / UDP(sport=6082, dport=6082) / Raw(message.encode())


def told(lab: Lab, message: Message, src: str = SERVICE) -> Sent:
    """Lets a message arrive at beta's fabric port."""
    frame = Ether(src="02:75:ff:ff:00:01", dst="02:75:00:02:00:0f") / datagram(message, src)
    return lab.inject("beta", FABRIC_PORT, bytes(frame))


def goes_to(lab: Lab) -> str:
    """The outer destination of the next packet from the client to the web server."""
    return Ether(lab.send("client", udp(QUESTION)).underlay[0])[IP].dst


def test_an_answer_is_taken_in(lab: Lab) -> None:
    sent = told(lab, answer())

    assert sent.changed["beta.consumed.15"] == 1
    assert cache(sent, "beta") == {"LEARNED": 1}
    assert sent.underlay == []


def test_where_it_is_wanted_the_message_turns_round_as_a_confirmation(lab: Lab) -> None:
    sent = told(lab, answer(ack=True))

    frame = Ether(sent.underlay[0])
    assert (frame.src, frame.dst) == ("02:75:00:02:00:0f", "02:75:ff:ff:00:01")
    assert (frame[IP].src, frame[IP].dst, frame[UDP].sport, frame[UDP].dport) == (BETA, SERVICE, 6082, 6082)
    confirmed = Message.decode(bytes(frame[UDP].payload))
    assert (confirmed.kind, confirmed.sequence, confirmed.version) == (Kind.ACK, 77, 5)
    assert "beta.consumed.15" not in sent.changed


def test_an_older_answer_changes_nothing_and_is_confirmed(lab: Lab) -> None:
    told(lab, answer(version=5, host=ALPHA))

    sent = told(lab, answer(version=4, host=GAMMA, ack=True))

    assert cache(sent, "beta") == {"STALE": 1}
    assert len(sent.underlay) == 1
    assert goes_to(lab) == ALPHA


def test_an_answer_from_anybody_else_is_dropped(lab: Lab) -> None:
    sent = told(lab, answer(), src=GAMMA)

    assert sent.dropped() == {"UNKNOWN_SERVER": 1}
    assert cache(sent, "beta") == {}


def test_a_message_that_is_no_answer_is_dropped(lab: Lab) -> None:
    assert told(lab, answer(kind=Kind.REQUEST)).dropped() == {"BAD_MESSAGE": 1}
    assert told(lab, answer(kind=Kind.ACK)).dropped() == {"BAD_MESSAGE": 1}


def test_an_answer_about_a_vpc_that_is_not_here_is_dropped(lab: Lab) -> None:
    assert told(lab, answer(vpc=9)).dropped() == {"BAD_MESSAGE": 1}


def test_an_answer_with_a_wrong_checksum_is_dropped(lab: Lab) -> None:
    frame = bytearray(bytes(Ether(dst="02:75:00:02:00:0f") / datagram(answer())))
    frame[-1] ^= 1

    assert lab.inject("beta", FABRIC_PORT, bytes(frame)).dropped() == {"BAD_CHECKSUM": 1}


def test_an_answer_cut_short_is_dropped(lab: Lab) -> None:
    frame = bytes(Ether(dst="02:75:00:02:00:0f") / datagram(answer()))[:-1]

    assert lab.inject("beta", FABRIC_PORT, frame).dropped() == {"MALFORMED": 1}


def test_an_answer_from_an_instance_is_a_packet_like_any_other(lab: Lab) -> None:
    forged = datagram(answer(), src=CLIENT, dst="10.0.1.7")

    sent = lab.send("client", forged)

    assert len(sent.at("near")) == 1
    assert cache(sent, "beta") == {}


def test_an_answer_inside_a_tunnel_is_a_payload(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))

    sent = lab.send("client", udp(f"{CLIENT}:6082 > {WEB}:6082", payload=answer().encode()))

    assert GENEVE in Ether(sent.underlay[0])
    assert len(sent.at("web")) == 1
    assert cache(sent, "alpha") == {"HIT": 1}


def test_an_invalidation_reaches_every_holder_before_the_next_packet(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))

    change, _ = lab.change_mapping(1, WEB, Mapping(IPv4Address(0), 0, version=2))

    assert change.done
    assert lab.send("client", udp(QUESTION)).changed["beta.drops.NO_MAPPING"] == 1


def test_a_lost_change_is_sent_again_until_it_is_confirmed(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))

    change, _ = lab.change_mapping(1, WEB, Mapping(IPv4Address(GAMMA), 1, version=2), lost=1)
    before = (change.done, goes_to(lab))
    lab.advance(seconds=0.03)

    assert before == (False, ALPHA)
    assert change.done
    assert goes_to(lab) == GAMMA


def test_an_address_that_comes_up_is_told_to_those_who_asked_in_vain() -> None:
    with Lab(region(gateway=None)) as lab:
        lab.send("client", udp(f"{CLIENT}:1 > {UNUSED}:2"))

        change, _ = lab.change_mapping(1, UNUSED, Mapping(IPv4Address(ALPHA), 9, version=1))
        sent = lab.send("client", udp(f"{CLIENT}:1 > {UNUSED}:2"))

        assert change.done
        assert Ether(sent.underlay[0])[IP].dst == ALPHA


@BOUNDED
@given(
    versions=st.lists(st.tuples(st.integers(0, 5), st.sampled_from([ALPHA, GAMMA])), min_size=1, max_size=8),
    fresh=st.integers(0, (1 << 16) - 1),
)
def test_versions_never_go_back(running: Lab, versions: list[tuple[int, str]], fresh: int) -> None:
    address = f"10.0.{fresh >> 8}.{fresh & 255}"
    running.advance(seconds=100)
    base = round(running.now)
    newest, expected = -1, ""
    for version, host in versions:
        message = Message(
            Kind.ANSWER,
            1,
            IPv6Address(f"::ffff:{address}"),
            IPv4Address(host),
            eni=1,
            version=base + version,
            lifetime=60000,
        )
        told(running, message)
        if version >= newest:
            newest, expected = version, host

    sent = running.send("client", udp(f"{CLIENT}:1 > {address}:2"))

    assert Ether(sent.underlay[0])[IP].dst == expected


@BOUNDED
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["client", "near"]), st.sampled_from([ALPHA, GAMMA, None]), st.floats(0, 70)),
        min_size=1,
        max_size=6,
    )
)
def test_after_a_change_the_next_packet_from_anywhere_follows_it(
    running: Lab, steps: list[tuple[str, str | None, float]]
) -> None:
    for sender, host, pause in steps:
        source = running.region.model.interface_of(running.region.model.instance(sender)).addresses[0]
        running.send(sender, udp(f"{source}:4000 > {WEB}:53"))
        version = running.mapping_service.mapping(1, IPv6Address(f"::ffff:{WEB}")).version + 1
        change, _ = running.change_mapping(1, WEB, Mapping(IPv4Address(host or 0), 1, version))

        after = running.send(sender, udp(f"{source}:4000 > {WEB}:53"))

        assert change.done
        outer = {Ether(frame)[IP].dst for frame in after.underlay if GENEVE in Ether(frame)}
        assert outer <= {host, GAMMA} - {None}
        assert host is None or host in outer or after.changed.get("beta.mapping_cache.2") == 1
        running.advance(seconds=pause)
    accounted(running)


@pytest.fixture(scope="module")
def running() -> Iterator[Lab]:
    with Lab(region()) as lab:
        yield lab
