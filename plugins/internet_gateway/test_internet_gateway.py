"""The internet gateway in the lab: what goes out, what comes in, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6TimeExceeded, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from controller.errors import RequestError
from controller.model.transaction import Caller
from tests.pipeline.internet_region import (
    APP,
    APP6,
    DB,
    DB6,
    EDGES,
    PUBLIC,
    QUIET,
    QUIET6,
    SERVER,
    SERVER6,
    WEB,
    WEB6,
    Internet,
    internet,
    passed_on,
)
from tests.pipeline.mapping_regions import accounted
from topologies.packets import built, ping, tcp, udp

OUT = (
    udp(f"{WEB}:4000 > {SERVER}:53"),
    tcp(f"{WEB}:4000 > {SERVER}:80", payload=b"odd"),
    ping(f"{WEB} > {SERVER}"),
    built(IP(src=WEB, dst=SERVER) / UDP(sport=1, dport=2, chksum=0) / Raw(b"no checksum")),
)
IN = (
    udp(f"{SERVER}:53 > {PUBLIC}:4000"),
    tcp(f"{SERVER}:80 > {PUBLIC}:4000", flags="SA", payload=b"odd"),
    ping(f"{SERVER} > {PUBLIC}"),
)


@pytest.fixture(scope="module")
def running() -> Iterator[Internet]:
    with internet() as world:
        yield world


@pytest.fixture
def world(running: Internet) -> Iterator[Internet]:
    """The region; at the end every packet is accounted for at every switch."""
    running.lab.advance(seconds=60)
    yield running
    accounted(running.lab)


# -- both ways ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("packet", OUT, ids=["udp", "tcp", "ping", "udp without checksum"])
def test_an_elastic_address_takes_the_place_of_the_source(world: Internet, packet: Packet) -> None:
    sent = world.lab.send("web", packet)

    assert sent.dropped() == {}
    assert [bytes(p) for p in sent.out()] == [bytes(keeping_none(packet, src=PUBLIC))]


@pytest.mark.parametrize("packet", IN, ids=["udp", "tcp", "ping"])
def test_the_private_address_takes_the_place_of_the_destination(world: Internet, packet: Packet) -> None:
    world.lab.send("web", udp(f"{WEB}:4000 > {SERVER}:53"))
    world.lab.send("web", tcp(f"{WEB}:4000 > {SERVER}:80"))

    assert world.lab.send_from_outside("edge-a", packet).at("web") == [passed_on(packet, dst=WEB)]


def test_any_edge_takes_any_packet(world: Internet) -> None:
    for edge in ("edge-a", "edge-b"):
        packet = udp(f"{SERVER}:53 > {PUBLIC}:77")
        assert world.lab.send_from_outside(edge, packet).at("web") == [passed_on(packet, dst=WEB)]


def test_flows_are_shared_out_among_the_edges(world: Internet) -> None:
    edges = {world.lab.send("web", udp(f"{WEB}:{port} > {SERVER}:53")).outside[0][0] for port in range(1, 40)}

    assert edges == {"edge-a", "edge-b"}


def test_ipv6_goes_as_it_is(world: Internet) -> None:
    there, back = udp(f"[{WEB6}]:4 > [{SERVER6}]:5"), udp(f"[{SERVER6}]:5 > [{WEB6}]:4")

    assert world.lab.send("web", there).out() == [passed_on(there)]
    assert world.lab.send_from_outside("edge-a", back).at("web") == [passed_on(back)]


def test_ipv6_reaches_an_instance_without_being_asked(world: Internet) -> None:
    packet = built(IPv6(src=SERVER6, dst=APP6) / ICMPv6EchoRequest(id=9))

    assert world.lab.send_from_outside("edge-b", packet).at("app") == [passed_on(packet)]


@pytest.mark.parametrize("original", [*OUT[:2], *OUT[2:3]], ids=["udp", "tcp", "ping"])
def test_an_icmp_error_from_outside_quotes_the_private_address(world: Internet, original: Packet) -> None:
    outside = world.lab.send("web", original).out()[0]
    unreachable = IP(src="192.0.2.1", dst=PUBLIC) / ICMP(type=3, code=1)
    error = built(unreachable / Raw(bytes(outside)[:48]))

    arrived = world.lab.send_from_outside("edge-a", error).at("web")[0]

    quoted = IP(bytes(arrived[ICMP].payload))
    assert (arrived[IP].src, arrived[IP].dst, quoted.src, quoted.dst) == ("192.0.2.1", WEB, WEB, SERVER)
    assert bytes(arrived) == bytes(recomputed(arrived))
    assert bytes(quoted)[20:] == bytes(original)[20:48]


def test_an_icmp_error_from_the_instance_quotes_the_public_address(world: Internet) -> None:
    asked = udp(f"{SERVER}:99 > {PUBLIC}:98")
    arrived = world.lab.send_from_outside("edge-a", asked).at("web")[0]
    error = built(IP(src=WEB, dst=SERVER) / ICMP(type=3, code=3) / Raw(bytes(arrived)))

    left = world.lab.send("web", error).out()[0]

    quoted = IP(bytes(left[ICMP].payload))
    assert (left[IP].src, quoted.src, quoted.dst) == (PUBLIC, SERVER, PUBLIC)
    assert bytes(left) == bytes(recomputed(left))
    assert bytes(quoted)[20:] == bytes(asked)[20:]


def test_an_icmp_error_about_another_address_is_dropped(world: Internet) -> None:
    world.lab.send("web", OUT[0])
    foreign = udp(f"203.0.113.99:4000 > {SERVER}:53")
    error = built(IP(src="192.0.2.1", dst=PUBLIC) / ICMP(type=3, code=1) / Raw(bytes(foreign)))

    assert world.lab.send_from_outside("edge-a", error).dropped() == {"FOREIGN_QUOTE": 1}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.binary(max_size=64), port=st.integers(1, 65535), server=st.integers(1, 254), tos=st.integers(0, 255))
def test_checksums_stay_right_whatever_is_in_the_packet(
    world: Internet, payload: bytes, port: int, server: int, tos: int
) -> None:
    ip = IP(src=f"192.0.2.{server}", dst=PUBLIC, tos=tos)
    for transport in (UDP(sport=53, dport=port), TCP(sport=53, dport=port, flags="S")):
        packet = built(ip / transport / Raw(payload))
        assert world.lab.send_from_outside("edge-a", packet).at("web") == [passed_on(packet, dst=WEB)]


def test_fragments_pass_and_make_the_datagram_again(world: Internet) -> None:
    whole = udp(f"{SERVER}:7 > {PUBLIC}:8", payload=bytes(range(256)) * 8)
    pieces = [built(piece) for piece in fragment(whole, fragsize=1024)]

    arrived = [world.lab.send_from_outside("edge-a", piece).at("web")[0] for piece in pieces]

    data = b"".join(bytes(piece[IP].payload) for piece in arrived)
    assert bytes(passed_on(whole, dst=WEB))[20:] == data
    assert all(bytes(piece)[:20] == bytes(built(without_checksum(piece)))[:20] for piece in arrived)


# -- hops and sizes ---------------------------------------------------------------------------------------------------


def test_the_edge_is_a_hop_on_the_way_out(world: Internet) -> None:
    packet = built(IP(src=WEB, dst=SERVER, ttl=1) / UDP(sport=33000, dport=33434) / Raw(b"traceroute"))
    world.lab.send("web", OUT[0])

    answer = world.lab.send("web", packet).at("web")[0]

    assert (answer[IP].src in EDGES, answer[IP].dst, answer[ICMP].type, answer[ICMP].code) == (True, WEB, 11, 0)
    assert bytes(answer[ICMP].payload) == bytes(packet)[:28]
    assert bytes(answer) == bytes(recomputed(answer))


def test_the_edge_is_a_hop_on_the_way_out_in_ipv6(world: Internet) -> None:
    packet = built(IPv6(src=WEB6, dst=SERVER6, hlim=1) / UDP(sport=33000, dport=33434) / Raw(b"traceroute"))

    answer = world.lab.send("web", packet).at("web")[0]

    assert (answer[IPv6].src[:16], answer[IPv6].dst) == ("2001:db8:ffff::1", WEB6)
    assert bytes(answer[ICMPv6TimeExceeded].payload) == bytes(packet)


def test_the_edge_is_a_hop_on_the_way_in(world: Internet) -> None:
    packet = built(IP(src=SERVER, dst=PUBLIC, ttl=1) / UDP(sport=1, dport=2) / Raw(b"traceroute"))

    answer = world.lab.send_from_outside("edge-a", packet).out()[0]

    assert (answer[IP].src, answer[IP].dst, answer[ICMP].type) == (EDGES[0], SERVER, 11)


def test_errors_are_not_answered_with_errors(world: Internet) -> None:
    error = IP(src=SERVER, dst=PUBLIC, ttl=1) / ICMP(type=3, code=1) / Raw(bytes(udp(f"{PUBLIC}:1 > {SERVER}:2")))

    assert world.lab.send_from_outside("edge-a", built(error)).dropped() == {"TIME_EXCEEDED": 1}


def test_the_way_to_the_internet_has_an_mtu_of_1500(world: Internet) -> None:
    packet = built(IP(src=WEB, dst=SERVER, flags="DF") / UDP(sport=1, dport=2) / Raw(bytes(1473)))

    answer = world.lab.send("web", packet).at("web")[0]

    assert (answer[ICMP].type, answer[ICMP].code, answer[ICMP].nexthopmtu) == (3, 4, 1500)
    fits = built(IP(src=WEB, dst=SERVER, flags="DF") / UDP(sport=1, dport=2) / Raw(bytes(1472)))
    assert world.lab.send("web", fits).out() == [passed_on(fits, src=PUBLIC)]


# -- what is forbidden ------------------------------------------------------------------------------------------------


def test_without_a_route_nothing_goes_out(world: Internet) -> None:
    assert world.lab.send("db", udp(f"{DB}:1 > {SERVER}:2")).dropped() == {"NO_ROUTE": 1}
    assert world.lab.send("quiet", udp(f"{QUIET}:1 > {SERVER}:2")).dropped() == {"NO_ROUTE": 1}


def test_without_a_public_address_nothing_goes_out(world: Internet) -> None:
    assert world.lab.send("app", udp(f"{APP}:1 > {SERVER}:2")).dropped() == {"NO_ELASTIC_ADDRESS": 1}


def test_an_instance_does_not_send_from_a_public_address(world: Internet) -> None:
    assert world.lab.send("web", udp(f"{PUBLIC}:1 > {SERVER}:2")).dropped() == {"SPOOFED_ADDRESS": 1}


def test_nobody_outside_sends_from_the_regions_own_addresses(world: Internet) -> None:
    for source in ("203.0.113.99", "10.0.1.6", "127.0.0.1"):
        assert world.lab.send_from_outside("edge-a", udp(f"{source}:1 > {PUBLIC}:2")).dropped() == {"MARTIAN": 1}
    inside = udp(f"[{APP6}]:1 > [{WEB6}]:2")
    assert world.lab.send_from_outside("edge-a", inside).dropped() == {"MARTIAN": 1}


def test_an_address_that_nobody_has_is_nobodys(world: Internet) -> None:
    stray = udp(f"{SERVER}:1 > 203.0.113.77:2")
    assert world.lab.send_from_outside("edge-a", stray).dropped() == {"NO_PUBLIC_ADDRESS": 1}


def test_an_instance_whose_routes_do_not_lead_back_is_not_reached(world: Internet) -> None:
    world.associate("db", "203.0.113.11")

    packet = udp(f"{SERVER}:1 > 203.0.113.11:2")
    assert world.lab.send_from_outside("edge-a", packet).dropped() == {"NO_WAY_BACK": 1}
    over6 = udp(f"[{SERVER6}]:1 > [{DB6}]:2")
    assert world.lab.send_from_outside("edge-a", over6).dropped() == {"NO_WAY_BACK": 1}
    world.disassociate("203.0.113.11")


def test_geneve_from_outside_is_refused(world: Internet) -> None:
    inside = bytes.fromhex("0000080000000100") + bytes(udp(f"{APP}:1 > {WEB}:2"))
    for own in ("198.18.0.11", "172.31.0.101"):
        packet = built(IP(src=SERVER, dst=own) / UDP(sport=1, dport=6081) / Raw(inside))
        assert world.lab.send_from_outside("edge-a", packet).dropped() == {"GENEVE_FROM_OUTSIDE": 1}


def test_an_egress_only_gateway_lets_out_and_answers_in(world: Internet) -> None:
    there, back = tcp(f"[{QUIET6}]:7 > [{SERVER6}]:80"), tcp(f"[{SERVER6}]:80 > [{QUIET6}]:7", flags="SA", ack=1001)

    assert world.lab.send("quiet", there).out() == [passed_on(there)]
    assert world.lab.send_from_outside("edge-b", back).at("quiet") == [passed_on(back)]


def test_an_egress_only_gateway_lets_nothing_else_in(world: Internet) -> None:
    for packet in (tcp(f"[{SERVER6}]:80 > [{QUIET6}]:9"), udp(f"[{SERVER6}]:80 > [{QUIET6}]:9")):
        assert world.lab.send_from_outside("edge-b", packet).dropped() == {"EGRESS_ONLY": 1}


def test_an_edge_answers_for_its_own_addresses_only(world: Internet) -> None:
    def asked(address: str) -> Packet:
        return Ether(src="02:73:00:00:00:01", dst="ff:ff:ff:ff:ff:ff") / ARP(psrc="198.18.0.1", pdst=address)

    answer = Ether(world.lab.send_from_outside("edge-a", asked("198.18.0.11")).outside[0][1])

    assert (answer[ARP].op, answer[ARP].psrc, answer[ARP].hwsrc) == (2, "198.18.0.11", "02:73:00:00:01:03")
    assert world.lab.send_from_outside("edge-a", asked("203.0.113.10")).dropped() == {"NOT_ANSWERED": 1}


# -- elastic addresses ------------------------------------------------------------------------------------------------


def test_an_elastic_address_moves(world: Internet) -> None:
    packet = udp(f"{SERVER}:1 > {PUBLIC}:2")
    world.associate("app", again=True)

    assert world.lab.send_from_outside("edge-a", packet).at("app") == [passed_on(packet, dst=APP)]
    assert world.lab.send("web", udp(f"{WEB}:1 > {SERVER}:2")).dropped() == {"NO_ELASTIC_ADDRESS": 1}
    world.associate("web", again=True)


def test_an_elastic_address_in_use_is_not_moved_by_mistake(world: Internet) -> None:
    with pytest.raises(RequestError, match="already associated") as error:
        world.associate("app")
    assert error.value.code == "Resource.AlreadyAssociated"


def test_an_elastic_address_in_use_is_not_released(world: Internet) -> None:
    with pytest.raises(RequestError, match="in use") as error, world.lab.transaction() as tx:
        world.plugin.release_address(tx, world.address())
    assert error.value.code == "InvalidIPAddress.InUse"


def test_another_accounts_interface_gets_no_address(world: Internet) -> None:
    with pytest.raises(RequestError) as error:
        world.associate("quiet", "203.0.113.11")
    assert error.value.code == "InvalidNetworkInterfaceID.NotFound"


def test_accounts_take_addresses_up_to_their_quota(world: Internet) -> None:
    green = Caller("green", world.vpc("green").account_id)
    with world.lab.transaction(green) as tx:
        taken = [world.plugin.allocate_address(tx) for _ in range(5)]
        with pytest.raises(RequestError) as error:
            world.plugin.allocate_address(tx)
        [world.plugin.release_address(tx, one) for one in taken]
    assert len({one.public_ip for one in taken} - {IPv4Address(PUBLIC)}) == 5
    assert error.value.code == "AddressLimitExceeded"


def test_an_address_outside_the_pools_is_not_to_be_had(world: Internet) -> None:
    account = world.vpc("red").account_id
    with pytest.raises(RequestError) as error, world.lab.transaction() as tx:
        world.plugin.allocate_address(tx, address=IPv4Address("198.51.100.1"), account_id=account)
    assert error.value.code == "InvalidAddress.NotFound"


def test_only_operators_give_the_region_addresses(world: Internet) -> None:
    red = Caller("red", world.vpc("red").account_id)
    with pytest.raises(RequestError) as error, world.lab.transaction(red) as tx:
        world.plugin.create_address_pool(tx, cidr_block=IPv4Network("198.51.100.0/24"))
    assert error.value.code == "UnauthorizedOperation"


def test_a_gateway_with_addresses_in_use_stays(world: Internet) -> None:
    gateway = next(iter(world.lab.region.model.table(world.plugin.resources[0]).values()))
    with pytest.raises(RequestError, match="mapped public address") as error, world.lab.transaction() as tx:
        world.plugin.detach_internet_gateway(tx, gateway)
    assert error.value.code == "DependencyViolation"


def test_a_vpc_has_one_internet_gateway(world: Internet) -> None:
    vpc = world.vpc("red")
    with world.lab.transaction() as tx:
        second = world.plugin.create_internet_gateway(tx, account_id=vpc.account_id)
    with pytest.raises(RequestError, match="already has an internet gateway"), world.lab.transaction() as tx:
        world.plugin.attach_internet_gateway(tx, second, vpc_id=vpc.id)


def keeping_none(packet: Packet, **fields: object) -> Packet:
    """The packet one hop on; a UDP checksum that was not there is not there."""
    expected = passed_on(packet, **fields)
    if UDP in packet and packet[UDP].chksum == 0:
        expected[UDP].chksum = 0
    return expected


def recomputed(packet: Packet) -> Packet:
    """The packet with its checksums, and those of the packet that an ICMP error quotes, computed from nothing."""
    copy = without_checksum(packet)
    del copy[ICMP].chksum
    quoted = IP(bytes(packet[ICMP].payload))
    header = without_checksum(quoted)
    copy[ICMP].remove_payload()
    return built(copy / Raw(bytes(built(header))[:20] + bytes(quoted)[20:]))


def without_checksum(packet: Packet) -> Packet:
    """The packet with its IPv4 checksum to be filled in."""
    copy = packet.copy()
    del copy[IP].chksum
    return copy
