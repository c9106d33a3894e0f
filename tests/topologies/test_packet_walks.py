"""The walks of docs/packet-walks.md, packet by packet in the lab."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw

from tests.pipeline.mapping_regions import event_names
from topologies.lab import Lab, Sent
from topologies.lab_moves import LabMove
from topologies.packets import built, udp
from topologies.region import load_region

DOCS = Path(__file__).parents[2] / "docs" / "packet-walks.md"
QUESTION = udp("10.0.1.6:4000 > 10.0.1.5:53")


def walks() -> dict[str, list[tuple[str, int]]]:
    """The lines of each walk: counter and how much it moves."""
    cells = {f"mapping_cache.{name}": f"mapping_cache.{cell}" for cell, name in event_names().items()}
    found = {}
    for name, text in re.findall(r"```walk (\S+)\n(.*?)```", DOCS.read_text(), re.DOTALL):
        lines = re.findall(r"^(\S+) +(\S+) +\+(\d+) ", text, re.MULTILINE)
        found[name] = [(f"{host}.{cells.get(counter, counter)}", int(moved)) for host, counter, moved in lines]
    return found


@pytest.fixture(scope="module")
def sent() -> Iterator[dict[str, Sent]]:
    """What the packets of the page caused, by the name of the walk."""
    found: dict[str, Sent] = {}
    with Lab(load_region("two_tenants")) as lab:
        found["same-host"] = lab.send("blue-app", udp("10.0.1.6:4000 > 10.0.1.7:53"))
    with Lab(load_region("on_demand")) as lab:
        found["first-packet"] = lab.send("client", QUESTION)
        found["next-packet"] = lab.send("client", QUESTION)
        lab.send("client", udp("10.0.1.6:4000 > 10.0.1.77:53"))
        found["nobody"] = lab.send("client", udp("10.0.1.6:4000 > 10.0.1.77:53"))
        packet = IP(src="10.0.1.6", dst="10.0.1.5", flags="DF") / UDP(sport=1, dport=2) / Raw(bytes(9002 - 28))
        found["too-big"] = lab.send("client", built(packet))
        move = LabMove(lab, "web", "gamma")
        move.prepare()
        move.switch()
        found["moving"] = lab.send("client", QUESTION)
        move.announce()
        found["moved"] = lab.send("client", QUESTION)
        yield found


def test_the_page_has_walks_for_all_that_is_sent(sent: dict[str, Sent]) -> None:
    assert set(walks()) == set(sent)
    assert min(map(len, walks().values())) >= 2


@pytest.mark.parametrize("name", walks())
def test_a_walk_is_as_the_page_tells_it(sent: dict[str, Sent], name: str) -> None:
    told = dict(walks()[name])

    assert {counter: sent[name].changed.get(counter, 0) for counter in told} == told


@pytest.mark.parametrize("name", walks())
def test_no_packet_is_lost_on_a_walk_that_does_not_say_so(sent: dict[str, Sent], name: str) -> None:
    drops = sum(moved for counter, moved in walks()[name] if ".drops." in counter)

    assert sum(sent[name].dropped().values()) == drops
