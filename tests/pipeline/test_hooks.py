"""Plugins at the vrouter's hooks: they run in their order, carry metadata, and drop with reasons of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.packet import Packet, Raw

from controller.loader import read_manifest
from topologies.lab import Lab
from topologies.packets import udp
from topologies.region import load_region

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture(scope="module")
def hooked() -> Iterator[Lab]:
    with Lab(load_region("two_hosts"), [read_manifest(PLUGINS / name) for name in ("beacon", "mark", "veto")]) as lab:
        yield lab


def test_a_packet_that_no_plugin_minds_passes(hooked: Lab) -> None:
    packet = udp("10.0.1.6:4000 > 10.0.1.5:53")

    assert hooked.send("client", packet).at("web") == [packet]


def test_what_one_plugin_marks_the_next_sees(hooked: Lab) -> None:
    sent = hooked.send("client", udp("10.0.1.6:4000 > 10.0.1.5:7"))

    assert sent.dropped() == {"VETO_MARKED": 1}
    assert sent.changed["beta.veto.from_eni.protocols.refuse"] == 1
    assert sent.nowhere()


def test_a_hook_at_the_other_end_drops_there(hooked: Lab) -> None:
    sent = hooked.send("client", udp("10.0.1.6:4000 > 10.0.1.5:8"))

    assert sent.changed["alpha.drops.VETO_ARRIVED"] == 1
    assert len(sent.underlay) == 1
    assert sent.nowhere()


def beacon(number: int, **where: int) -> Packet:
    """A packet with the header of the plugin `beacon`, behind IP or behind UDP."""
    body = Raw(bytes([number, 0, 0, 0]) + b"hello")
    ip = IP(src="10.0.1.6", dst="10.0.1.5", **where)
    return ip / body if where else ip / UDP(sport=4000, dport=7777, chksum=0) / body


@pytest.mark.parametrize("where", [{"proto": 253}, {}])
def test_a_plugin_reads_and_writes_a_header_of_its_own(hooked: Lab, where: dict[str, int]) -> None:
    arrived = hooked.send("client", beacon(12, **where)).at("web")

    assert [bytes(packet)[-9:] for packet in arrived] == [bytes([12, 0, 0x60, 0x0D]) + b"hello"]


@pytest.mark.parametrize("where", [{"proto": 253}, {}])
def test_a_plugin_decides_by_a_header_of_its_own(hooked: Lab, where: dict[str, int]) -> None:
    assert hooked.send("client", beacon(13, **where)).dropped() == {"BEACON_UNLUCKY": 1}


def test_flows_live_on_while_plugins_come_and_go() -> None:
    packet = udp("10.0.1.6:4000 > 10.0.1.5:53")
    with Lab(load_region("two_hosts")) as lab:
        begun = lab.send("client", packet)
        before = lab.counters()
        lab.load(read_manifest(PLUGINS / "tollgate"))
        kept = {name: count for name, count in lab.counters().items() if name in before}
        loaded = lab.send("client", packet)
        lab.unload("tollgate")
        unloaded = lab.send("client", packet)

    assert begun.changed["beta.flow_events.0"] == 1  # a new flow
    assert kept == before
    assert "beta.flow_events.0" not in {**loaded.changed, **unloaded.changed}
    assert loaded.changed["beta.tollgate.from_eni.permit.pass"] == 1
    assert loaded.at("web") == unloaded.at("web") == [packet]


def test_what_operations_change_reaches_the_routers() -> None:
    packet = udp("10.0.1.6:4000 > 10.0.1.5:53")
    with Lab(load_region("two_hosts"), [read_manifest(PLUGINS / "tollgate")]) as lab:
        toll = lab.plugin("tollgate")
        client = lab.region.model.interface_of(lab.region.model.instance("client"))
        with lab.transaction() as tx:
            permit = tx.model.group(toll.resources[0], "network_interface_id", client.id)[0]
            toll.close_toll_permit(tx, permit)
        closed = lab.send("client", packet)

    assert closed.dropped() == {"TOLLGATE_CLOSED": 1}
