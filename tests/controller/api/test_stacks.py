"""Whole region descriptions through the API: all or nothing, and nothing when nothing changed."""

from __future__ import annotations

from typing import Any

from controller.model.codec import Codec
from tests.controller.api.server import Api
from tests.controller.api.test_api import network
from topologies.region import load_region


def described(name: str = "two_tenants") -> dict[str, Any]:
    """A region description as the API takes it."""
    codec = Codec()
    resources = load_region(name).model.resources()
    return {"resources": [{"kind": type(resource).__name__, **codec.encode(resource)} for resource in resources]}


def test_a_description_is_applied_once(api: Api) -> None:
    body = described()
    api.call("DELETE", f"hosts/{api.host}", token=api.operator)

    _, rehearsed = api.call("PUT", "stacks/lab?dry_run=true", body, token=api.operator)
    before = api.ledger.revision
    status, applied = api.call("PUT", "stacks/lab", body, token=api.operator)
    _, again = api.call("PUT", "stacks/lab", body, token=api.operator)

    assert (status, rehearsed["changes"]) == (200, applied["changes"])
    assert {change["change"] for change in applied["changes"]} == {"create"}
    assert again["changes"] == []
    assert api.ledger.revision == before + 1


def test_a_changed_description_changes_only_that(api: Api) -> None:
    body = described()
    api.call("DELETE", f"hosts/{api.host}", token=api.operator)
    api.call("PUT", "stacks/lab", body, token=api.operator)
    gone = next(r for r in body["resources"] if r["kind"] == "Instance")
    parts = (gone["id"], gone["network_interface_id"])
    body["resources"] = [r for r in body["resources"] if r.get("id") not in parts]
    vpc = next(r for r in body["resources"] if r["kind"] == "Vpc")
    vpc["name"] = "renamed"

    _, applied = api.call("PUT", "stacks/lab", body, token=api.operator)

    assert sorted((change["change"], change["kind"]) for change in applied["changes"]) == [
        ("delete", "Instance"),
        ("delete", "NetworkInterface"),
        ("modify", "Vpc"),
    ]
    _, removed = api.call("DELETE", "stacks/lab", token=api.operator)
    assert {change["change"] for change in removed["changes"]} == {"delete"}
    assert not api.ledger.model.vpcs


def test_a_description_meets_numbers_that_are_taken(api: Api) -> None:
    network(api)
    status, _ = api.call("PUT", "stacks/lab", described("two_hosts"), token=api.operator)
    assert status == 409, "the host's address is taken"
    body = described("two_hosts")
    for resource in body["resources"]:
        if resource["kind"] == "PhysicalHost":
            resource |= {"name": resource["name"] + "2", "address": resource["address"].replace("172.31.0", "172.31.7")}

    status, _ = api.call("PUT", "stacks/lab", body, token=api.operator)

    assert status == 200
    assert len({vpc.number for vpc in api.ledger.model.vpcs.values()}) == 2


def test_a_stack_may_be_called_like_something_else(api: Api) -> None:
    name = api.accounts[0]
    assert api.call("PUT", f"stacks/{name}", {"resources": []}, token=api.operator)[0] == 200

    assert api.call("DELETE", f"stacks/{name}", token=api.operator)[0] == 200
    assert api.call("GET", f"accounts/{name}")[0] == 200


def test_a_bad_description_changes_nothing(api: Api) -> None:
    revision = api.ledger.revision
    body = described("two_hosts")
    next(r for r in body["resources"] if r["kind"] == "Subnet")["cidr_block"] = "10.9.0.0/24"
    for resource in body["resources"]:
        if resource["kind"] == "PhysicalHost":
            resource |= {"name": resource["name"] + "2", "address": resource["address"].replace("172.31.0", "172.31.7")}

    status, problem = api.call("PUT", "stacks/lab", body, token=api.operator)

    assert (status, problem["code"]) == (400, "InvalidSubnet.Range")
    assert api.ledger.revision == revision
    body["resources"][3]["kind"] = "Moon"
    problem = api.call("PUT", "stacks/lab", body, token=api.operator)[1]
    assert (problem["code"], problem["field"]) == ("InvalidParameterValue", "resources[3]")
