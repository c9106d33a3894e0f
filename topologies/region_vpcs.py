"""The customers' part of a region's model: accounts, VPCs, route tables, subnets, network interfaces, instances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from controller.model import Account, Instance, NetworkInterface, Resource, Route, RouteTable, Subnet, Vpc
from controller.model.ids import stable_id
from controller.model.model import FIRST_ENI_PORT
from controller.model.resources import DEFAULT_ACCOUNT, Address
from topologies.description import InstanceDescription, RegionDescription, RouteDescription, VpcDescription
from topologies.description_rules import GATEWAYS


class VpcBuilder:
    """Numbers VPCs, route tables and network interfaces from 1 in the order of the description."""

    def __init__(self, description: RegionDescription) -> None:
        self._accounts = {name: Account(number, name) for name, number in description.accounts.items()}
        self._vpcs: list[Vpc] = []
        self._subnets: list[Subnet] = []
        self._route_tables: list[RouteTable] = []
        self._interfaces: list[NetworkInterface] = []
        self._instances: list[Instance] = []
        self._ports: defaultdict[str, int] = defaultdict(lambda: FIRST_ENI_PORT)
        for name, described in description.vpcs.items():
            self._add_vpc(name, described)

    def resources(self) -> Iterator[Resource]:
        """Everything that was built, what others refer to first."""
        yield from self._accounts.values()
        for part in (self._vpcs, self._route_tables, self._subnets, self._interfaces, self._instances):
            yield from part

    def _add_vpc(self, name: str, described: VpcDescription) -> None:
        account = self._accounts[described.account].id if described.account else DEFAULT_ACCOUNT
        blocks = (described.cidr,) if described.ipv6_cidr is None else (described.cidr, described.ipv6_cidr)
        vpc = Vpc(stable_id("vpc", name), name, len(self._vpcs) + 1, blocks, stable_id("rtb", name), account)
        self._vpcs.append(vpc)
        self._add_route_table(vpc, vpc.main_route_table_id, "", ())
        for table, routes in described.route_tables.items():
            self._add_route_table(vpc, stable_id("rtb", name, table), table, routes)
        for subnet, block in described.subnets.items():
            table = stable_id("rtb", name, block.route_table) if block.route_table else vpc.main_route_table_id
            subnet_id = stable_id("subnet", name, subnet)
            self._subnets.append(Subnet(subnet_id, subnet, vpc.id, block.cidr, table, block.ipv6_cidr, account))
        for instance, place in described.instances.items():
            self._add_instance(vpc, instance, place)

    def _add_route_table(self, vpc: Vpc, table_id: str, name: str, routes: tuple[RouteDescription, ...]) -> None:
        local = [Route(block, "local") for block in vpc.cidr_blocks]
        own = [Route(route.to, _target(vpc, route.target)) for route in routes]
        number = len(self._route_tables) + 1
        self._route_tables.append(RouteTable(table_id, number, vpc.id, (*local, *own), name, vpc.account_id))

    def _add_instance(self, vpc: Vpc, name: str, described: InstanceDescription) -> None:
        number = len(self._interfaces) + 1
        host_id = stable_id("host", described.host)
        eni = NetworkInterface(
            id=stable_id("eni", vpc.name, name),
            number=number,
            vpc_id=vpc.id,
            subnet_id=stable_id("subnet", vpc.name, described.subnet),
            mac=f"06:00:{number >> 24:02x}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
            addresses=_addresses(described),
            host_id=host_id,
            port=self._ports[host_id],
            name=name,
            instance_id=stable_id("i", vpc.name, name),
            account_id=vpc.account_id,
        )
        self._ports[host_id] += 1
        self._interfaces.append(eni)
        self._instances.append(Instance(eni.instance_id, name, eni.id, host_id, vpc.account_id))


def _target(vpc: Vpc, described: str) -> str:
    if described == "blackhole":
        return described
    if described in GATEWAYS:
        return stable_id(described, vpc.name)
    return stable_id("eni", vpc.name, described)


def _addresses(instance: InstanceDescription) -> tuple[Address, ...]:
    return (instance.address,) if instance.ipv6_address is None else (instance.address, instance.ipv6_address)
