"""Where switches are, how routers learn mappings, and what is refused; the fields that are wrong are named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.model.observations import SwitchState
from tests.controller.api.server import Api

STATE = SwitchState("host-1", "alpha", "unix:/run/a.sock", "failed", 3, 7, "table full")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    api = Api(tmp_path / "region.db")
    yield api
    api.ledger.store.close()


def operator(api: Api, verb: str, path: str, body: object = None) -> tuple[int, Any]:
    return api.call(verb, path, body, token=api.operator)


def test_an_operator_says_where_a_switch_is(api: Api) -> None:
    status, found = operator(api, "PATCH", f"hosts/{api.host}", {"switch": "unix:/run/a.sock", "device_id": 7})

    assert status == 200
    assert (found["resource"]["switch"], found["resource"]["device_id"]) == ("unix:/run/a.sock", 7)


def test_a_customer_does_not(api: Api) -> None:
    assert api.call("PATCH", f"hosts/{api.host}", {"switch": "unix:/run/a.sock"})[0] == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"switch": "nowhere"}, "switch"),
        ({"switch": "unix:relative.sock"}, "switch"),
        ({"switch": "127.0.0.1:0"}, "switch"),
        ({"switch": "127.0.0.1:65536"}, "switch"),
        ({"switch": "bad host:9559"}, "switch"),
        ({"switch": "x" * 300}, "switch"),
        ({"device_id": 0}, "device_id"),
        ({"device_id": -1}, "device_id"),
        ({"device_id": "one"}, "device_id"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_is_no_switch_is_refused_by_name(api: Api, body: object, field: str) -> None:
    status, problem = operator(api, "PATCH", f"hosts/{api.host}", body)

    assert (status, problem["code"], problem["field"]) == (400, "InvalidParameterValue", field)


def test_two_hosts_do_not_share_a_switch(api: Api) -> None:
    operator(api, "PATCH", f"hosts/{api.host}", {"switch": "127.0.0.1:9559"})

    body = {"name": "beta", "address": "172.31.0.2", "switch": "127.0.0.1:9559"}
    status, problem = operator(api, "POST", "hosts", body)

    assert (status, problem["code"], problem["field"]) == (409, "ResourceConflict", "switch")


def test_the_region_is_on_demand_until_somebody_says_otherwise(api: Api) -> None:
    before = operator(api, "GET", "region")[1]["resource"]
    after = operator(api, "PATCH", "region", {"mapping_policy": "gateway", "gateway_host_id": api.host})[1]["resource"]

    assert (before["mapping_policy"], before["gateway_host_id"]) == ("on-demand", "")
    assert (after["mapping_policy"], after["gateway_host_id"]) == ("gateway", api.host)


def test_a_customer_neither_sees_nor_changes_it(api: Api) -> None:
    assert api.call("GET", "region")[0] == 403
    assert api.call("PATCH", "region", {"mapping_policy": "preload"})[0] == 403


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"mapping_policy": "guess"}, "InvalidParameterValue", "mapping_policy"),
        ({"mapping_service": "not an address"}, "InvalidParameterValue", "mapping_service"),
        ({"gateway_host_id": "host-00000000000000000"}, "InvalidHostID.NotFound", "gateway_host_id"),
        ({"mapping_policy": "gateway"}, "MissingParameter", "gateway_host_id"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(api: Api, body: object, code: str, field: str) -> None:
    _, problem = operator(api, "PATCH", "region", body)

    assert (problem["code"], problem["field"]) == (code, field)
    assert operator(api, "GET", "region")[1]["resource"]["mapping_policy"] == "on-demand"


def test_the_gateway_cannot_be_deleted(api: Api) -> None:
    operator(api, "PATCH", "region", {"gateway_host_id": api.host})

    status, problem = operator(api, "DELETE", f"hosts/{api.host}")

    assert (status, problem["code"]) == (409, "DependencyViolation")


def test_operators_see_how_far_switches_are_and_customers_do_not(api: Api) -> None:
    api.app.state.gate.switches = lambda: [STATE]

    seen = operator(api, "GET", "status")[1]["switches"]
    hidden = api.call("GET", "status")[1]["switches"]

    assert [(one["name"], one["state"], one["error"]) for one in seen] == [("alpha", "failed", "table full")]
    assert hidden == []
