"""Regions with accounts, route tables, and leaves and spines."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from controller.model import Account, RouteTable
from topologies.description import RegionDescription
from topologies.region import FABRIC_PORT, Region, build_region, load_region
from topologies.underlay import FabricRouter


def content() -> dict[str, Any]:
    """Two hosts on two leaves and a spine; one account with one VPC."""
    return {
        "name": "test",
        "hosts": {"one": {"underlay": "172.31.0.1"}, "two": {"underlay": "172.31.0.2"}},
        "fabric": {"spines": ["s1"], "leaves": {"l1": ["one"], "l2": ["two"]}},
        "accounts": {"shop": "100000000001"},
        "vpcs": {
            "store": {
                "account": "shop",
                "cidr": "10.0.0.0/16",
                "route_tables": {"inner": [{"to": "192.0.2.0/24", "target": "web"}]},
                "subnets": {"front": {"cidr": "10.0.1.0/24", "route_table": "inner"}},
                "instances": {"web": {"subnet": "front", "address": "10.0.1.5", "host": "one"}},
            }
        },
    }


def built(**changes: object) -> Region:
    return build_region(RegionDescription.model_validate(content() | changes))


def store(**changes: object) -> dict[str, Any]:
    """The VPCs with a changed one."""
    return {"vpcs": {"store": content()["vpcs"]["store"] | changes}}


def test_everything_of_a_vpc_belongs_to_its_account() -> None:
    model = built().model

    assert {account.name: account.id for account in model.table(Account).values()} == {"shop": "100000000001"}
    for parts in (model.vpcs, model.subnets, model.route_tables, model.network_interfaces, model.instances):
        assert {part.account_id for part in parts.values()} == {"100000000001"}


def test_a_subnet_has_its_route_table_with_local_routes_and_its_own() -> None:
    model = built().model
    eni = model.interface_of(model.instance("web"))

    routes = {str(route.destination): route.target for route in model.route_table_of(eni).routes}

    assert routes == {"10.0.0.0/16": "local", "192.0.2.0/24": eni.id}


def test_a_host_reaches_everything_by_its_leaf() -> None:
    region = built()
    fabric = region.fabric
    assert fabric is not None

    (route,) = region.model.underlay_routes_by_host[region.host("two").id]

    assert (str(route.destination), route.port) == ("0.0.0.0/0", FABRIC_PORT)
    assert route.next_hop == fabric.leaf_of("two").mac("two")


def test_every_leaf_hangs_on_every_spine_and_the_service_on_the_first_leaf() -> None:
    fabric = built().fabric
    assert fabric is not None

    assert [leaf.ports for leaf in fabric.leaves] == [("one", "s1", ""), ("two", "s1")]
    assert fabric.spines == (FabricRouter("s1", 3, ("l1", "l2")),)


def test_the_gateway_is_the_first_host_unless_another_or_none_is_named() -> None:
    first, other, none = (built(), built(mapping={"gateway": "two"}), built(mapping={"gateway": None}))

    assert first.mapping.policy == "on-demand"
    assert first.mapping.gateway_host_id == first.host("one").id
    assert other.mapping.gateway_host_id == other.host("two").id
    assert none.mapping.gateway_host_id == ""


def test_a_preloaded_region_has_no_gateway() -> None:
    region = built().preloaded()

    assert (region.mapping.policy, region.mapping.gateway_host_id) == ("preload", "")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fabric": {"spines": [], "leaves": {"l1": ["one", "two"]}}}, "fabric: needs spines and leaves"),
        ({"fabric": {"spines": ["s1"], "leaves": {"l1": ["one"]}}}, "fabric.leaves: two hangs on no leaf"),
        ({"fabric": {"spines": ["s1"], "leaves": {"l1": ["one", "two"], "l2": ["two"]}}}, "two hangs on l1 already"),
        ({"fabric": {"spines": ["s1"], "leaves": {"l1": ["one", "three"]}}}, "no host is called 'three'"),
        ({"fabric": {"spines": ["one"], "leaves": {"l1": ["one", "two"]}}}, "one is the name of two things"),
        ({"accounts": {"shop": "12"}}, "'12' is no account: 12 digits"),
        ({"accounts": {"shop": "100000000001", "b": "100000000001"}}, "another account is 100000000001"),
        (store(account="bank"), "vpcs.store.account: no account is called 'bank'"),
        (store(route_tables={"inner": [{"to": "192.0.2.0/24", "target": "db"}]}), "no target is called 'db'"),
        (store(route_tables={"inner": [{"to": "10.0.0.0/16", "target": "web"}]}), "two routes to 10.0.0.0/16"),
        (store(route_tables={}), "no route table is called 'inner'"),
    ],
)
def test_a_mistake_names_its_place(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        built(**changes)

    assert message in str(error.value)


def test_the_region_of_the_goal_has_eight_switches_and_twelve_instances() -> None:
    model = load_region("region").model

    assert (len(model.hosts), len(model.instances)) == (8, 12)
    assert len({eni.account_id for eni in model.network_interfaces.values()}) == 2
    assert any(len(table.routes) > 2 for table in model.table(RouteTable).values())
