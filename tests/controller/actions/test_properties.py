"""Whatever accounts do, in whatever order: no rule is broken, no address is given twice, nothing crosses accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.actions import instances, network_interfaces, route_tables, subnets, vpcs
from controller.errors import RequestError
from controller.model import Instance, Model, NetworkInterface, Quotas, RouteTable, Subnet, Vpc
from controller.model.transaction import Transaction
from tests.controller.region import World

BLOCKS = [IPv4Network(text) for text in ("10.0.0.0/16", "10.0.0.0/24", "10.0.0.0/28", "10.0.0.16/28", "10.1.0.0/16")]
ADDRESSES = [None, *(IPv4Address(text) for text in ("10.0.0.4", "10.0.0.5", "10.0.0.20", "10.1.0.9"))]
Step = tuple[str, int, int, int]


def chosen(model: Model, kind: Any, index: int) -> str:
    """The id of some resource of a kind, or of none."""
    ids = sorted(model.table(kind))
    return ids[index % len(ids)] if ids else "none"


def act(tx: Transaction, step: Step) -> None:
    """One action with arguments that may or may not make sense."""
    verb, a, b, c = step
    model, block, address = tx.model, BLOCKS[b % len(BLOCKS)], ADDRESSES[c % len(ADDRESSES)]
    vpc, subnet, table, eni, instance = (
        chosen(model, kind, a) for kind in (Vpc, Subnet, RouteTable, NetworkInterface, Instance)
    )
    actions: dict[str, Callable[[], object]] = {
        "create_vpc": lambda: vpcs.create_vpc(tx, block),
        "delete_vpc": lambda: vpcs.delete_vpc(tx, vpc),
        "associate": lambda: vpcs.associate_cidr_block(tx, vpc, block),
        "disassociate": lambda: vpcs.disassociate_cidr_block(tx, vpc, block),
        "create_subnet": lambda: subnets.create_subnet(tx, vpc, block),
        "delete_subnet": lambda: subnets.delete_subnet(tx, subnet),
        "create_table": lambda: route_tables.create_route_table(tx, vpc),
        "delete_table": lambda: route_tables.delete_route_table(tx, table),
        "use_table": lambda: subnets.associate_route_table(tx, subnet, chosen(model, RouteTable, b)),
        "make_main": lambda: route_tables.make_main(tx, table),
        "create_route": lambda: route_tables.create_route(tx, table, block, eni if c % 2 else "blackhole"),
        "create_eni": lambda: network_interfaces.create_network_interface(tx, subnet, private_ip_address=address),
        "delete_eni": lambda: network_interfaces.delete_network_interface(tx, eni),
        "assign": lambda: network_interfaces.assign_addresses(tx, eni, secondary_count=b),
        "unassign": lambda: network_interfaces.unassign_addresses(tx, eni, [address] if address else []),
        "attach": lambda: network_interfaces.attach(tx, eni, chosen(model, Instance, b), c),
        "detach": lambda: network_interfaces.detach(tx, eni),
        "run": lambda: instances.run_instance(tx, subnet, private_ip_address=address),
        "terminate": lambda: instances.terminate_instance(tx, instance),
    }
    actions[verb]()


VERBS = [
    *("create_vpc", "delete_vpc", "associate", "disassociate", "create_subnet", "delete_subnet", "create_table"),
    *("delete_table", "use_table", "make_main", "create_route", "create_eni", "delete_eni", "assign", "unassign"),
    *("attach", "detach", "run", "terminate"),
]
STEPS = st.lists(
    st.tuples(st.sampled_from(VERBS), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=10, max_size=60
)
START: list[Step] = [("create_vpc", 0, 0, 0), ("create_subnet", 0, 2, 0), ("create_subnet", 0, 3, 0), ("run", 0, 0, 0)]


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_no_order_of_actions_breaks_a_rule(steps: Sequence[Step]) -> None:
    world = World(Quotas(vpcs=3, routes_per_route_table=4))
    for step in [*START, *steps]:
        with suppress(RequestError):
            world.tenant(act, step)
    world.check_everything()


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_addresses_of_a_vpc_are_given_once(steps: Sequence[Step]) -> None:
    world = World()
    for step in [*START, *steps]:
        with suppress(RequestError):
            world.tenant(act, step)
    for vpc in world.model.vpcs.values():
        given_out = [a for eni in world.model.group(NetworkInterface, "vpc", vpc.id) for a in eni.addresses]
        assert len(given_out) == len(set(given_out))
        assert not any(world.model.subnets[eni.subnet_id].reserves(a) for eni in _all(world) for a in eni.addresses)


def _all(world: World) -> list[NetworkInterface]:
    return list(world.model.network_interfaces.values())


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_nothing_of_another_account_can_be_used(steps: Sequence[Step]) -> None:
    """The neighbour tries every action on what the first account has: all fail, and nothing changes."""
    world = World()
    for step in START:
        world.tenant(act, step)
    before = Model(world.model.resources())
    for step in steps:
        if step[0] != "create_vpc":
            with pytest.raises(RequestError) as error:
                world.neighbour(act, step)
            assert error.value.code.endswith(".NotFound")
    assert world.model == before


@dataclass(frozen=True)
class Foreign:
    """An action on two resources, of which the first may be one's own."""

    name: str
    call: Callable[[Transaction, dict[str, str], dict[str, str]], object]


MIXED = [
    Foreign("associate", lambda tx, own, other: subnets.associate_route_table(tx, own["Subnet"], other["RouteTable"])),
    Foreign(
        "attach", lambda tx, own, other: network_interfaces.attach(tx, own["NetworkInterface"], other["Instance"], 1)
    ),
    Foreign(
        "route",
        lambda tx, own, other: route_tables.create_route(
            tx, own["RouteTable"], IPv4Network("192.0.2.0/24"), other["NetworkInterface"]
        ),
    ),
]


@pytest.mark.parametrize("foreign", MIXED, ids=lambda foreign: foreign.name)
def test_ones_own_cannot_be_joined_to_what_is_anothers(foreign: Foreign) -> None:
    world = World()
    for run in (world.tenant, world.neighbour):
        vpc = run(vpcs.create_vpc, BLOCKS[0])
        subnet = run(subnets.create_subnet, vpc.id, BLOCKS[1])
        run(instances.run_instance, subnet.id)
    own, other = (
        {
            type(resource).__name__: resource.id
            for resource in world.model.resources()
            if getattr(resource, "account_id", "") == account.id
        }
        for account in world.accounts
    )

    with pytest.raises(RequestError, match="does not exist"):
        world.tenant(foreign.call, own, other)
