"""The flow table in the lab: datagrams, echoes, errors, fragments; ageing, shares and what the controller asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, IPv6ExtHdrFragment, fragment6
from scapy.packet import Packet, Raw

from controller.flow_records import CPU_PORT, Filter, FlowState
from controller.plan import FlowPlan
from tests.pipeline.mapping_regions import accounted
from topologies.lab import Lab
from topologies.lab_flows import LabFlows
from topologies.packets import built, ping, tcp, udp
from topologies.region import load_region

CLIENT, WEB = "10.0.1.6", "10.0.1.5"
CLIENT6, WEB6 = "fd00:10:0:1::6", "fd00:10:0:1::5"
QUESTION, ANSWER = f"{CLIENT}:4000 > {WEB}:53", f"{WEB}:53 > {CLIENT}:4000"
PORT = 16  # of the client's interface at beta


def a_lab(limit: int = 1000) -> Lab:
    """Two hosts; an interface may have so many flows."""
    return Lab(load_region("two_hosts"), flows=FlowPlan(pickup_seconds=0, limit=limit))


@pytest.fixture
def lab() -> Iterator[Lab]:
    with a_lab() as lab:
        yield lab
        accounted(lab)


@pytest.fixture
def tenants() -> Iterator[Lab]:
    """Two instances with IPv6 that have found each other."""
    with Lab(load_region("two_tenants"), flows=FlowPlan(pickup_seconds=0)) as lab:
        lab.send("red-app", udp(f"[{CLIENT6}]:1 > [{WEB6}]:1"))
        lab.send("red-web", udp(f"[{WEB6}]:1 > [{CLIENT6}]:1"))
        yield lab
        accounted(lab)


def error(packet: Packet, type: int = 3, code: int = 3) -> Packet:
    """The web server's ICMP error about a packet."""
    return built(IP(src=WEB, dst=CLIENT) / ICMP(type=type, code=code) / packet)


def pieces(packet: Packet, size: int = 1000) -> list[Packet]:
    """An IPv4 packet in fragments, the first one first."""
    return [built(piece) for piece in fragment(packet, size)]


def test_a_question_and_its_answer_are_one_flow(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))
    lab.send("web", udp(ANSWER))

    (flow,) = LabFlows(lab).flows("beta")
    assert (flow.local_port, flow.remote_port, flow.seen_reply) == (4000, 53, True)
    assert (flow.leaving.packets, flow.coming.packets) == (1, 1)
    assert flow.leaving.octets == len(udp(QUESTION))


def test_a_datagram_flow_that_goes_on_becomes_a_stream(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))
    lab.send("web", udp(ANSWER))
    assert [flow.state for flow in LabFlows(lab).flows("beta")] == [FlowState.UDP_SINGLE]

    lab.advance(3)
    lab.send("client", udp(QUESTION))

    (flow,) = LabFlows(lab).flows("beta")
    assert (flow.state, flow.expires_in) == (FlowState.UDP_STREAM, 180)


def test_an_echo_reply_belongs_to_its_request(lab: Lab) -> None:
    answer = built(IP(src=WEB, dst=CLIENT) / ICMP(type=0, id=1, seq=1))
    assert lab.send("web", answer).dropped() == {"INVALID_FLOW": 1}

    lab.send("client", ping(f"{CLIENT} > {WEB}"))

    assert lab.send("web", answer).at("client") == [answer]


def test_an_ipv6_echo_reply_belongs_to_its_request(tenants: Lab) -> None:
    answer = built(IPv6(src=WEB6, dst=CLIENT6) / ICMPv6EchoReply(id=7))
    assert tenants.send("red-web", answer).dropped() == {"INVALID_FLOW": 1}

    tenants.send("red-app", built(IPv6(src=CLIENT6, dst=WEB6) / ICMPv6EchoRequest(id=7)))

    assert tenants.send("red-web", answer).at("red-app") == [answer]


def test_an_error_about_a_flow_passes_and_changes_nothing(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))
    before = LabFlows(lab).flows("beta")

    assert lab.send("web", error(udp(QUESTION))).at("client") == [error(udp(QUESTION))]

    assert LabFlows(lab).flows("beta") == before


def test_an_error_about_nothing_known_is_refused(lab: Lab) -> None:
    assert lab.send("web", error(udp(QUESTION))).dropped() == {"INVALID_FLOW": 1}


def test_an_error_about_somebody_elses_packet_is_refused(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))
    foreign = udp(f"10.0.1.9:4000 > {WEB}:53")

    assert lab.send("web", error(foreign)).dropped() == {"INVALID_FLOW": 1}


def test_fragments_pass_behind_the_first_and_end_with_the_last(lab: Lab) -> None:
    whole = built(IP(src=CLIENT, dst=WEB, id=77) / UDP(sport=7, dport=9) / Raw(bytes(3000)))
    first, *later = pieces(whole)
    assert lab.send("client", later[0]).dropped() == {"FRAGMENT_UNKNOWN": 1}

    assert [lab.send("client", piece).at("web") for piece in (first, *later)] == [[p] for p in (first, *later)]

    assert lab.send("client", later[0]).dropped() == {"FRAGMENT_UNKNOWN": 1}
    assert [flow.leaving.packets for flow in LabFlows(lab).flows("beta")] == [len(later) + 1]


def test_ipv6_fragments_pass_behind_the_first(tenants: Lab) -> None:
    whole = IPv6(src=CLIENT6, dst=WEB6) / IPv6ExtHdrFragment(id=5) / UDP(sport=7, dport=9) / Raw(bytes(3000))
    first, *later = [built(piece) for piece in fragment6(whole, 1280)]
    assert tenants.send("red-app", later[0]).dropped() == {"FRAGMENT_UNKNOWN": 1}

    assert [tenants.send("red-app", piece).dropped() for piece in (first, *later)] == [{}] * (len(later) + 1)


def test_the_end_of_a_fragmented_segment_may_be_acknowledged(lab: Lab) -> None:
    for host, packet in (
        ("client", tcp(f"{CLIENT}:1 > {WEB}:80", "S", seq=100)),
        ("web", tcp(f"{WEB}:80 > {CLIENT}:1", "SA", seq=500, ack=101)),
        ("client", tcp(f"{CLIENT}:1 > {WEB}:80", "A", seq=101, ack=501)),
    ):
        lab.send(host, packet)
    segment = IP(src=CLIENT, dst=WEB, id=9) / TCP(sport=1, dport=80, flags="PA", seq=101, ack=501) / Raw(bytes(3000))
    early = tcp(f"{WEB}:80 > {CLIENT}:1", "A", seq=501, ack=3101)
    assert lab.send("web", early).dropped() == {"INVALID_FLOW": 1}

    for piece in pieces(built(segment)):
        lab.send("client", piece)

    assert lab.send("web", early).dropped() == {}


def test_a_fragment_may_not_write_over_the_first_one(lab: Lab) -> None:
    first = pieces(built(IP(src=CLIENT, dst=WEB, id=78) / UDP(sport=7, dport=9) / Raw(bytes(3000))))[0]
    over = built(IP(src=CLIENT, dst=WEB, id=78, frag=1, flags="MF", proto=17) / Raw(bytes(64)))
    lab.send("client", first)

    assert lab.send("client", over).dropped() == {"INVALID_FLOW": 1}


def test_a_datagram_longer_than_its_frame_is_malformed(lab: Lab) -> None:
    longer = udp(QUESTION)
    longer[IP].len += 8

    assert lab.send("client", longer).dropped() == {"MALFORMED": 1}


def test_an_ipv6_length_that_wraps_is_malformed(lab: Lab) -> None:
    wraps = built(IPv6(src=CLIENT6, dst=WEB6) / UDP(sport=1, dport=2))
    wraps[IPv6].plen = 0xFFF0

    assert lab.send("client", wraps).dropped() == {"MALFORMED": 1}


def test_the_wrong_version_of_ip_is_malformed(lab: Lab) -> None:
    wrong = udp(QUESTION)
    wrong[IP].version = 5

    assert lab.send("client", wrong).dropped() == {"MALFORMED": 1}


def test_expired_records_are_swept_and_no_longer_count(lab: Lab) -> None:
    flows = LabFlows(lab)
    lab.send("client", udp(QUESTION))
    flows.tick("beta")
    assert (flows.count("beta"), flows.live("beta", PORT)) == (1, 1)

    lab.advance(31)
    assert (flows.count("beta"), flows.live("beta", PORT)) == (0, 1)
    flows.tick("beta")

    assert flows.live("beta", PORT) == 0
    assert lab.counters()["beta.flow_events.5"] == 1


def test_an_interface_has_its_share_and_no_more() -> None:
    with a_lab(limit=3) as lab:
        sent = [lab.send("client", udp(f"{CLIENT}:{port} > {WEB}:53")).dropped() for port in range(1, 5)]

        assert sent == [{}, {}, {}, {"FLOW_LIMIT": 1}]
        assert lab.send("client", udp(f"{CLIENT}:1 > {WEB}:53")).dropped() == {}
        assert LabFlows(lab).delete("beta", Filter(local_port=2)) == 1
        assert LabFlows(lab).delete("alpha", Filter(remote_port=2)) == 1
        assert lab.send("client", udp(f"{CLIENT}:4 > {WEB}:53")).dropped() == {}
        accounted(lab)


def test_a_full_table_takes_no_new_flow_and_keeps_the_old_ones(lab: Lab) -> None:
    lab.send("client", udp(QUESTION))
    buckets = lab.switches["beta"].engine.registers["flow_buckets"]
    (mine,) = [flow.local_port for flow in LabFlows(lab).flows("beta")]
    busy = (b"\xaa\xaa" + b"\x20\x00") * 4  # a tag, and a sweep time far ahead
    cells = buckets.read_all()
    full = b"".join(cell if any(cell) else busy for cell in (cells[i : i + 16] for i in range(0, len(cells), 16)))
    buckets.write_range(0, full)

    refused = [lab.send("client", udp(f"{CLIENT}:{port} > {WEB}:99")).dropped() for port in range(1, 4)]

    assert refused == [{"FLOW_TABLE_FULL": 1}] * 3
    assert (mine, lab.send("client", udp(QUESTION)).dropped()) == (4000, {})


def test_flows_are_listed_counted_and_removed_by_filter(lab: Lab) -> None:
    flows = LabFlows(lab)
    for port in range(1, 6):
        lab.send("client", udp(f"{CLIENT}:{port} > {WEB}:53"))
    lab.send("client", tcp(f"{CLIENT}:1 > {WEB}:80"))

    assert {flow.local_port for flow in flows.flows("beta", Filter(protocol=17))} == {1, 2, 3, 4, 5}
    assert flows.count("beta", Filter(local=CLIENT, remote=WEB)) == 6
    assert flows.count("beta", Filter(remote=CLIENT)) == 0
    assert flows.delete("beta", Filter(protocol=17)) == 5
    assert [flow.protocol for flow in flows.flows("beta")] == [6]


def test_a_record_goes_on_at_another_router(lab: Lab) -> None:
    flows = LabFlows(lab)
    lab.send("client", tcp(f"{CLIENT}:1 > {WEB}:80", seq=100))
    (flow,) = flows.flows("beta")
    flows.delete("beta")
    answer = tcp(f"{WEB}:80 > {CLIENT}:1", "SA", seq=500, ack=101)
    assert lab.send("web", answer).dropped() == {"INVALID_FLOW": 1}

    assert flows.load("beta", flow, PORT)

    assert flows.flows("beta") == [flow]
    assert lab.send("web", answer).dropped() == {}


def test_a_control_packet_that_asks_for_nothing_is_dropped(lab: Lab) -> None:
    assert lab.inject("beta", CPU_PORT, bytes(200)).dropped() == {"BAD_CONTROL": 1}
