"""The topology `region`: eight switches and twelve instances on leaves and spines."""

from __future__ import annotations

from typing import Any

import pytest

from tests.net.leaf_spine import FLOWS
from tests.net.scene import found_by


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return found_by("leaf_spine")


def test_the_region_is_up_and_everybody_talks(found: dict[str, Any]) -> None:
    assert (found["switches"], found["instances"]) == (8, 12)
    assert found["started_in"] < 60  # the bench holds it to 15 on a quiet machine
    assert {pair: lost for pair, lost in found["pings"].items() if lost != "0"} == {}


def test_customers_with_equal_ranges_do_not_meet(found: dict[str, Any]) -> None:
    assert " 0 received" in found["foreign"]


def test_flows_are_spread_over_the_spines(found: dict[str, Any]) -> None:
    assert sum(found["by_spine"]) >= FLOWS
    assert min(found["by_spine"]) > FLOWS / 8


def test_a_leaf_refuses_what_a_host_sends_from_another_address(found: dict[str, Any]) -> None:
    assert found["forged"] == 10
    assert found["own"] == 0
