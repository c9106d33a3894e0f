"""Isolation as a property: whatever a tenant or a host forges, nothing arrives in a VPC that it has no part in."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from tests.pipeline.mapping_regions import accounted
from topologies.lab import ROUTER_MAC, Lab
from topologies.packets import udp
from topologies.region import load_region

BOUNDED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
HOSTS = {"alpha": "172.31.0.1", "beta": "172.31.0.2", "gamma": "172.31.0.3"}
# The VPC numbers whose interfaces each host has, and its underlay ports.
HOSTED = {"172.31.0.1": {1}, "172.31.0.2": {1, 2}, "172.31.0.3": {2}}

macs = st.sampled_from([ROUTER_MAC, "ff:ff:ff:ff:ff:ff", *(f"06:00:00:00:00:{i:02x}" for i in range(7))])
inner4 = st.sampled_from(
    ["10.0.1.1", "10.0.1.5", "10.0.1.6", "10.0.1.7", "10.0.1.255", "255.255.255.255", "172.31.0.1"]
)
inner6 = st.sampled_from(["fd00:10:0:1::5", "fd00:10:0:1::6", "fd00:10:0:1::7", "ff02::1", "fe80::1"])
outer = st.sampled_from([*HOSTS.values(), "172.31.0.9", "10.0.1.5"])


@st.composite
def inner_packets(draw: st.DrawFn) -> Packet:
    """IP packets between any of the addresses, some of them with nonsense behind the header."""
    if draw(st.booleans()):
        head: Packet = IP(src=draw(inner4), dst=draw(inner4), flags=draw(st.sampled_from(["", "DF", "MF"])))
    else:
        head = IPv6(src=draw(inner6), dst=draw(inner6))
    body = draw(st.sampled_from([UDP(sport=1, dport=6081), UDP(sport=6081, dport=6081), Raw(b"\x60")]))
    return head / body / Raw(draw(st.binary(max_size=40)))


@st.composite
def tunnelled(draw: st.DrawFn, inner: st.SearchStrategy[Packet]) -> Packet:
    """Geneve with every field forged: outer addresses, VNI, ENIs, options, lengths."""
    numbers = st.integers(0, 7)
    eni = draw(numbers).to_bytes(4, "big") + draw(numbers).to_bytes(4, "big")
    options = [GeneveOptions(classid=0xFF56, type=0x81, data=eni)] * draw(st.integers(0, 2))
    if draw(st.booleans()):
        options.insert(0, GeneveOptions(classid=0x0102, type=draw(st.sampled_from([1, 0x81])), data=bytes(4)))
    packet = draw(inner)
    kind = draw(st.sampled_from([0x86DD if packet.version == 6 else 0x0800, 0x0800, 0x6558]))
    geneve = GENEVE(vni=draw(st.integers(0, 4)), proto=kind, critical=1, options=options)
    return IP(src=draw(outer), dst=draw(outer)) / UDP(sport=50000, dport=6081, chksum=0) / geneve / packet


@pytest.fixture(scope="module")
def tenants() -> Iterator[Lab]:
    with Lab(load_region("two_tenants").preloaded()) as lab:
        yield lab


@pytest.fixture(scope="module")
def on_demand() -> Iterator[Lab]:
    with Lab(load_region("on_demand")) as lab:
        yield lab


@BOUNDED
@given(
    instance=st.sampled_from(["red-web", "red-app", "blue-web", "blue-app", "blue-db"]),
    packet=st.one_of(inner_packets(), tunnelled(inner_packets()), st.builds(ARP, psrc=inner4, pdst=inner4)),
    src=macs,
    dst=macs,
)
def test_a_tenant_never_reaches_the_other(tenants: Lab, instance: str, packet: Packet, src: str, dst: str) -> None:
    sent = tenants.send(instance, Ether(src=src, dst=dst) / packet)

    tenant = instance.split("-")[0]
    assert {name for name in sent.frames if not name.startswith(tenant)} == set()
    accounted(tenants)


@BOUNDED
@given(host=st.sampled_from(list(HOSTS)), port=st.integers(1, 2), packet=tunnelled(inner_packets()))
def test_a_host_reaches_only_vpcs_that_it_hosts(tenants: Lab, host: str, port: int, packet: Packet) -> None:
    sent = tenants.inject(host, port, bytes(Ether(src="02:00:00:00:00:01", dst="02:75:00:01:00:01") / packet))

    claimed = str(IPv4Address(packet[IP].src))
    reached = {1 if name.startswith("red") else 2 for name in sent.frames}
    assert reached <= HOSTED.get(claimed, set())
    assert reached <= {packet[GENEVE].vni}
    accounted(tenants)


@BOUNDED
@given(host=st.sampled_from(list(HOSTS)), port=st.integers(0, 40), frame=st.binary(max_size=120))
def test_noise_is_dropped_and_accounted_for(tenants: Lab, host: str, port: int, frame: bytes) -> None:
    sent = tenants.inject(host, port, frame)

    assert sent.nowhere()
    accounted(tenants)


@pytest.mark.parametrize("source", ["0.0.0.0", "255.255.255.255", "172.31.0.9"])
def test_a_replay_from_no_hosts_address_is_not_believed(on_demand: Lab, source: str) -> None:
    question = udp("10.0.1.6:4000 > 10.0.1.5:53")
    on_demand.send("client", question)
    (frame,) = on_demand.send("client", question).underlay
    replay = Ether(frame)
    replay[IP].src = source
    del replay[IP].chksum

    sent = on_demand.inject("alpha", 1, bytes(replay))

    assert sent.nowhere()
    assert sent.dropped() == {"UNTRUSTED_SOURCE": 1}
    accounted(on_demand)
