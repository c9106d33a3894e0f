"""The vrouter in the lab: what arrives, what is dropped and why."""

from __future__ import annotations

from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from topologies.lab import ROUTER_MAC, Lab, Sent
from topologies.packets import ping, tcp, udp

CLIENT, WEB, UNUSED = "10.0.1.6", "10.0.1.5", "10.0.1.77"
REQUEST = f"{CLIENT}:4000 > {WEB}:53"


def captured(lab: Lab) -> Packet:
    """What crosses the underlay when the client asks the web server something."""
    return Ether(lab.send("client", udp(REQUEST)).underlay[0])


def replayed(lab: Lab, frame: Packet) -> Sent:
    """Lets a frame arrive at the underlay port of the web server's host."""
    return lab.inject("alpha", 1, bytes(frame))


def outer_checksum_again(frame: Packet) -> Packet:
    """The frame with its outer IPv4 checksum filled in again."""
    del frame[IP].chksum
    return Ether(bytes(frame))


def test_a_packet_reaches_the_instance_on_the_other_host_unchanged(lab: Lab) -> None:
    sent = lab.send("client", udp(REQUEST))

    assert sent.at("web") == [udp(REQUEST)]
    assert sent.at("client") == []
    assert sent.dropped() == {}


def test_the_way_moves_these_counters_and_no_others(lab: Lab) -> None:
    lab.send("client", udp(REQUEST))

    sent = lab.send("client", udp(REQUEST))

    assert sent.changed == {
        "beta.received.16": 1,
        "beta.eni_port.from_eni": 1,
        "beta.eni_address.own": 1,
        "beta.flow_out.policy.track": 1,
        "beta.route.local": 1,
        "beta.mapping.to_host": 1,
        "beta.underlay_route.to_underlay": 1,
        "beta.sent.1": 1,
        "alpha.received.1": 1,
        "alpha.host_address.this_host": 1,
        "alpha.trusted_source.trusted": 1,
        "alpha.local_eni.here": 1,
        "alpha.flow_in.policy.track": 1,
        "alpha.sent.16": 1,
    }


def test_an_answer_finds_its_way_back(lab: Lab) -> None:
    lab.send("client", tcp(f"{CLIENT}:4000 > {WEB}:80"))
    answer = tcp(f"{WEB}:80 > {CLIENT}:4000", flags="SA", ack=1001)

    assert lab.send("web", answer).at("client") == [answer]


def test_the_delivered_frame_comes_from_the_router_to_the_interface(lab: Lab) -> None:
    frame = Ether(lab.send("client", ping(f"{CLIENT} > {WEB}")).frames["web"][0])

    assert (frame.src, frame.dst, frame.type) == (ROUTER_MAC, "06:00:00:00:00:01", 0x0800)


def test_on_the_underlay_the_packet_is_geneve_with_vpc_and_enis(lab: Lab) -> None:
    frame = captured(lab)

    assert (frame[IP].src, frame[IP].dst, frame[UDP].dport) == ("172.31.0.2", "172.31.0.1", 6081)
    assert (frame.src, frame.dst) == ("02:75:00:02:00:01", "02:75:00:01:00:01")
    geneve = frame[GENEVE]
    assert (geneve.vni, geneve.critical, geneve.optionlen, geneve.proto) == (1, 1, 3, 0x0800)
    option = geneve.options[0]
    assert (option.classid, option.type, bytes(option.data)) == (0xFF56, 0x81, bytes([0, 0, 0, 2, 0, 0, 0, 1]))
    assert bytes(geneve.payload) == bytes(udp(REQUEST))
    assert frame[IP].len == len(frame) - 14
    assert frame[UDP].len == frame[IP].len - 20
    assert frame[IP].chksum == outer_checksum_again(frame.copy())[IP].chksum


def test_flows_differ_in_their_outer_source_port(lab: Lab) -> None:
    ports = {
        Ether(lab.send("client", udp(f"{CLIENT}:{port} > {WEB}:53")).underlay[0])[UDP].sport
        for port in range(4000, 4032)
    }

    assert len(ports) > 24
    assert min(ports) >= 0xC000


def test_the_router_answers_arp_for_any_neighbour(lab: Lab) -> None:
    sent = lab.ask_mac("client", WEB)

    answer = Ether(sent.frames["client"][0])[ARP]
    assert (answer.op, answer.hwsrc, answer.psrc, answer.pdst) == (2, ROUTER_MAC, WEB, CLIENT)
    assert sent.underlay == []


def test_the_router_does_not_claim_the_instance_own_address(lab: Lab) -> None:
    assert lab.ask_mac("client", CLIENT).dropped() == {"NOT_ANSWERED": 1}


def test_a_duplicate_address_probe_is_not_answered(lab: Lab) -> None:
    mac = "06:00:00:00:00:02"
    probe = Ether(src=mac, dst="ff:ff:ff:ff:ff:ff") / ARP(op=1, hwsrc=mac, psrc="0.0.0.0", pdst=CLIENT)

    assert lab.send("client", probe).dropped() == {"NOT_ANSWERED": 1}


def test_arp_with_a_foreign_mac_is_dropped(lab: Lab) -> None:
    forged = ARP(op=1, hwsrc="06:00:00:00:00:01", psrc=CLIENT, pdst=WEB)
    sent = lab.send("client", Ether(src="06:00:00:00:00:02", dst="ff:ff:ff:ff:ff:ff") / forged)

    assert sent.dropped() == {"SPOOFED_MAC": 1}


def test_a_spoofed_mac_is_dropped(lab: Lab) -> None:
    sent = lab.send("client", Ether(src="06:00:00:00:00:01", dst=ROUTER_MAC) / udp(REQUEST))

    assert sent.dropped() == {"SPOOFED_MAC": 1}
    assert sent.nowhere()


def test_a_spoofed_address_is_dropped(lab: Lab) -> None:
    sent = lab.send("client", udp(f"10.0.1.99:4000 > {WEB}:53"))

    assert sent.dropped() == {"SPOOFED_ADDRESS": 1}
    assert sent.nowhere()


def test_a_frame_that_is_not_ip_is_dropped(lab: Lab) -> None:
    sent = lab.send("client", Ether(src="06:00:00:00:00:02", dst=ROUTER_MAC, type=0x88CC) / Raw(b"hello"))

    assert sent.dropped() == {"NOT_IP": 1}


def test_a_destination_outside_every_route_is_dropped(lab: Lab) -> None:
    assert lab.send("client", udp(f"{CLIENT}:4000 > 192.0.2.1:53")).dropped() == {"NO_ROUTE": 1}


def test_an_address_that_nobody_has_is_dropped(lab: Lab) -> None:
    assert lab.send("client", udp(f"{CLIENT}:4000 > {UNUSED}:53")).dropped() == {"NO_MAPPING": 1}


def test_a_port_without_an_interface_is_dropped(lab: Lab) -> None:
    sent = lab.inject("alpha", 99, bytes(Ether(src="06:00:00:00:00:01", dst=ROUTER_MAC) / udp(REQUEST)))

    assert sent.dropped() == {"UNKNOWN_PORT": 1}


def test_a_frame_cut_short_is_dropped(lab: Lab) -> None:
    frame = bytes(Ether(src="06:00:00:00:00:02", dst=ROUTER_MAC) / udp(REQUEST))[:30]

    assert lab.inject("beta", 16, frame).dropped() == {"MALFORMED": 1}


def test_geneve_from_an_instance_is_only_a_payload(lab: Lab) -> None:
    nested = udp(f"{CLIENT}:6081 > {WEB}:6081", payload=bytes(captured(lab)[UDP].payload))

    sent = lab.send("client", nested)

    assert sent.at("web") == [nested]


def test_replaying_what_was_captured_delivers_it(lab: Lab) -> None:
    assert replayed(lab, captured(lab)).at("web") == [udp(REQUEST)]


def test_a_wrong_outer_checksum_is_dropped(lab: Lab) -> None:
    frame = captured(lab)
    frame[IP].chksum ^= 1

    assert replayed(lab, frame).dropped() == {"BAD_CHECKSUM": 1}


def test_underlay_traffic_that_is_not_geneve_is_dropped(lab: Lab) -> None:
    frame = Ether(dst="02:75:00:01:00:01") / IP(src="172.31.0.2", dst="172.31.0.1") / UDP(dport=53) / Raw(b"x")

    assert replayed(lab, frame).dropped() == {"NOT_GENEVE": 1}


def test_a_packet_for_another_host_is_dropped(lab: Lab) -> None:
    frame = captured(lab)
    frame[IP].dst = "172.31.0.9"

    assert replayed(lab, outer_checksum_again(frame)).dropped() == {"NOT_THIS_HOST": 1}


def test_a_source_interface_that_the_sender_does_not_host_is_dropped(lab: Lab) -> None:
    frame = captured(lab)
    frame[IP].src = "172.31.0.7"

    sent = replayed(lab, outer_checksum_again(frame))

    assert sent.dropped() == {"UNTRUSTED_SOURCE": 1}
    assert sent.nowhere()


def test_another_vpc_in_the_header_is_dropped(lab: Lab) -> None:
    frame = captured(lab)
    frame[GENEVE].vni = 2

    assert replayed(lab, frame).dropped() == {"UNTRUSTED_SOURCE": 1}


def test_an_interface_that_is_not_on_this_host_is_dropped(lab: Lab) -> None:
    frame = captured(lab)
    frame[GENEVE].options[0].data = bytes([0, 0, 0, 2, 0, 0, 0, 9])

    assert replayed(lab, frame).dropped() == {"NOT_HERE": 1}


def test_an_unknown_critical_option_is_dropped(lab: Lab) -> None:
    assert replayed(lab, with_option(captured(lab), kind=0x90)).dropped() == {"UNKNOWN_OPTION": 1}


def test_an_unknown_option_that_is_not_critical_is_ignored(lab: Lab) -> None:
    assert replayed(lab, with_option(captured(lab), kind=0x10)).at("web") == [udp(REQUEST)]


def test_an_option_longer_than_the_header_says_is_dropped(lab: Lab) -> None:
    frame = captured(lab)
    raw = bytearray(bytes(frame))
    raw[14 + 20 + 8 + 8 + 3] = 31

    assert lab.inject("alpha", 1, bytes(raw)).dropped() == {"MALFORMED": 1}


def with_option(frame: Packet, kind: int) -> Packet:
    """The frame with one more Geneve option in front of the ENI option."""
    geneve = frame[GENEVE]
    geneve.options = [GeneveOptions(classid=0x0102, type=kind, data=b"abcdefgh"), *geneve.options]
    geneve.optionlen = 6
    del frame[UDP].len, frame[IP].len, frame[IP].chksum
    return Ether(bytes(frame))
