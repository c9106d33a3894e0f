"""What AWS demands of each resource, checked on a model that holds it already; a breach is RequestError."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from typing import TypeVar

from controller.errors import RequestError
from controller.model.model import FIRST_ENI_PORT, LAST_ENI_PORT, Model
from controller.model.peering_rules import check_peering, check_peers_of, open_peerings
from controller.model.resources import (
    Account,
    Address,
    EdgePort,
    GatewayAttachment,
    Instance,
    Network,
    NetworkInterface,
    Owned,
    PhysicalHost,
    RegionSettings,
    Resource,
    RouteTable,
    Subnet,
    Token,
    UnderlayRoute,
    Vpc,
    VpcPeeringConnection,
)

_R = TypeVar("_R", Vpc, Subnet, RouteTable, NetworkInterface, Instance)

LONGEST_VPC_PREFIX = 28
SHORTEST_VPC_PREFIX = 16

_UNUSABLE = tuple(
    IPv4Network(block) for block in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
)
PROGRAMS = ("vrouter", "blackfoot", "hyperplane")
MAPPING_POLICIES = ("on-demand", "preload", "gateway")

_HOST = re.compile(r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9]([A-Za-z0-9.-]{0,253}[A-Za-z0-9])?)$")
_USABLE_IPV6 = (IPv6Network("2000::/3"), IPv6Network("fc00::/7"))


def check(model: Model, resource: Resource) -> None:
    """RequestError with the code that AWS gives, when the resource breaks a rule in this model."""
    match resource:
        case Vpc():
            check_vpc(model, resource)
        case Subnet():
            check_subnet(model, resource)
        case RouteTable():
            check_route_table(model, resource)
        case VpcPeeringConnection():
            check_peering(model, resource)
        case NetworkInterface():
            check_interface(model, resource)
        case Instance():
            check_instance(model, resource)
        case PhysicalHost():
            check_host(model, resource)
        case UnderlayRoute():
            check_underlay_route(model, resource)
        case EdgePort():
            check_edge_port(model, resource)
        case RegionSettings():
            check_settings(model, resource)
        case _:
            pass


def check_gone(model: Model, resource: Resource) -> None:
    """RequestError when something in the model still needs a resource that was removed from it."""
    match resource:
        case Vpc():
            users = [
                *model.group(Subnet, "vpc", resource.id),
                *model.group(RouteTable, "vpc", resource.id),
                *open_peerings(model, resource),
                *model.group(GatewayAttachment, "vpc", resource.id),
            ]
        case Subnet():
            users = [*model.group(NetworkInterface, "subnet", resource.id)]
        case RouteTable():
            vpc = model.vpcs.get(resource.vpc_id)
            main = [vpc] if vpc is not None and vpc.main_route_table_id == resource.id else []
            users = [*model.group(Subnet, "route_table", resource.id), *main]
        case NetworkInterface():
            instance = model.instances.get(resource.instance_id)
            if instance is not None:
                text = f"'{resource.id}' is in use by '{instance.id}'"
                raise RequestError("InvalidNetworkInterface.InUse", text)
            users = []
        case Instance():
            users = [*model.group(NetworkInterface, "instance", resource.id)]
        case PhysicalHost():
            users = [
                *model.interfaces_on(resource),
                *model.group(Instance, "host", resource.id),
                *model.group(UnderlayRoute, "host", resource.id),
                *model.group(EdgePort, "host", resource.id),
                *(s for s in model.table(RegionSettings).values() if s.gateway_host_id == resource.id),
            ]
        case Account():
            users = [*model.group(Token, "account", resource.id), *model.group(Vpc, "account", resource.id)]
        case _:
            users = []
    if users:
        text = f"The {type(resource).__name__} '{resource.id}' has dependencies and cannot be deleted: '{users[0].id}'"
        raise RequestError("DependencyViolation", text)


def check_vpc(model: Model, vpc: Vpc) -> None:
    """Range of every block, no two overlapping, and every subnet inside."""
    if not vpc.cidr_blocks or not isinstance(vpc.cidr_blocks[0], IPv4Network):
        raise RequestError("InvalidVpc.Range", "The first CIDR block of a VPC is IPv4", "cidr_block")
    for index, block in enumerate(vpc.cidr_blocks):
        _check_vpc_block(block)
        for other in vpc.cidr_blocks[:index]:
            if _overlap(block, other):
                raise RequestError("InvalidVpc.Range", f"The CIDR '{block}' overlaps '{other}'", "cidr_block")
    for subnet in model.group(Subnet, "vpc", vpc.id):
        if not all(_inside(block, vpc.cidr_blocks) for block in subnet.blocks()):
            raise RequestError("DependencyViolation", f"The subnet '{subnet.id}' uses a CIDR block that would go away")
    check_peers_of(model, vpc)
    if model.count(Vpc, "number", vpc.number) > 1:
        raise RequestError("ResourceConflict", f"The VPC number {vpc.number} is taken", "number")
    main = model.route_tables.get(vpc.main_route_table_id)
    if main is None or main.vpc_id != vpc.id:
        raise RequestError(RouteTable.NOT_FOUND, f"'{vpc.id}' has no main route table", "main_route_table_id")


def check_subnet(model: Model, subnet: Subnet) -> None:
    """Range, inside the VPC, not overlapping another, all its interfaces inside, route table of the same VPC."""
    vpc = _owned(model, Vpc, subnet.vpc_id, subnet)
    if not SHORTEST_VPC_PREFIX <= subnet.cidr_block.prefixlen <= LONGEST_VPC_PREFIX:
        raise RequestError(
            "InvalidSubnet.Range", f"The CIDR '{subnet.cidr_block}' is invalid: /16 to /28", "cidr_block"
        )
    if subnet.ipv6_cidr_block is not None and subnet.ipv6_cidr_block.prefixlen != 64:
        raise RequestError("InvalidSubnet.Range", "The IPv6 CIDR block of a subnet is a /64", "ipv6_cidr_block")
    for block in subnet.blocks():
        field = "cidr_block" if block.version == 4 else "ipv6_cidr_block"
        if not _inside(block, vpc.cidr_blocks):
            raise RequestError("InvalidSubnet.Range", f"The CIDR '{block}' is not inside the VPC's", field)
        for other in model.group(Subnet, "vpc", vpc.id):
            if other.id != subnet.id and any(_overlap(block, theirs) for theirs in other.blocks()):
                raise RequestError("InvalidSubnet.Conflict", f"The CIDR '{block}' conflicts with '{other.id}'", field)
    if subnet.route_table_id:
        table = _owned(model, RouteTable, subnet.route_table_id, subnet)
        if table.vpc_id != vpc.id:
            raise RequestError("InvalidParameterValue", f"'{table.id}' is of another VPC", "route_table_id")


def check_route_table(model: Model, table: RouteTable) -> None:
    """Local routes for exactly the VPC's blocks, one route for each destination, and targets that make sense."""
    vpc = _owned(model, Vpc, table.vpc_id, table)
    if model.count(RouteTable, "number", table.number) > 1:
        raise RequestError("ResourceConflict", f"The route table number {table.number} is taken", "number")
    local = [route.destination for route in table.routes if route.target == "local"]
    if sorted(map(str, local)) != sorted(map(str, vpc.cidr_blocks)):
        raise RequestError("InvalidParameterValue", "Local routes cannot be changed", "destination")
    seen: set[Network] = set()
    for route in table.routes:
        if route.destination in seen:
            text = f"The route identified by {route.destination} already exists"
            raise RequestError("RouteAlreadyExists", text, "destination")
        seen.add(route.destination)


def check_interface(model: Model, eni: NetworkInterface) -> None:
    """Addresses inside the subnet, not reserved, nobody else's; a port that nobody else has."""
    subnet = _owned(model, Subnet, eni.subnet_id, eni)
    if subnet.vpc_id != eni.vpc_id:
        raise RequestError("InvalidParameterValue", f"'{subnet.id}' is of another VPC", "subnet_id")
    if not eni.addresses or eni.addresses[0].version != 4:
        raise RequestError("InvalidParameterValue", "The primary address is IPv4", "private_ip_address")
    if len(set(eni.addresses)) != len(eni.addresses):
        raise RequestError("InvalidParameterValue", "An address is listed twice", "addresses")
    for address in eni.addresses:
        _check_address(model, eni, subnet, address)
    if model.count(NetworkInterface, "number", eni.number) > 1:
        raise RequestError("ResourceConflict", f"The network interface number {eni.number} is taken", "number")
    if eni.host_id:
        _check_port(model, eni)
    if eni.instance_id:
        instance = _owned(model, Instance, eni.instance_id, eni)
        if instance.host_id and instance.host_id != eni.host_id:
            raise RequestError("InvalidParameterValue", f"'{instance.id}' is on another host", "host_id")


def check_instance(model: Model, instance: Instance) -> None:
    """Its host and its first network interface."""
    if instance.host_id not in model.hosts:
        raise RequestError(PhysicalHost.NOT_FOUND, f"The PhysicalHost '{instance.host_id}' does not exist", "host_id")
    eni = _owned(model, NetworkInterface, instance.network_interface_id, instance)
    if eni.instance_id != instance.id:
        raise RequestError("InvalidNetworkInterface.InUse", f"'{eni.id}' is in use", "network_interface_id")


def check_host(model: Model, host: PhysicalHost) -> None:
    """Name and underlay address are nobody else's."""
    if host.program not in PROGRAMS:
        raise RequestError("InvalidParameterValue", f"'{host.program}' is none of {', '.join(PROGRAMS)}", "program")
    if model.count(PhysicalHost, "name", host.name) > 1:
        raise RequestError("ResourceConflict", f"Another host is called '{host.name}'", "name")
    if model.count(PhysicalHost, "address", host.address) > 1:
        raise RequestError("ResourceConflict", f"Another host has the address {host.address}", "address")
    if any(host.address in block for block in _UNUSABLE):
        raise RequestError("InvalidParameterValue", f"{host.address} is no address for a host", "address")
    if host.switch:
        check_switch_address(host.switch)
        if model.count(PhysicalHost, "switch", (host.switch, host.device_id)) > 1:
            raise RequestError("ResourceConflict", f"Another host has the switch at {host.switch}", "switch")
    if not 0 < host.device_id < 1 << 64:
        raise RequestError("InvalidParameterValue", f"{host.device_id} is no device id", "device_id")


def check_switch_address(switch: str) -> None:
    """RequestError unless it is unix:PATH with an absolute path, or HOST:PORT."""
    path = switch.removeprefix("unix:")
    if path != switch:
        fits = path.startswith("/") and len(path.encode()) < 108 and "\0" not in path
    else:
        host, _, port = switch.rpartition(":")
        fits = bool(_HOST.match(host)) and port.isascii() and port.isdigit() and 0 < int(port) < 65536
    if not fits:
        raise RequestError("InvalidParameterValue", f"'{switch}' is neither HOST:PORT nor unix:/PATH", "switch")


def check_settings(model: Model, settings: RegionSettings) -> None:
    """A policy that routers know, an address for the mapping service, a gateway that exists."""
    if settings.id != RegionSettings().id:
        raise RequestError("InvalidParameterValue", "A region has one set of settings", "id")
    if settings.mapping_policy not in MAPPING_POLICIES:
        text = f"'{settings.mapping_policy}' is none of {', '.join(MAPPING_POLICIES)}"
        raise RequestError("InvalidParameterValue", text, "mapping_policy")
    gateway = settings.gateway_host_id
    if gateway and gateway not in model.hosts:
        raise RequestError(PhysicalHost.NOT_FOUND, f"The PhysicalHost '{gateway}' does not exist", "gateway_host_id")
    if settings.mapping_policy == "gateway" and not gateway:
        raise RequestError("MissingParameter", "The policy 'gateway' needs a gateway", "gateway_host_id")


def check_edge_port(model: Model, port: EdgePort) -> None:
    """The host is an edge, and the port does not face the underlay."""
    host = model.hosts.get(port.host_id)
    if host is None or host.program != "blackfoot":
        raise RequestError(PhysicalHost.NOT_FOUND, f"No edge has the id '{port.host_id}'", "host_id")
    if not FIRST_ENI_PORT <= port.port <= LAST_ENI_PORT:
        text = f"Port {port.port} does not face outside ({FIRST_ENI_PORT} to {LAST_ENI_PORT} do)"
        raise RequestError("InvalidParameterValue", text, "port")
    if not 1280 <= port.mtu <= 9001:
        raise RequestError("InvalidParameterValue", f"{port.mtu} is no MTU (1280 to 9001 are)", "mtu")


def check_underlay_route(model: Model, route: UnderlayRoute) -> None:
    """The host exists, and the port faces the underlay."""
    if route.host_id not in model.hosts:
        raise RequestError(PhysicalHost.NOT_FOUND, f"The PhysicalHost '{route.host_id}' does not exist", "host_id")
    if not 0 < route.port < FIRST_ENI_PORT:
        text = f"Port {route.port} does not face the underlay (1 to {FIRST_ENI_PORT - 1} do)"
        raise RequestError("InvalidParameterValue", text, "port")


def check_address_in(subnet: Subnet, address: Address, field: str) -> None:
    """The address is inside the subnet and not reserved."""
    if not any(address in block for block in subnet.blocks()):
        text = f"Address {address} does not fall within the subnet's address range"
        raise RequestError("InvalidParameterValue", text, field)
    if subnet.reserves(address):
        raise RequestError("InvalidParameterValue", f"Address {address} is in the subnet's reserved range", field)


def _check_address(model: Model, eni: NetworkInterface, subnet: Subnet, address: Address) -> None:
    field = "private_ip_address" if address.version == 4 else "ipv6_address"
    check_address_in(subnet, address, field)
    if model.interfaces_at(eni.vpc_id, address) > 1:
        raise RequestError("InvalidIPAddress.InUse", f"Address {address} is in use", field)


def _check_port(model: Model, eni: NetworkInterface) -> None:
    if eni.host_id not in model.hosts:
        raise RequestError(PhysicalHost.NOT_FOUND, f"The PhysicalHost '{eni.host_id}' does not exist", "host_id")
    if not FIRST_ENI_PORT <= eni.port <= LAST_ENI_PORT:
        text = f"Port {eni.port} is not for network interfaces ({FIRST_ENI_PORT} to {LAST_ENI_PORT} are)"
        raise RequestError("InvalidParameterValue", text, "port")
    if model.count(NetworkInterface, "port", (eni.host_id, eni.port)) > 1:
        raise RequestError("ResourceConflict", f"Port {eni.port} of '{eni.host_id}' is taken", "port")


def _check_vpc_block(block: Network) -> None:
    if isinstance(block, IPv6Network):
        fits = 44 <= block.prefixlen <= 60 and block.prefixlen % 4 == 0
        if not fits or not any(block.subnet_of(range_) for range_ in _USABLE_IPV6):
            text = f"The CIDR '{block}' is invalid: /44 to /60 in steps of 4, global or unique local"
            raise RequestError("InvalidVpc.Range", text, "cidr_block")
        return
    if not SHORTEST_VPC_PREFIX <= block.prefixlen <= LONGEST_VPC_PREFIX:
        raise RequestError("InvalidVpc.Range", f"The CIDR '{block}' is invalid: /16 to /28", "cidr_block")
    if any(block.overlaps(other) for other in _UNUSABLE):
        raise RequestError("InvalidVpc.Range", f"The CIDR '{block}' is not for use in a VPC", "cidr_block")


def _owned(model: Model, kind: type[_R], resource_id: str, by: Owned, field: str | None = None) -> _R:
    """The resource that another refers to; one of another account is as good as none."""
    found = model.table(kind).get(resource_id)
    if found is None or found.account_id != by.account_id:
        raise RequestError(kind.NOT_FOUND, f"The {kind.__name__} '{resource_id}' does not exist", field)
    return found


def _overlap(one: Network, other: Network) -> bool:
    return type(one) is type(other) and one.overlaps(other)  # type: ignore[arg-type]


def _inside(block: Network, others: Iterable[Network]) -> bool:
    return any(type(block) is type(other) and block.subnet_of(other) for other in others)  # type: ignore[arg-type]
