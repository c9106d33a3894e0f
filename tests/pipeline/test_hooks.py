"""Plugins at the vrouter's hooks: they run in their order, carry metadata, and drop with reasons of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.loader import discover
from topologies.lab import Lab
from topologies.packets import udp
from topologies.region import load_region

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture(scope="module")
def hooked() -> Iterator[Lab]:
    with Lab(load_region("two_hosts"), discover(PLUGINS)) as lab:
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
