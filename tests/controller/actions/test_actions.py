"""Actions answer as AWS does: what they make, and the code with which they refuse."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import pytest

from controller.actions.accounts import create_token, delete_account, modify_account
from controller.actions.hosts import create_host, delete_host, set_underlay_route
from controller.actions.instances import move_instance, run_instance, terminate_instance
from controller.actions.network_interfaces import (
    assign_addresses,
    attach,
    create_network_interface,
    delete_network_interface,
    detach,
    unassign_addresses,
)
from controller.actions.route_tables import (
    create_route,
    create_route_table,
    delete_route,
    delete_route_table,
    make_main,
    replace_route,
)
from controller.actions.subnets import (
    associate_route_table,
    create_subnet,
    delete_subnet,
    disassociate_route_table,
)
from controller.actions.vpcs import associate_cidr_block, create_vpc, delete_vpc, disassociate_cidr_block
from controller.errors import RequestError
from controller.model import Model, Quotas, Route
from tests.controller.region import World

ELSEWHERE = IPv4Network("192.0.2.0/24")


@pytest.fixture
def world() -> World:
    return World()


def refused(code: str, world: World, action: Callable[..., object], *args: object, **more: object) -> str:
    """The field that a refusal names; checks the code, and that nothing has changed."""
    before = Model(world.model.resources())
    with pytest.raises(RequestError) as error:
        world.tenant(action, *args, **more)
    assert error.value.code == code
    assert world.model == before
    return error.value.field or ""


def test_a_vpc_comes_with_a_main_route_table_and_its_local_routes(world: World) -> None:
    vpc = world.vpc("10.0.0.0/16", "2001:db8::/56")

    table = world.model.route_tables[vpc.main_route_table_id]
    assert table.routes == (Route(vpc.cidr_blocks[0], "local"), Route(vpc.cidr_blocks[1], "local"))
    assert vpc.account_id == world.blue.id


@pytest.mark.parametrize("block", ["10.0.0.0/15", "10.0.0.0/29", "127.0.0.0/16", "224.0.0.0/16", "0.0.0.0/16"])
def test_a_vpc_range_outside_what_aws_allows_is_refused(world: World, block: str) -> None:
    assert refused("InvalidVpc.Range", world, create_vpc, IPv4Network(block)) == "cidr_block"


@pytest.mark.parametrize("block", ["2001:db8::/64", "2001:db8::/40", "fe80::/56", "2001:db8::/57"])
def test_an_ipv6_range_outside_what_aws_allows_is_refused(world: World, block: str) -> None:
    refused("InvalidVpc.Range", world, create_vpc, IPv4Network("10.0.0.0/16"), ipv6_cidr_block=IPv6Network(block))


def test_two_vpcs_may_have_the_same_range(world: World) -> None:
    assert world.vpc().number != world.vpc().number


def test_more_vpcs_than_the_quota_are_refused(world: World) -> None:
    for _ in range(5):
        world.vpc()
    refused("VpcLimitExceeded", world, create_vpc, IPv4Network("10.0.0.0/16"))

    world.operator(modify_account, world.blue.id, quotas=Quotas(vpcs=6))
    world.vpc()


def test_a_second_range_gives_local_routes_to_every_table(world: World) -> None:
    vpc = world.vpc()
    table = world.tenant(create_route_table, vpc.id)
    world.tenant(associate_cidr_block, vpc.id, IPv4Network("10.1.0.0/16"))

    for table_id in (table.id, vpc.main_route_table_id):
        assert Route(IPv4Network("10.1.0.0/16"), "local") in world.model.route_tables[table_id].routes
    world.subnet(vpc, "10.1.5.0/24")
    refused("DependencyViolation", world, disassociate_cidr_block, vpc.id, IPv4Network("10.1.0.0/16"))


def test_a_range_that_goes_takes_its_local_routes(world: World) -> None:
    vpc = world.vpc()
    world.tenant(associate_cidr_block, vpc.id, IPv4Network("10.1.0.0/16"))

    world.tenant(disassociate_cidr_block, vpc.id, IPv4Network("10.1.0.0/16"))

    assert world.model.vpcs[vpc.id] == vpc
    assert len(world.model.route_tables[vpc.main_route_table_id].routes) == 1
    refused("OperationNotPermitted", world, disassociate_cidr_block, vpc.id, IPv4Network("10.0.0.0/16"))
    missing = "InvalidVpcCidrBlockAssociationID.NotFound"
    refused(missing, world, disassociate_cidr_block, vpc.id, IPv4Network("10.1.0.0/16"))


def test_an_overlapping_range_is_refused(world: World) -> None:
    refused("InvalidVpc.Range", world, associate_cidr_block, world.vpc().id, IPv4Network("10.0.128.0/17"))


@pytest.mark.parametrize(
    ("block", "code"),
    [
        ("10.0.0.0/15", "InvalidSubnet.Range"),
        ("10.0.0.0/29", "InvalidSubnet.Range"),
        ("10.1.0.0/24", "InvalidSubnet.Range"),
        ("10.0.1.0/24", "InvalidSubnet.Conflict"),
        ("10.0.0.0/16", "InvalidSubnet.Conflict"),
        ("10.0.1.16/28", "InvalidSubnet.Conflict"),
    ],
)
def test_a_subnet_range_that_does_not_fit_is_refused(world: World, block: str, code: str) -> None:
    vpc = world.vpc()
    world.subnet(vpc)

    assert refused(code, world, create_subnet, vpc.id, IPv4Network(block)) == "cidr_block"


def test_a_subnet_next_to_another_is_allowed(world: World) -> None:
    vpc = world.vpc()
    world.subnet(vpc, "10.0.1.0/24")

    assert world.subnet(vpc, "10.0.2.0/28").cidr_block.num_addresses == 16


def test_an_ipv6_subnet_is_a_64_of_its_vpc(world: World) -> None:
    vpc = world.vpc("10.0.0.0/16", "2001:db8::/56")
    block = IPv4Network("10.0.1.0/24")

    for wrong in ("2001:db8::/60", "2001:db8:1::/64"):
        refused("InvalidSubnet.Range", world, create_subnet, vpc.id, block, ipv6_cidr_block=IPv6Network(wrong))
    assert world.subnet(vpc, "10.0.1.0/24", "2001:db8::/64").ipv6_cidr_block == IPv6Network("2001:db8::/64")


def test_what_has_dependencies_is_not_deleted(world: World) -> None:
    vpc = world.vpc()
    subnet = world.subnet(vpc)
    eni = world.tenant(create_network_interface, subnet.id)
    table = world.tenant(create_route_table, vpc.id)
    world.tenant(associate_route_table, subnet.id, table.id)

    refused("DependencyViolation", world, delete_vpc, vpc.id)
    refused("DependencyViolation", world, delete_subnet, subnet.id)
    refused("DependencyViolation", world, delete_route_table, table.id)
    refused("DependencyViolation", world, delete_route_table, vpc.main_route_table_id)
    world.tenant(delete_network_interface, eni.id)
    world.tenant(disassociate_route_table, subnet.id, table.id)
    world.tenant(delete_subnet, subnet.id)
    refused("DependencyViolation", world, delete_vpc, vpc.id)
    world.tenant(delete_route_table, table.id)
    world.tenant(delete_vpc, vpc.id)
    assert not world.model.vpcs
    assert not world.model.route_tables


def test_subnets_without_an_association_follow_the_main_table(world: World) -> None:
    vpc = world.vpc()
    one, other = world.subnet(vpc, "10.0.1.0/24"), world.subnet(vpc, "10.0.2.0/24")
    first, second = (world.tenant(create_route_table, vpc.id) for _ in range(2))
    world.tenant(associate_route_table, one.id, first.id)
    world.tenant(make_main, second.id)

    assert world.model.route_table_of_subnet(world.model.subnets[one.id]) == first
    assert world.model.route_table_of_subnet(other) == second
    refused("InvalidAssociationID.NotFound", world, disassociate_route_table, other.id, first.id)


def test_a_table_of_another_vpc_cannot_be_associated(world: World) -> None:
    subnet, table = world.subnet(world.vpc()), world.tenant(create_route_table, world.vpc().id)

    assert refused("InvalidParameterValue", world, associate_route_table, subnet.id, table.id) == "route_table_id"


def test_routes_are_created_replaced_and_deleted(world: World) -> None:
    vpc = world.vpc()
    eni = world.tenant(create_network_interface, world.subnet(vpc).id)
    table_id = vpc.main_route_table_id

    world.tenant(create_route, table_id, ELSEWHERE, "blackhole")
    refused("RouteAlreadyExists", world, create_route, table_id, ELSEWHERE, eni.id)
    changed = world.tenant(replace_route, table_id, ELSEWHERE, eni.id)
    assert changed.routes[1] == Route(ELSEWHERE, eni.id)
    assert len(world.tenant(delete_route, table_id, ELSEWHERE).routes) == 1
    refused("InvalidRoute.NotFound", world, delete_route, table_id, ELSEWHERE)


def test_local_routes_stay(world: World) -> None:
    vpc = world.vpc()
    table_id, block = vpc.main_route_table_id, vpc.cidr_blocks[0]

    refused("RouteAlreadyExists", world, create_route, table_id, block, "blackhole")
    refused("InvalidParameterValue", world, replace_route, table_id, block, "blackhole")
    refused("InvalidParameterValue", world, delete_route, table_id, block)
    refused("InvalidParameterValue", world, create_route, table_id, ELSEWHERE, "local")


def test_a_target_has_to_make_sense(world: World) -> None:
    vpc, other = world.vpc(), world.vpc()
    eni = world.tenant(create_network_interface, world.subnet(other).id)
    table_id = vpc.main_route_table_id

    assert refused("InvalidParameterValue", world, create_route, table_id, ELSEWHERE, "moon") == "target"
    refused("InvalidParameterValue", world, create_route, table_id, ELSEWHERE, eni.id)
    missing = "eni-" + "0" * 17
    refused("InvalidNetworkInterfaceID.NotFound", world, create_route, table_id, ELSEWHERE, missing)


def test_more_routes_than_the_quota_are_refused() -> None:
    world = World(Quotas(routes_per_route_table=2))
    table_id = world.vpc().main_route_table_id
    world.tenant(create_route, table_id, ELSEWHERE, "blackhole")

    refused("RouteLimitExceeded", world, create_route, table_id, ip_network("198.51.100.0/24"), "blackhole")


def test_addresses_are_chosen_behind_the_reserved_ones(world: World) -> None:
    subnet = world.subnet(world.vpc("10.0.0.0/16", "2001:db8::/56"), "10.0.1.0/28", "2001:db8::/64")

    eni = world.tenant(create_network_interface, subnet.id, ipv6_address_count=1)

    assert eni.addresses == (IPv4Address("10.0.1.4"), IPv6Address("2001:db8::4"))


def test_a_28_has_eleven_addresses(world: World) -> None:
    subnet = world.subnet(world.vpc(), "10.0.1.0/28")
    made = [world.tenant(create_network_interface, subnet.id) for _ in range(11)]
    refused("InsufficientFreeAddressesInSubnet", world, create_network_interface, subnet.id)

    world.tenant(delete_network_interface, made[3].id)

    assert world.tenant(create_network_interface, subnet.id).addresses == made[3].addresses


@pytest.mark.parametrize("address", ["10.0.1.0", "10.0.1.1", "10.0.1.2", "10.0.1.3", "10.0.1.255", "10.0.2.9"])
def test_a_reserved_or_foreign_address_is_refused(world: World, address: str) -> None:
    subnet = world.subnet(world.vpc())

    wanted = IPv4Address(address)
    field = refused("InvalidParameterValue", world, create_network_interface, subnet.id, private_ip_address=wanted)
    assert field == "private_ip_address"


def test_an_address_in_use_is_refused(world: World) -> None:
    subnet = world.subnet(world.vpc())
    taken = IPv4Address("10.0.1.9")
    world.tenant(create_network_interface, subnet.id, private_ip_address=taken)

    refused("InvalidIPAddress.InUse", world, create_network_interface, subnet.id, private_ip_address=taken)


def test_the_same_address_in_another_vpc_is_free(world: World) -> None:
    taken = IPv4Address("10.0.1.9")
    for vpc in (world.vpc(), world.vpc()):
        world.tenant(create_network_interface, world.subnet(vpc).id, private_ip_address=taken)
    world.check_everything()


def test_secondary_addresses_come_and_go(world: World) -> None:
    eni = world.tenant(create_network_interface, world.subnet(world.vpc()).id)

    more = world.tenant(assign_addresses, eni.id, addresses=[IPv4Address("10.0.1.99")], secondary_count=2)
    assert [str(address) for address in more.addresses] == ["10.0.1.4", "10.0.1.99", "10.0.1.5", "10.0.1.6"]
    fewer = world.tenant(unassign_addresses, eni.id, [IPv4Address("10.0.1.5")])
    assert len(fewer.addresses) == 3
    refused("InvalidParameterValue", world, unassign_addresses, eni.id, [eni.addresses[0]])
    refused("InvalidParameterValue", world, unassign_addresses, eni.id, [IPv4Address("10.0.1.77")])
    refused("PrivateIpAddressLimitExceeded", world, assign_addresses, eni.id, secondary_count=60)
    refused("InvalidParameterValue", world, assign_addresses, eni.id, ipv6_count=1)
    refused("InvalidParameterValue", world, assign_addresses, eni.id, addresses=[IPv4Address("10.0.1.50")] * 2)


def test_an_instance_brings_a_plugged_interface(world: World) -> None:
    subnet = world.subnet(world.vpc())

    one, other = (world.tenant(run_instance, subnet.id, name=name) for name in ("one", "other"))

    eni = world.model.interface_of(one)
    assert (eni.instance_id, eni.host_id, eni.port) == (one.id, one.host_id, 16)
    assert one.host_id != other.host_id, "the host with the fewest interfaces is chosen"
    refused("InvalidNetworkInterface.InUse", world, delete_network_interface, eni.id)
    refused("OperationNotPermitted", world, detach, eni.id)
    world.check_everything()


def test_a_second_interface_is_attached_moved_and_left_behind(world: World) -> None:
    subnet = world.subnet(world.vpc())
    instance = world.tenant(run_instance, subnet.id)
    extra = world.tenant(create_network_interface, subnet.id)
    refused("InvalidParameterValue", world, attach, extra.id, instance.id, 0)
    attached = world.tenant(attach, extra.id, instance.id, 1)
    assert (attached.host_id, attached.port) == (instance.host_id, 17)
    refused("InvalidNetworkInterface.InUse", world, attach, extra.id, instance.id, 2)

    there = next(host for host in world.model.hosts.values() if host.id != instance.host_id)
    world.operator(move_instance, instance.id, there.id)
    assert {eni.host_id for eni in world.model.network_interfaces.values()} == {there.id}
    world.check_everything()

    world.tenant(terminate_instance, instance.id)
    assert world.model.network_interfaces == {extra.id: extra}
    refused("InvalidAttachmentID.NotFound", world, detach, extra.id)


def test_hosts_are_the_operators(world: World) -> None:
    host = next(iter(world.model.hosts.values()))
    subnet = world.subnet(world.vpc())

    refused("UnauthorizedOperation", world, create_host, "gamma", IPv4Address("172.31.0.3"))
    refused("UnauthorizedOperation", world, run_instance, subnet.id, host_id=host.id)
    refused("UnauthorizedOperation", world, create_token, world.blue.id)
    refused("UnauthorizedOperation", world, delete_account, world.blue.id)


def test_a_host_in_use_stays(world: World) -> None:
    instance = world.tenant(run_instance, world.subnet(world.vpc()).id)
    with pytest.raises(RequestError, match="DependencyViolation"):
        world.operator(delete_host, instance.host_id)
    world.tenant(terminate_instance, instance.id)
    far, mac = IPv4Network("10.9.0.0/24"), "02:00:00:00:00:01"
    with pytest.raises(RequestError, match="does not face the underlay"):
        world.operator(set_underlay_route, instance.host_id, far, port=16, mac=mac, next_hop=mac)
    world.operator(delete_host, instance.host_id)


def test_a_region_without_hosts_runs_nothing(world: World) -> None:
    subnet = world.subnet(world.vpc())
    for host_id in list(world.model.hosts):
        world.operator(delete_host, host_id)

    refused("InsufficientInstanceCapacity", world, run_instance, subnet.id)
