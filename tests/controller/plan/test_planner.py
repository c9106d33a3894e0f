"""Planning only what a change concerns gives what planning everything gives; and it is only that."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.actions.instances import move_instance, run_instance
from controller.actions.network_interfaces import mac_of, modify_network_interface
from controller.actions.vpc_peering import accept_vpc_peering_connection, create_vpc_peering_connection
from controller.errors import RequestError
from controller.model import (
    Change,
    Instance,
    LiveModel,
    NetworkInterface,
    PhysicalHost,
    Resource,
    Route,
    RouteTable,
    Subnet,
    Vpc,
)
from controller.model.model import FIRST_ENI_PORT
from controller.model.transaction import OPERATOR, Transaction
from controller.p4rt import Schema
from controller.plan import MappingPlan, Move, vrouter_entries
from controller.plan.desired import packed, unpacked
from controller.plan.parts import PARTS, Facts
from controller.plan.planner import Planner
from tests.controller.actions.test_properties import Step, act, chosen
from tests.controller.region import World
from topologies import programs

MORE = {"move", "peer", "rename"}
VERBS = st.sampled_from(
    [
        *("create_vpc", "delete_vpc", "associate", "create_subnet", "create_table", "use_table", "make_main"),
        *("create_route", "create_eni", "assign", "unassign", "attach", "detach", "run", "run", "terminate"),
        *sorted(MORE),
    ]
)
STEPS = st.lists(st.tuples(VERBS, *(st.integers(0, 7) for _ in range(3))), max_size=40)


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema(programs.compiled("vrouter").p4info)


def step(tx: Transaction, one: Step) -> None:
    """One action, also those of the operator."""
    verb, a, b, _ = one
    model = tx.model
    if verb == "move":
        move_instance(tx, chosen(model, Instance, a), chosen(model, PhysicalHost, b))
    elif verb == "rename":
        modify_network_interface(tx, chosen(model, NetworkInterface, a), name="other", source_dest_check=bool(b % 2))
    elif verb == "peer":
        peering = create_vpc_peering_connection(tx, chosen(model, Vpc, a), chosen(model, Vpc, b))
        accept_vpc_peering_connection(tx, peering.id)
    else:
        act(tx, one)


def changes_of(world: World, one: Step) -> list[Change]:
    """What an action changes; nothing when it is refused."""
    with suppress(RequestError), world.transaction(OPERATOR if one[0] in MORE else world.callers[0]) as tx:
        step(tx, one)
        return tx.changes()
    return []


def moving(world: World, changes: list[Change]) -> tuple[Move, ...]:
    """The moves that the changes make, as if all of them were in their first phase."""
    found = []
    for change in changes:
        before, after = change.before, change.after
        if not isinstance(before, NetworkInterface) or not isinstance(after, NetworkInterface):
            continue
        if after.host_id and before.host_id not in ("", after.host_id):
            found.append(Move(before.id, before.host_id, before.port, "prepare"))
    return tuple(found)


def plans(world: World, schema: Schema, facts: Facts) -> dict[str, dict[bytes, bytes]]:
    """Everything planned from the beginning."""
    planner = Planner(world.model, schema, PARTS, facts)
    for host_id in world.model.hosts:
        planner.add(host_id)
    return {host_id: plan.entries for host_id, plan in planner.plans.items()}


@pytest.mark.parametrize("policy", ["on-demand", "preload", "gateway"])
@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_what_a_change_concerns_is_planned_again_and_nothing_else_is_different(
    schema: Schema, policy: str, steps: list[Step]
) -> None:
    world = World()
    gateway = next(iter(world.model.hosts))
    mapping = MappingPlan(policy, gateway_host_id=gateway, key=b"k")  # type: ignore[arg-type]
    planner = Planner(world.model, schema, PARTS, Facts(mapping))
    for host_id in world.model.hosts:
        planner.add(host_id)
    for one in steps:
        before = {host_id: dict(plan.entries) for host_id, plan in planner.plans.items()}
        changes = changes_of(world, one)
        mapping = replace(mapping, moves=moving(world, changes))
        told = planner.update(changes, Facts(mapping))
        after = {host_id: plan.entries for host_id, plan in planner.plans.items()}
        different = {
            host_id: {key for key in before[host_id].keys() | after[host_id].keys()
                      if before[host_id].get(key) != after[host_id].get(key)}
            for host_id in after
        }  # fmt: skip
        assert {host_id: keys for host_id, keys in different.items() if keys} == told
    assert {host_id: plan.entries for host_id, plan in planner.plans.items()} == plans(world, schema, Facts(mapping))
    assert [planner.problem(host_id) for host_id in planner.plans] == [None, None]


@pytest.mark.parametrize("policy", ["on-demand", "preload", "gateway"])
@settings(max_examples=15, deadline=None)
@given(steps=STEPS)
def test_the_parts_are_the_whole_plan(schema: Schema, policy: str, steps: list[Step]) -> None:
    world = World()
    mapping = MappingPlan(policy, gateway_host_id=next(iter(world.model.hosts)))  # type: ignore[arg-type]
    for one in steps:
        changes_of(world, one)

    whole = {
        host.id: dict(packed(schema.encode(entry)) for entry in vrouter_entries(world.model, host, mapping))
        for host in world.model.hosts.values()
    }

    assert plans(world, schema, Facts(mapping)) == whole


@pytest.fixture
def world() -> World:
    """Two hosts; two VPCs with an instance on the first."""
    world = World()
    for _ in range(2):
        subnet = world.subnet(world.vpc())
        world.operator(run_instance, subnet.id, host_id=sorted(world.model.hosts)[0])
    return world


def committed(world: World, action: Callable[..., object], *args: object, **more: object) -> list[Change]:
    """What an operator's action changed."""
    with world.transaction(OPERATOR) as tx:
        action(tx, *args, **more)
        return tx.changes()


@pytest.fixture
def planner(world: World, schema: Schema) -> Planner:
    planner = Planner(world.model, schema, PARTS, Facts(MappingPlan("on-demand")))
    for host_id in world.model.hosts:
        planner.add(host_id)
    return planner


def test_a_new_name_plans_nothing(world: World, planner: Planner) -> None:
    eni = next(iter(world.model.network_interfaces))

    assert planner.update(committed(world, modify_network_interface, eni, name="new")) == {}


def test_a_change_on_one_host_does_not_reach_another(world: World, planner: Planner) -> None:
    _, second = sorted(world.model.hosts)
    subnet = next(iter(world.model.subnets))

    told = planner.update(committed(world, run_instance, subnet, host_id=second))

    assert set(told) == {second}


def test_ten_thousand_vpcs_leave_no_entry_on_hosts_that_have_none_of_them(schema: Schema) -> None:
    hosts = [PhysicalHost(f"host-{index:017x}", f"h{index}", IPv4Address(0xAC1F0001 + index)) for index in range(26)]
    model = LiveModel([*hosts, *(part for index in range(10_000) for part in small_vpc(index, hosts[index // 400].id))])
    planner = Planner(model, schema, PARTS, Facts(MappingPlan("on-demand")))
    for host in hosts[-2:]:
        planner.add(host.id)

    idle = [schema.decode(unpacked(*entry)) for entry in planner.plans[hosts[-1].id].entries.items()]
    busy = [schema.decode(unpacked(*entry)) for entry in planner.plans[hosts[-2].id].entries.items()]

    assert len(model.vpcs) == 10_000
    assert {entry.table for entry in idle} == {"host_address", "mapping_server"}
    assert len({dict(entry.match)["vpc"] for entry in busy if entry.table == "mapping"}) == 400


def small_vpc(index: int, host_id: str) -> list[Resource]:
    """A VPC with one interface on a host; all have the same addresses."""
    block, number, suffix = IPv4Network("10.0.0.0/24"), index + 1, f"{index:017x}"
    return [
        Vpc(f"vpc-{suffix}", "", number, (block,), f"rtb-{suffix}"),
        RouteTable(f"rtb-{suffix}", number, f"vpc-{suffix}", (Route(block, "local"),)),
        Subnet(f"subnet-{suffix}", "", f"vpc-{suffix}", block),
        NetworkInterface(
            f"eni-{suffix}",
            number,
            f"vpc-{suffix}",
            f"subnet-{suffix}",
            mac_of(number),
            (block[5],),
            host_id,
            FIRST_ENI_PORT + index % 400,
        ),
    ]
