"""A router on real interfaces, with the hosts' segmentation offload on: what it carries through arrives right."""

from __future__ import annotations

from pathlib import Path

import pytest

from switch.engine import Engine
from switch.engine.io.status import Mode
from switch.p4c.__main__ import main as p4c
from tests.switch.conftest import world
from tests.switch.test_net_io import MODES, switch
from tests.switch.world import World

__all__ = ["world"]
pytestmark = pytest.mark.net
ROUTER = Path(__file__).parents[2] / "bench" / "router.p4"


@pytest.mark.parametrize("mode", MODES)
def test_a_router_gets_super_packets_whole_and_tcp_works(world: World, tmp_path: Path, mode: Mode) -> None:
    target = tmp_path / "router.json"
    assert p4c([str(ROUTER), "-o", str(target)]) == 0
    with Engine(target.read_text()) as engine, switch(world, tmp_path, mode=mode) as io:
        io.swap(engine, keep=False)
        world.offloads("on")
        report = world.iperf(1)

        counters = io.ports()[0].counters
        io.swap(None, keep=False)
        assert report["end"]["sum_received"]["bits_per_second"] > 100e6
        assert counters["rx_super_packets"] > 0
        assert counters["rx_bytes"] / counters["rx_packets"] > 1514
        assert {name: count for name, count in counters.items() if "dropped" in name and count} == {}
