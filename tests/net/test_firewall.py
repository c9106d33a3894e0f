"""Groups and ACLs before real programs: what passes, what is refused, and what becomes of flows when things change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.net.scene import found_by

TIMED_OUT = "timed out"


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return found_by("firewall")


def test_a_page_is_read_where_the_group_lets_it_and_not_elsewhere(found: dict[str, Any]) -> None:
    groups = found["groups"]

    assert groups["curl_allowed"] == groups["curl_from_guest"] == "web"
    assert TIMED_OUT in groups["curl_denied"]
    assert found["drops"]["shut"]["SECURITY_GROUP"] > 0


def test_a_rule_about_a_group_is_for_its_members_only(found: dict[str, Any]) -> None:
    groups = found["groups"]

    assert groups["iperf_allowed"]["error"] == ""
    assert groups["iperf_allowed"]["bytes"] > 0
    assert TIMED_OUT in groups["iperf_denied"]["error"]
    assert found["drops"]["web"]["SECURITY_GROUP"] > 0


@pytest.mark.parametrize("version", ["ping", "ping6"])
def test_pings_need_a_rule(found: dict[str, Any], version: str) -> None:
    assert found["groups"][f"{version}_allowed"] == "3"
    assert found["groups"][f"{version}_denied"] == "0"


def test_a_closed_port_is_told_to_the_sender_although_no_rule_lets_errors_in(found: dict[str, Any]) -> None:
    assert "connection refused" in found["groups"]["closed_port"]
    assert "refused" not in found["groups"]["closed_port_denied"]
    assert TIMED_OUT in found["groups"]["closed_port_denied"]


def test_an_acl_decides_by_the_lowest_number(found: dict[str, Any]) -> None:
    acls = found["acls"]

    assert acls["curl_allowed"] == "db"
    assert acls["iperf_allowed"]["error"] == ""
    assert acls["iperf_allowed"]["bytes"] > 0
    assert TIMED_OUT in acls["curl_denied"]
    assert TIMED_OUT in acls["iperf_denied"]["error"]
    assert acls["ping_denied"] == "0"
    assert list(found["drops"]["db"]) == ["NETWORK_ACL"]


def test_behind_an_acl_answers_need_a_rule_too(found: dict[str, Any]) -> None:
    assert TIMED_OUT in found["stateless"]["without"]
    assert found["stateless"]["with"] == "db"


def test_datagrams_in_fragments_arrive_whole(found: dict[str, Any]) -> None:
    report = found["fragments"]["allowed"]

    assert report["error"] == ""
    assert report["packets"] > 50
    assert report["lost"] == 0


def test_no_fragment_of_a_datagram_that_is_refused_gets_through(found: dict[str, Any]) -> None:
    assert found["fragments"]["refused"] == {"SECURITY_GROUP": 10, "FRAGMENT_UNKNOWN": 20}


def test_a_tracked_transfer_outlives_its_rule_and_no_new_one_begins(found: dict[str, Any]) -> None:
    gone = found["rule_gone"]

    assert gone["begun"]
    assert gone["rules"] == 2  # TCP and UDP
    assert gone["lives"]
    assert TIMED_OUT in gone["new"]["error"]


def test_a_transfer_that_no_group_admits_any_more_goes_on_at_the_server_s_new_host(found: dict[str, Any]) -> None:
    assert found["rule_gone"]["moved"]
    assert found["rule_gone"]["lives_there"]


def test_an_untracked_transfer_ends_with_its_rule(found: dict[str, Any]) -> None:
    gone = found["rule_gone_untracked"]

    assert gone["begun"]
    assert not gone["goes_on"]
    assert gone["running"]
    assert gone["drops"]["SECURITY_GROUP"] > 0


def test_a_move_asked_of_the_api_loses_no_ping(found: dict[str, Any]) -> None:
    moved = found["moved"]

    assert moved["pinged"]
    assert moved["moved"]
    assert moved["pinged_there"]
    assert moved["lost"] == 0


def test_a_download_goes_on_when_the_router_of_its_server_is_killed(found: dict[str, Any]) -> None:
    killed = found["router_killed"]

    assert killed["running"]
    assert killed["size"] == killed["whole"]
    assert found["conservation"]["gamma"]["picked_up"] > 0


@pytest.mark.parametrize("host", ["alpha", "beta", "gamma"])
def test_every_packet_is_accounted_for(found: dict[str, Any], host: str) -> None:
    counts = found["conservation"][host]

    assert counts["received"] + counts["generated"] == counts["sent"] + counts["drops"] + counts["consumed"]
    assert min(counts["received"], counts["sent"]) > 0
