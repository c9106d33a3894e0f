"""Peerings: asked for, accepted or rejected, ended; what may not be peered, and routes to peerings."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from controller.actions.network_interfaces import create_network_interface, delete_network_interface
from controller.actions.route_tables import create_route
from controller.actions.vpc_peering import (
    accept_vpc_peering_connection,
    create_vpc_peering_connection,
    delete_vpc_peering_connection,
    reject_vpc_peering_connection,
)
from controller.actions.vpcs import associate_cidr_block, create_vpc, delete_vpc
from controller.errors import RequestError
from controller.model import RouteTable, Vpc, VpcPeeringConnection
from controller.plan.targets import route_state
from tests.controller.actions.test_actions import refused
from tests.controller.region import World

OTHER = IPv4Network("10.1.0.0/16")


@pytest.fixture
def world() -> World:
    return World()


def pair(world: World) -> tuple[Vpc, Vpc]:
    """Two VPCs of one account that could be peered."""
    return world.vpc("10.0.0.0/16"), world.vpc(str(OTHER))


def active(world: World, one: Vpc, other: Vpc) -> VpcPeeringConnection:
    """A peering that was accepted."""
    peering = world.tenant(create_vpc_peering_connection, one.id, other.id)
    return world.tenant(accept_vpc_peering_connection, peering.id)


def state_of(world: World, vpc: Vpc) -> str:
    """The state of the last route of the VPC's main route table."""
    table = world.model.route_tables[vpc.main_route_table_id]
    return route_state(world.model, table, table.routes[-1])


def test_a_peering_waits_until_it_is_accepted(world: World) -> None:
    one, other = pair(world)

    peering = world.tenant(create_vpc_peering_connection, one.id, other.id, name="link")

    assert (peering.status, peering.vpc_ids) == ("pending-acceptance", (one.id, other.id))
    assert world.tenant(accept_vpc_peering_connection, peering.id).status == "active"


def test_a_peering_is_decided_once(world: World) -> None:
    peering = active(world, *pair(world))

    refused("InvalidStateTransition", world, accept_vpc_peering_connection, peering.id)
    refused("InvalidStateTransition", world, reject_vpc_peering_connection, peering.id)


def test_overlapping_ranges_are_not_peered(world: World) -> None:
    one, other = world.vpc("10.0.0.0/16"), world.vpc("10.0.128.0/20")

    field = refused("InvalidParameterCombination", world, create_vpc_peering_connection, one.id, other.id)

    assert field == "peer_vpc_id"


def test_a_vpc_is_not_peered_with_itself(world: World) -> None:
    one, _ = pair(world)

    refused("InvalidParameterValue", world, create_vpc_peering_connection, one.id, one.id)


def test_two_vpcs_are_peered_once(world: World) -> None:
    one, other = pair(world)
    world.tenant(create_vpc_peering_connection, one.id, other.id)

    refused("VpcPeeringConnectionAlreadyExists", world, create_vpc_peering_connection, other.id, one.id)


def test_a_rejected_peering_can_be_asked_for_again(world: World) -> None:
    one, other = pair(world)
    first = world.tenant(create_vpc_peering_connection, one.id, other.id)
    world.tenant(reject_vpc_peering_connection, first.id)

    assert world.tenant(create_vpc_peering_connection, one.id, other.id).status == "pending-acceptance"


def test_a_peered_vpc_takes_no_range_of_its_peer(world: World) -> None:
    one, other = pair(world)
    active(world, one, other)

    refused("InvalidVpc.Range", world, associate_cidr_block, one.id, IPv4Network("10.1.64.0/20"))


def test_a_peered_vpc_stays(world: World) -> None:
    one, other = pair(world)
    active(world, one, other)

    refused("DependencyViolation", world, delete_vpc, one.id)


def test_a_route_to_a_peering_is_a_black_hole_until_it_is_active_and_after_it_is_gone(world: World) -> None:
    one, other = pair(world)
    peering = world.tenant(create_vpc_peering_connection, one.id, other.id)
    world.tenant(create_route, one.main_route_table_id, OTHER, peering.id)
    states = [state_of(world, one)]
    world.tenant(accept_vpc_peering_connection, peering.id)
    states.append(state_of(world, one))
    world.tenant(delete_vpc_peering_connection, peering.id)
    states.append(state_of(world, one))

    assert states == ["blackhole", "active", "blackhole"]


def test_a_peering_is_no_target_in_a_third_vpc(world: World) -> None:
    one, other = pair(world)
    third = world.vpc("10.2.0.0/16")
    peering = active(world, one, other)

    refused("InvalidParameterValue", world, create_route, third.main_route_table_id, OTHER, peering.id)


def test_routes_inside_the_vpc_go_to_interfaces_only(world: World) -> None:
    one, other = pair(world)
    peering = active(world, one, other)

    inside = IPv4Network("10.0.1.0/24")
    assert refused("InvalidParameterValue", world, create_route, one.main_route_table_id, inside, peering.id)


def test_an_interface_stands_in_front_of_a_whole_subnet_only(world: World) -> None:
    subnet = world.subnet(world.vpc())
    eni = world.tenant(create_network_interface, subnet.id)
    table = world.model.vpcs[subnet.vpc_id].main_route_table_id

    refused("InvalidParameterValue", world, create_route, table, IPv4Network("10.0.1.0/25"), eni.id)
    assert world.tenant(create_route, table, IPv4Network("10.0.1.0/24"), eni.id).routes[-1].target == eni.id


def test_a_route_to_an_interface_that_is_gone_is_a_black_hole(world: World) -> None:
    subnet = world.subnet(world.vpc())
    eni = world.tenant(create_network_interface, subnet.id)
    table: RouteTable = world.tenant(
        create_route, world.model.vpcs[subnet.vpc_id].main_route_table_id, IPv4Network("0.0.0.0/0"), eni.id
    )
    world.tenant(delete_network_interface, eni.id)

    assert route_state(world.model, table, table.routes[-1]) == "blackhole"


def test_only_the_account_that_was_asked_accepts(world: World) -> None:
    mine = world.vpc("10.0.0.0/16")
    theirs = world.neighbour(create_vpc, OTHER)
    peering = world.tenant(create_vpc_peering_connection, mine.id, theirs.id, peer_owner_id=theirs.account_id)

    refused("OperationNotPermitted", world, accept_vpc_peering_connection, peering.id)
    assert world.neighbour(accept_vpc_peering_connection, peering.id).status == "active"


def test_a_vpc_of_another_account_is_found_by_its_owner_only(world: World) -> None:
    mine = world.vpc("10.0.0.0/16")
    theirs = world.neighbour(create_vpc, OTHER)

    refused("InvalidVpcID.NotFound", world, create_vpc_peering_connection, mine.id, theirs.id)


def test_either_side_ends_a_peering(world: World) -> None:
    mine = world.vpc("10.0.0.0/16")
    theirs = world.neighbour(create_vpc, OTHER)
    peering = world.tenant(create_vpc_peering_connection, mine.id, theirs.id, peer_owner_id=theirs.account_id)

    world.neighbour(delete_vpc_peering_connection, peering.id)

    assert world.model.get(VpcPeeringConnection, peering.id) is None


def test_a_third_account_does_not_see_a_peering(world: World) -> None:
    peering = active(world, *pair(world))

    with pytest.raises(RequestError, match="does not exist"):
        world.neighbour(delete_vpc_peering_connection, peering.id)
