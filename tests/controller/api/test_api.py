"""The REST API: answers, refusals, pages, repeats, and what one account sees of another."""

from __future__ import annotations

from typing import Any

import pytest

from tests.controller.api.server import Api

VPC = {"cidr_block": "10.0.0.0/16", "name": "shop"}


def network(api: Api, token: str | None = None) -> dict[str, str]:
    """The ids of a VPC, its table, a subnet and an instance with its interface."""
    vpc = api.made("vpcs", VPC, token=token)
    subnet = api.made("subnets", {"vpc_id": vpc["id"], "cidr_block": "10.0.1.0/24"}, token=token)
    instance = api.made("instances", {"subnet_id": subnet["id"], "name": "web"}, token=token)
    return {
        "vpcs": vpc["id"],
        "subnets": subnet["id"],
        "route-tables": vpc["main_route_table_id"],
        "instances": instance["id"],
        "network-interfaces": instance["network_interface_id"],
    }


def test_every_answer_has_the_revision(api: Api) -> None:
    _, before = api.call("GET", "status")
    _, made = api.call("POST", "vpcs", VPC)

    assert made["revision"] == before["revision"] + 1
    assert made["resource"]["changed_in_revision"] == made["revision"]


def test_a_resource_is_pending_until_the_switches_have_it(api: Api) -> None:
    vpc = api.made("vpcs", VPC)
    assert vpc["state"] == "pending"

    api.ledger.applied(vpc["changed_in_revision"])

    assert api.call("GET", f"vpcs/{vpc['id']}")[1]["resource"]["state"] == "available"


def test_every_kind_can_be_listed_described_and_deleted(api: Api) -> None:
    ids = network(api)
    for path, resource_id in ids.items():
        assert api.call("GET", f"{path}/{resource_id}")[1]["resource"]["id"] == resource_id
        assert [item["id"] for item in api.call("GET", path)[1]["items"]] == [resource_id]

    for path in ("instances", "subnets", "vpcs"):
        assert api.call("DELETE", f"{path}/{ids[path]}")[0] == 200
    assert all(api.call("GET", path)[1]["items"] == [] for path in ids)


@pytest.mark.parametrize("token", ["", "p4vpc_guess"])
def test_without_a_valid_token_nothing_is_answered(api: Api, token: str) -> None:
    for path in ("vpcs", "status", "history", "hosts", "nonsense-below/../vpcs"):
        status, problem = api.call("GET", path, token=token)
        assert (status, problem["code"]) in ((401, "AuthFailure"), (404, "InvalidAction"))


def test_a_deleted_token_is_worth_nothing(api: Api) -> None:
    _, made = api.call("POST", "tokens", {"account_id": api.accounts[0]}, token=api.operator)
    assert api.call("GET", "vpcs", token=made["secret"])[0] == 200

    api.call("DELETE", f"tokens/{made['resource']['id']}", token=api.operator)

    assert api.call("GET", "vpcs", token=made["secret"])[0] == 401


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"cidr_block": "10.0.0.0/8"}, "InvalidVpc.Range", "cidr_block"),
        ({"cidr_block": "10.0.0.1/16"}, "InvalidParameterValue", "cidr_block"),
        ({"cidr_block": "ten"}, "InvalidParameterValue", "cidr_block"),
        ({"cidr_block": 167772160}, "InvalidParameterValue", "cidr_block"),
        ({"cidr_block": "10.0.0.0/16", "ipv6_cidr_block": "fd00::%1/56"}, "InvalidParameterValue", "ipv6_cidr_block"),
        ({}, "MissingParameter", "cidr_block"),
        ({"cidr_block": "10.0.0.0/16", "colour": "blue"}, "InvalidParameterValue", "colour"),
        ([], "InvalidParameterValue", None),
    ],
)
def test_a_bad_request_is_400_with_code_and_field(api: Api, body: Any, code: str, field: str | None) -> None:
    status, problem = api.call("POST", "vpcs", body)

    assert (status, problem["code"], problem["field"]) == (400, code, field)
    assert api.call("GET", "vpcs")[1]["items"] == []


def test_a_mistyped_filter_lists_nothing(api: Api) -> None:
    network(api)

    status, problem = api.call("GET", "network-interfaces?vpcid=vpc-1")

    assert (status, problem["code"], problem["field"]) == (400, "UnknownParameter", "vpcid")
    assert api.call("GET", "vpcs?limit=1&limit=2")[0] == 400


def test_text_that_is_not_json_is_400(api: Api) -> None:
    answer = api.client.post("/v1/vpcs", content=b"{", headers={"Authorization": f"Bearer {api.blue}"})

    assert answer.status_code == 400


def test_a_request_sent_again_is_done_once(api: Api) -> None:
    headers = {"Client-Token": "first-try"}
    one = api.call("POST", "vpcs", VPC, headers=headers)
    again = api.call("POST", "vpcs", VPC, headers=headers)
    other = api.call("POST", "vpcs", {**VPC, "name": "x"}, headers=headers)

    assert one == again
    assert (other[0], other[1]["code"]) == (400, "IdempotentParameterMismatch")
    assert len(api.call("GET", "vpcs")[1]["items"]) == 1


def test_a_client_token_is_the_accounts_own(api: Api) -> None:
    headers = {"Client-Token": "same"}
    one = api.call("POST", "vpcs", VPC, headers=headers)[1]["resource"]
    other = api.call("POST", "vpcs", VPC, headers=headers, token=api.red)[1]["resource"]

    assert one["id"] != other["id"]


def test_a_request_sent_again_after_deletion_is_not_done_again(api: Api) -> None:
    headers = {"Client-Token": "first-try"}
    made = api.call("POST", "vpcs", VPC, headers=headers)[1]["resource"]
    api.call("DELETE", f"vpcs/{made['id']}")

    status, again = api.call("POST", "vpcs", VPC, headers=headers)

    assert (status, again["resource"]["id"]) == (201, made["id"])
    assert api.call("GET", "vpcs")[1]["items"] == []


def test_pages_join_without_gap(api: Api) -> None:
    subnet = network(api)["subnets"]
    for _ in range(6):
        api.made("network-interfaces", {"subnet_id": subnet})
    whole = api.call("GET", "network-interfaces")[1]["items"]

    found, path = [], f"network-interfaces?limit=3&subnet_id={subnet}"
    page = api.call("GET", path)[1]
    found += page["items"]
    page = api.call("GET", f"{path}&next_token={page['next_token']}")[1]
    found += page["items"]
    page = api.call("GET", f"{path}&next_token={page['next_token']}")[1]
    found += page["items"]

    assert found == whole
    assert page["next_token"] is None
    assert api.call("GET", "vpcs?next_token=%21")[1]["code"] == "InvalidNextToken"


FOREIGN = [
    ("GET", "vpcs/{vpcs}", None),
    ("PATCH", "vpcs/{vpcs}", {"name": "mine"}),
    ("DELETE", "vpcs/{vpcs}", None),
    ("POST", "vpcs/{vpcs}/cidr-blocks", {"cidr_block": "10.1.0.0/16"}),
    ("DELETE", "vpcs/{vpcs}/cidr-blocks?cidr_block=10.0.0.0/16", None),
    ("POST", "subnets", {"vpc_id": "{vpcs}", "cidr_block": "10.0.2.0/24"}),
    ("GET", "subnets/{subnets}", None),
    ("PATCH", "subnets/{subnets}", {"name": "mine"}),
    ("DELETE", "subnets/{subnets}", None),
    ("POST", "route-tables", {"vpc_id": "{vpcs}"}),
    ("GET", "route-tables/{route-tables}", None),
    ("PATCH", "route-tables/{route-tables}", {"name": "mine"}),
    ("DELETE", "route-tables/{route-tables}", None),
    ("PUT", "route-tables/{route-tables}/main", None),
    ("POST", "route-tables/{route-tables}/routes", {"destination": "192.0.2.0/24", "target": "blackhole"}),
    ("PUT", "route-tables/{route-tables}/routes", {"destination": "10.0.0.0/16", "target": "blackhole"}),
    ("DELETE", "route-tables/{route-tables}/routes?destination=10.0.0.0/16", None),
    ("POST", "route-tables/{route-tables}/associations", {"subnet_id": "{subnets}"}),
    ("DELETE", "route-tables/{route-tables}/associations/{subnets}", None),
    ("POST", "network-interfaces", {"subnet_id": "{subnets}"}),
    ("GET", "network-interfaces/{network-interfaces}", None),
    ("PATCH", "network-interfaces/{network-interfaces}", {"name": "mine"}),
    ("DELETE", "network-interfaces/{network-interfaces}", None),
    ("POST", "network-interfaces/{network-interfaces}/addresses", {"secondary_private_ip_address_count": 1}),
    ("DELETE", "network-interfaces/{network-interfaces}/addresses?address=10.0.1.4", None),
    ("PUT", "network-interfaces/{network-interfaces}/attachment", {"instance_id": "{instances}"}),
    ("DELETE", "network-interfaces/{network-interfaces}/attachment", None),
    ("POST", "instances", {"subnet_id": "{subnets}"}),
    ("GET", "instances/{instances}", None),
    ("PATCH", "instances/{instances}", {"name": "mine"}),
    ("DELETE", "instances/{instances}", None),
    ("GET", "mappings?vpc_id={vpcs}", None),
]


CUSTOMERS = ("vpcs", "subnets", "route-tables", "network-interfaces", "instances")


def filled_in(template: Any, ids: dict[str, str]) -> Any:
    """The template with ids in the place of their names."""
    if isinstance(template, dict):
        return {name: filled_in(value, ids) for name, value in template.items()}
    for name, resource_id in ids.items() if isinstance(template, str) else ():
        template = template.replace("{" + name + "}", resource_id)
    return template


@pytest.mark.parametrize(("verb", "path", "body"), FOREIGN, ids=[f"{verb} {path}" for verb, path, _ in FOREIGN])
def test_another_accounts_resource_does_not_exist(api: Api, verb: str, path: str, body: Any) -> None:
    ids = network(api)
    revision = api.ledger.revision
    invented = {name: resource_id[:-17] + "0" * 17 for name, resource_id in ids.items()}

    status, problem = api.call(verb, filled_in(path, ids), filled_in(body, ids), token=api.red)
    nobodys = api.call(verb, filled_in(path, invented), filled_in(body, invented), token=api.red)

    assert status == 404
    assert problem["code"].endswith(".NotFound")
    assert nobodys == (404, {**problem, "message": filled_in_message(problem["message"], ids, invented)})
    assert api.ledger.revision == revision


def filled_in_message(message: str, ids: dict[str, str], invented: dict[str, str]) -> str:
    """The message with the invented ids in the place of the real ones."""
    for name, resource_id in ids.items():
        message = message.replace(resource_id, invented[name])
    return message


def test_every_route_with_an_id_is_tried_on_a_foreign_resource(api: Api) -> None:
    tried = {(verb, path.split("/")[0], path.split("?")[0].count("/")) for verb, path, _ in FOREIGN}
    routes = {
        (verb.upper(), path.split("/")[2], path.count("/") - 2)
        for path, operations in api.app.openapi()["paths"].items()
        for verb in operations
    }

    assert {route for route in routes if route[1] in CUSTOMERS and route[2] > 0} <= tried


def test_lists_and_history_hold_only_ones_own(api: Api) -> None:
    network(api)
    for path in ("vpcs", "subnets", "route-tables", "network-interfaces", "instances", "history?limit=1000"):
        items = api.call("GET", path, token=api.red)[1]["items"]
        assert all(item["account_id"] == api.accounts[1] for item in items)
        if not path.startswith("history"):
            assert items == []
    assert [item["id"] for item in api.call("GET", "accounts", token=api.red)[1]["items"]] == [api.accounts[1]]


def test_filters_show_nothing_of_others(api: Api) -> None:
    ids = network(api)
    for query in (f"vpc_id={ids['vpcs']}", f"subnet_id={ids['subnets']}", f"instance_id={ids['instances']}"):
        assert api.call("GET", f"network-interfaces?{query}", token=api.red)[1]["items"] == []
        assert len(api.call("GET", f"network-interfaces?{query}")[1]["items"]) == 1


OPERATORS = [
    ("GET", "hosts"),
    ("POST", "hosts"),
    ("DELETE", "hosts/x"),
    ("POST", "accounts"),
    ("PATCH", "accounts/x"),
    ("DELETE", "accounts/x"),
    ("GET", "tokens"),
    ("POST", "tokens"),
    ("DELETE", "tokens/x"),
    ("GET", "stacks"),
    ("PUT", "stacks/x"),
    ("DELETE", "stacks/x"),
]


@pytest.mark.parametrize(("verb", "path"), OPERATORS)
def test_operators_verbs_are_refused_to_accounts(api: Api, verb: str, path: str) -> None:
    bodies = {
        "POST hosts": {"name": "x", "address": "172.31.0.9"},
        "POST accounts": {"name": "x"},
        "POST tokens": {},
        "PATCH accounts/x": {},
        "PUT stacks/x": {"resources": []},
    }

    status, problem = api.call(verb, path, bodies.get(f"{verb} {path}"))

    assert (status, problem["code"]) == (403, "UnauthorizedOperation")


def test_hosts_are_hidden_from_customers(api: Api) -> None:
    ids = network(api)
    path = f"network-interfaces/{ids['network-interfaces']}"

    assert api.call("GET", path)[1]["resource"]["host_id"] is None
    assert api.call("GET", path, token=api.operator)[1]["resource"]["host_id"] == api.host
    assert api.host not in str(api.call("GET", "history")[1])
    assert api.call("GET", f"hosts/{api.host}")[0] == 404
    mapping = f"mappings?vpc_id={ids['vpcs']}&address=10.0.1.4"
    assert api.call("GET", mapping)[1]["items"][0]["host_address"] is None
    assert api.call("GET", mapping, token=api.operator)[1]["items"][0]["host_address"] == "172.31.0.1"


def test_secrets_are_shown_once_and_nowhere_else(api: Api) -> None:
    _, made = api.call("POST", "tokens", {"account_id": api.accounts[0], "name": "ci"}, token=api.operator)

    told = str(api.call("GET", "history?limit=1000", token=api.operator)[1]) + str(
        api.call("GET", "tokens", token=api.operator)[1]
    )
    assert made["secret"] not in told
    assert "digest" not in told


def test_the_history_tells_before_and_after(api: Api) -> None:
    vpc = api.made("vpcs", VPC)
    api.call("PATCH", f"vpcs/{vpc['id']}", {"name": "store"})

    items = api.call("GET", f"history?resource_id={vpc['id']}")[1]["items"]

    assert [(item["action"], item["who"]) for item in items] == [("ModifyVpc", "blue"), ("CreateVpc", "blue")]
    assert (items[0]["before"]["name"], items[0]["after"]["name"]) == ("shop", "store")
