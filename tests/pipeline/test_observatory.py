"""Looking into the lab's switches as the API does: drops and traffic by interface, explanations."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import pytest
from finsy.proto import p4r

from controller.errors import RequestError
from controller.explain.frame import PacketWish, frame_of
from controller.model import NetworkInterface
from controller.observatory import Observatory
from controller.p4rt import Program, TableError
from topologies.lab import Lab
from topologies.lab_switch import LabSwitch
from topologies.packets import udp


class Reached:
    """A switch of the lab as one that is reached over gRPC."""

    def __init__(self, switch: LabSwitch) -> None:
        self._switch = switch

    async def read(self, entities: Sequence[p4r.Entity]) -> list[p4r.Entity]:
        """Reads entities."""
        return await self._switch.read(entities)

    async def explain(self, port: int, packet: bytes, *, live: bool = False) -> list[dict[str, Any]]:
        """Explains; lets nothing in."""
        if live:
            raise TableError("not in the lab")
        return self._switch.explain(port, packet)


@pytest.fixture
def observatory(lab: Lab) -> Observatory:
    """Over all switches of the lab."""
    hosts = lab.region.model.hosts
    devices = {host.id: Reached(lab.switches[host.name]) for host in hosts.values()}

    async def program(name: str) -> Program:
        assert name == "vrouter"
        return lab.controller.programs[name]

    return Observatory(lambda: lab.region.model, lambda: devices, program)


def interface(lab: Lab, instance: str) -> NetworkInterface:
    """The network interface of an instance."""
    model = lab.region.model
    return model.interface_of(model.instance(instance))


def dropped(lab: Lab, observatory: Observatory, instance: str) -> dict[str, int]:
    """Packets of one instance that were dropped, by reason."""
    counts = asyncio.run(observatory.drops([interface(lab, instance)]))
    return {count.reason: count.packets for count in counts}


def test_a_drop_is_counted_for_the_interface_that_sent_it(lab: Lab, observatory: Observatory) -> None:
    before = dropped(lab, observatory, "client").get("NO_ROUTE", 0)

    lab.send("client", udp("10.0.1.6:4000 > 192.0.2.1:53"))

    assert dropped(lab, observatory, "client")["NO_ROUTE"] == before + 1
    assert "NO_ROUTE" not in dropped(lab, observatory, "web")


def test_traffic_is_told_by_interface_and_direction(lab: Lab, observatory: Observatory) -> None:
    both = [interface(lab, "client"), interface(lab, "web")]
    before = {one.network_interface_id: one for one in asyncio.run(observatory.traffic(both))}

    lab.send("client", udp("10.0.1.6:4000 > 10.0.1.5:53"))

    after = {one.network_interface_id: one for one in asyncio.run(observatory.traffic(both))}
    client, web = both[0].id, both[1].id
    assert after[client].packets_out - before[client].packets_out == 1
    assert after[web].packets_in - before[web].packets_in == 1
    assert after[client].packets_in == before[client].packets_in


def test_a_packet_in_words_is_explained(lab: Lab, observatory: Observatory) -> None:
    client = interface(lab, "client")
    frame = frame_of(client, PacketWish(destination=ip_address("10.0.1.5"), protocol="tcp", destination_port=22))

    walk = asyncio.run(observatory.explain(client, frame, live=False))

    assert [name for name, _ in walk.delivered] == ["web"]
    assert [hop.verdicts for hop in walk.hops] == [("sent to alpha",), ("delivered to web",)]


def test_a_forged_source_is_explained_as_spoofed(lab: Lab, observatory: Observatory) -> None:
    client = interface(lab, "client")
    wish = PacketWish(destination=ip_address("10.0.1.5"), source=ip_address("10.0.1.99"))

    walk = asyncio.run(observatory.explain(client, frame_of(client, wish), live=False))

    assert walk.dropped == (("beta", "SPOOFED_ADDRESS"),)


def test_a_switch_that_cannot_say_is_unavailable(lab: Lab, observatory: Observatory) -> None:
    client = interface(lab, "client")
    frame = frame_of(client, PacketWish(destination=ip_address("10.0.1.5")))

    with pytest.raises(RequestError, match="Unavailable"):
        asyncio.run(observatory.explain(client, frame, live=True))


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (PacketWish(destination=ip_address("10.0.1.5"), protocol="nonsense"), "protocol"),
        (PacketWish(destination=ip_address("10.0.1.5"), protocol="-1"), "protocol"),
        (PacketWish(destination=ip_address("10.0.1.5"), protocol="tcp", flags="X"), "flags"),
        (PacketWish(destination=ip_address("10.0.1.5"), protocol="tcp", source_port=70000), "source_port"),
        (PacketWish(destination=ip_address("10.0.1.5"), length=10), "length"),
        (PacketWish(destination=ip_address("fd00::1"), source=ip_address("10.0.1.6")), "destination"),
    ],
)
def test_a_packet_that_makes_no_sense_names_the_field(lab: Lab, wish: PacketWish, field: str) -> None:
    with pytest.raises(RequestError) as caught:
        frame_of(interface(lab, "client"), wish)

    assert caught.value.field == field
