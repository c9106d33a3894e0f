"""IPv6 beside IPv4: the same tables, the same checks, neighbour discovery in place of ARP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IPv6
from scapy.layers.l2 import Ether

from topologies.lab import ROUTER_MAC, Lab, Sent
from topologies.packets import udp
from topologies.region import load_region

APP, WEB = "fd00:10:0:1::6", "fd00:10:0:1::5"
APP_MAC = "06:00:00:00:00:02"


@pytest.fixture(scope="module")
def tenants() -> Iterator[Lab]:
    with Lab(load_region("two_tenants").preloaded()) as lab:
        yield lab


def solicit(lab: Lab, target: str, source: str = APP, hops: int = 255, with_mac: bool = True) -> Sent:
    """A neighbour solicitation from the red application server."""
    question = IPv6(src=source, dst="ff02::1:ff00:5", hlim=hops) / ICMPv6ND_NS(tgt=target)
    if with_mac:
        question /= ICMPv6NDOptSrcLLAddr(lladdr=APP_MAC)
    return lab.send("red-app", Ether(src=APP_MAC, dst="33:33:ff:00:00:05") / question)


def test_ipv6_reaches_the_instance_on_the_other_host_unchanged(tenants: Lab) -> None:
    packet = udp(f"[{APP}]:4000 > [{WEB}]:53")

    assert tenants.send("red-app", packet).at("red-web") == [packet]


def test_an_equal_address_of_the_other_tenant_gets_nothing(tenants: Lab) -> None:
    sent = tenants.send("red-app", udp(f"[{APP}]:4000 > [{WEB}]:53"))

    assert set(sent.frames) == {"red-web"}


def test_both_tenants_use_the_same_addresses_side_by_side(tenants: Lab) -> None:
    packet = udp("10.0.1.6:4000 > 10.0.1.5:53")

    assert set(tenants.send("red-app", packet).frames) == {"red-web"}
    assert set(tenants.send("blue-app", packet).frames) == {"blue-web"}


def test_two_instances_on_one_host_talk_without_the_underlay(tenants: Lab) -> None:
    packet = udp("10.0.1.6:4000 > 10.0.1.7:53")

    sent = tenants.send("blue-app", packet)

    assert sent.at("blue-db") == [packet]
    assert sent.underlay == []


def test_an_address_that_only_the_other_tenant_has_is_unknown(tenants: Lab) -> None:
    assert tenants.send("red-app", udp("10.0.1.6:1 > 10.0.1.7:2")).dropped() == {"NO_MAPPING": 1}


@pytest.mark.parametrize("with_mac", [True, False])
def test_the_router_advertises_itself_for_any_neighbour(tenants: Lab, with_mac: bool) -> None:
    frame = Ether(solicit(tenants, WEB, with_mac=with_mac).frames["red-app"][0])

    advertised = frame[ICMPv6ND_NA]
    assert (frame.src, frame.dst) == (ROUTER_MAC, APP_MAC)
    assert (frame[IPv6].src, frame[IPv6].dst, frame[IPv6].hlim) == (WEB, APP, 255)
    assert (advertised.tgt, advertised.S, advertised.O) == (WEB, 1, 1)
    assert frame[ICMPv6NDOptDstLLAddr].lladdr == ROUTER_MAC
    checksum = advertised.cksum
    del frame[ICMPv6ND_NA].cksum
    assert Ether(bytes(frame))[ICMPv6ND_NA].cksum == checksum


def test_duplicate_address_detection_is_not_answered(tenants: Lab) -> None:
    assert solicit(tenants, APP, source="::", with_mac=False).dropped() == {"NOT_ANSWERED": 1}


def test_a_question_about_its_own_address_is_not_answered(tenants: Lab) -> None:
    assert solicit(tenants, APP).dropped() == {"NOT_ANSWERED": 1}


def test_a_solicitation_that_was_routed_is_not_answered(tenants: Lab) -> None:
    assert solicit(tenants, WEB, hops=254).dropped() == {"NOT_ANSWERED": 1}


def test_a_spoofed_ipv6_address_is_dropped(tenants: Lab) -> None:
    assert tenants.send("red-app", udp(f"[fd00:10:0:1::99]:1 > [{WEB}]:2")).dropped() == {"SPOOFED_ADDRESS": 1}


def test_an_ipv4_address_in_ipv6_clothes_is_no_address(tenants: Lab) -> None:
    disguised = udp(f"[::ffff:10.0.1.6]:1 > [{WEB}]:2")

    assert tenants.send("red-app", disguised).dropped() == {"NOT_IP": 1}
    assert tenants.send("red-app", udp(f"[{APP}]:1 > [::ffff:10.0.1.5]:2")).dropped() == {"NOT_IP": 1}
