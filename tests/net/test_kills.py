"""SIGKILL to a switch, to the controller, to both: nobody else notices, and everything comes back by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.net.scene import found_by


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return found_by("kills")


def test_instances_of_a_killed_switch_are_cut_off_until_it_is_programmed_again(found: dict[str, Any]) -> None:
    assert all(seconds >= 0 for seconds in found["before"])
    assert found["gamma_silent"]
    assert found["gamma_back"] >= 0


@pytest.mark.parametrize("event", ["switch_killed", "controller_killed", "both_killed"])
def test_who_has_no_part_in_it_loses_no_packet(found: dict[str, Any], event: str) -> None:
    assert found[event]["sent"] >= 50
    assert found[event]["lost"] == 0
    assert found[event]["sent"] - found[event]["last"] <= 5  # under way when the pings ended


def test_a_controller_that_comes_back_touches_nothing_that_is_right(found: dict[str, Any]) -> None:
    assert found["without_controller"] >= 0
    assert found["rewritten"] == [0, 0, 0]


def test_after_all_that_the_region_works_as_before(found: dict[str, Any]) -> None:
    assert found["both_back"] >= 0
    assert found["moved"]["lost"] == 0
    assert found["foreign"]
