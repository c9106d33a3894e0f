"""Peerings, the state of routes, and edges over the API."""

from __future__ import annotations

from tests.controller.api.server import Api

PORT = {
    "port": 16,
    "mac": "02:73:00:00:01:01",
    "next_hop": "02:73:00:00:00:01",
    "address": "198.18.0.11",
}


def peering(api: Api) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Two VPCs of one account and the peering that was asked for."""
    one, other = (api.made("vpcs", {"cidr_block": f"10.{i}.0.0/16"}) for i in (0, 1))
    asked = api.made("vpc-peering-connections", {"vpc_id": one["id"], "peer_vpc_id": other["id"]})
    return one, other, asked


def states(api: Api, vpc: dict[str, str]) -> list[str]:
    """The states of the routes in the VPC's main route table."""
    table = api.call("GET", f"route-tables/{vpc['main_route_table_id']}")[1]["resource"]
    return [route["state"] for route in table["routes"]]


def test_a_route_to_a_peering_is_active_while_the_peering_is(api: Api) -> None:
    one, _, asked = peering(api)
    route = {"destination": "10.1.0.0/16", "target": asked["id"]}
    assert api.call("POST", f"route-tables/{one['main_route_table_id']}/routes", route)[0] == 200
    found = [states(api, one)]

    assert api.call("POST", f"vpc-peering-connections/{asked['id']}/accept")[1]["resource"]["status"] == "active"
    found.append(states(api, one))
    assert api.call("DELETE", f"vpc-peering-connections/{asked['id']}")[0] == 200
    found.append(states(api, one))

    assert found == [["active", "blackhole"], ["active", "active"], ["active", "blackhole"]]


def test_a_peering_is_accepted_once(api: Api) -> None:
    _, _, asked = peering(api)
    api.call("POST", f"vpc-peering-connections/{asked['id']}/reject")

    status, problem = api.call("POST", f"vpc-peering-connections/{asked['id']}/accept")

    assert (status, problem["code"]) == (409, "InvalidStateTransition")


def test_overlapping_vpcs_are_not_peered(api: Api) -> None:
    one, other = (api.made("vpcs", {"cidr_block": "10.0.0.0/16"}) for _ in range(2))

    status, problem = api.call("POST", "vpc-peering-connections", {"vpc_id": one["id"], "peer_vpc_id": other["id"]})

    assert (status, problem["code"], problem["field"]) == (400, "InvalidParameterCombination", "peer_vpc_id")


def test_operators_give_edges_their_ports(api: Api) -> None:
    body = {"name": "edge-a", "address": "172.31.0.101", "program": "blackfoot"}
    edge = api.made("hosts", body, token=api.operator)

    status, answer = api.call("PUT", f"hosts/{edge['id']}/edge-ports", PORT, token=api.operator)

    assert (status, answer["resource"]["network"], answer["resource"]["mtu"]) == (200, "internet", 1500)
    listed = api.call("GET", f"hosts/{edge['id']}/edge-ports", token=api.operator)[1]["items"]
    assert [port["address"] for port in listed] == ["198.18.0.11"]
    assert api.call("DELETE", f"hosts/{edge['id']}/edge-ports?port=16", token=api.operator)[0] == 200


def test_a_host_of_instances_is_no_edge(api: Api) -> None:
    host = api.made("hosts", {"name": "plain", "address": "172.31.0.102"}, token=api.operator)

    status, problem = api.call("PUT", f"hosts/{host['id']}/edge-ports", PORT, token=api.operator)

    assert (status, problem["code"]) == (404, "InvalidHostID.NotFound")


def test_tenants_have_nothing_to_do_with_edges(api: Api) -> None:
    edge = api.made("hosts", {"name": "e", "address": "172.31.0.103", "program": "blackfoot"}, token=api.operator)

    assert api.call("PUT", f"hosts/{edge['id']}/edge-ports", PORT)[0] == 403
    assert api.call("GET", f"hosts/{edge['id']}/edge-ports")[0] == 403
