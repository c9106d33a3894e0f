"""What requests and answers look like. Views of resources are made from the resources' own fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Any, Generic, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from controller.model import (
    Account,
    EdgePort,
    Instance,
    NetworkInterface,
    PhysicalHost,
    RegionSettings,
    Resource,
    RouteTable,
    Stack,
    Subnet,
    Token,
    UnderlayRoute,
    Vpc,
    VpcPeeringConnection,
)

_T = TypeVar("_T")

OPERATORS_ONLY = ("host_id", "port")  # null for others: a customer does not see where things run
SECRET = ("digest",)


def _written(value: object) -> object:
    if not isinstance(value, str) or "%" in value:
        raise ValueError("an address is text, without a zone")
    return value


V4Address = Annotated[IPv4Address, BeforeValidator(_written)]
V6Address = Annotated[IPv6Address, BeforeValidator(_written)]
AnyAddress = Annotated[IPv4Address | IPv6Address, BeforeValidator(_written)]
V4Network = Annotated[IPv4Network, BeforeValidator(_written)]
V6Network = Annotated[IPv6Network, BeforeValidator(_written)]
AnyNetwork = Annotated[IPv4Network | IPv6Network, BeforeValidator(_written)]
Name = Annotated[str, Field(max_length=255)]
Count = Annotated[int, Field(ge=0, le=50)]
SwitchAddress = Annotated[str, Field(max_length=255, description="HOST:PORT or unix:/PATH")]
DeviceId = Annotated[int, Field(ge=1, lt=2**63)]
Mac = Annotated[str, Field(pattern=r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CreateVpc(_Request):
    """A VPC; `account_id` is for operators."""

    cidr_block: V4Network
    ipv6_cidr_block: V6Network | None = None
    name: Name = ""
    account_id: str | None = None


class Rename(_Request):
    """Another name."""

    name: Name


class CidrBlock(_Request):
    """A further CIDR block of a VPC."""

    cidr_block: AnyNetwork


class CreateSubnet(_Request):
    """A subnet of a VPC."""

    vpc_id: str
    cidr_block: V4Network
    ipv6_cidr_block: V6Network | None = None
    name: Name = ""


class CreateRouteTable(_Request):
    """A route table of a VPC."""

    vpc_id: str
    name: Name = ""


class RouteRequest(_Request):
    """A route: where packets to `destination` go. The target is "blackhole", or an id: eni-, pcx-, igw- ..."""

    destination: AnyNetwork
    target: str


class CreateVpcPeeringConnection(_Request):
    """A peering of a VPC with another; `peer_owner_id` is the account of the other, if it is not the same."""

    vpc_id: str
    peer_vpc_id: str
    peer_owner_id: str | None = None
    name: Name = ""


class AssociateRouteTable(_Request):
    """The subnet that is to use a route table."""

    subnet_id: str


class CreateNetworkInterface(_Request):
    """A network interface; addresses that are not given are chosen."""

    subnet_id: str
    private_ip_address: V4Address | None = None
    ipv6_addresses: tuple[V6Address, ...] = Field(default=(), max_length=50)
    ipv6_address_count: Count = 0
    source_dest_check: bool = True
    name: Name = ""


class ModifyNetworkInterface(_Request):
    """What is given is changed."""

    name: Name | None = None
    source_dest_check: bool | None = None


class AssignAddresses(_Request):
    """Addresses to be added: these, and so many chosen ones."""

    addresses: tuple[AnyAddress, ...] = Field(default=(), max_length=50)
    secondary_private_ip_address_count: Count = 0
    ipv6_address_count: Count = 0


class Attach(_Request):
    """The instance that gets a network interface, and as which one."""

    instance_id: str
    device_index: Annotated[int, Field(ge=1, le=15)] = 1


class RunInstance(_Request):
    """An instance with a new network interface; `host_id` is for operators."""

    subnet_id: str
    private_ip_address: V4Address | None = None
    ipv6_address_count: Count = 0
    host_id: str | None = None
    name: Name = ""


class ModifyInstance(_Request):
    """What is given is changed; another `host_id` moves the instance, and is for operators."""

    name: Name | None = None
    host_id: str | None = None


class CreateHost(_Request):
    """A physical host, known by its address on the underlay; with the program `blackfoot` it is an edge."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    address: V4Address
    switch: SwitchAddress = ""
    device_id: DeviceId = 1
    program: Literal["vrouter", "blackfoot"] = "vrouter"


class ModifyHost(_Request):
    """Where the host's router is programmed; what is given is changed, an empty `switch` means nowhere."""

    switch: SwitchAddress | None = None
    device_id: DeviceId | None = None


class SetUnderlayRoute(_Request):
    """How a host reaches a range of underlay addresses."""

    destination: V4Network
    port: Annotated[int, Field(ge=1, le=15)]
    mac: Mac
    next_hop: Mac


class QuotasRequest(_Request):
    """How much an account may have; the defaults are those of AWS."""

    vpcs: Annotated[int, Field(ge=0, le=2**24)] = 5
    cidr_blocks_per_vpc: Annotated[int, Field(ge=1, le=50)] = 5
    subnets_per_vpc: Annotated[int, Field(ge=0, le=10_000)] = 200
    route_tables_per_vpc: Annotated[int, Field(ge=1, le=10_000)] = 200
    routes_per_route_table: Annotated[int, Field(ge=1, le=10_000)] = 50
    network_interfaces: Annotated[int, Field(ge=0, le=2**31)] = 5000
    addresses_per_network_interface: Annotated[int, Field(ge=1, le=1000)] = 50
    instances: Annotated[int, Field(ge=0, le=2**31)] = 5000


class CreateAccount(_Request):
    """An account with its quotas."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    quotas: QuotasRequest = QuotasRequest()


class ModifyAccount(_Request):
    """What is given is changed."""

    name: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    quotas: QuotasRequest | None = None


class CreateToken(_Request):
    """A bearer token of an account; without one, an operator's."""

    account_id: str | None = None
    name: Name = ""


class ApplyStack(_Request):
    """Everything a region description brings, as documents with their `kind`."""

    resources: Annotated[list[dict[str, Any]], Field(max_length=200_000)]


class Answer(BaseModel):
    """What every answer has: the region's revision."""

    revision: int


class One(Answer, Generic[_T]):
    """One resource."""

    resource: _T


class Page(Answer, Generic[_T]):
    """Some resources; `next_token` asks for those that follow, and is null at the end."""

    items: list[_T]
    next_token: str | None


class Problem(BaseModel):
    """Why a request was refused; `field` is the part of it that is wrong, where it is one part."""

    code: str
    message: str
    field: str | None = None


class Mapping_(BaseModel):
    """Where an address of a VPC is; the host is for operators."""

    vpc_id: str
    address: IPv4Address | IPv6Address
    network_interface_id: str
    host_id: str | None
    host_address: IPv4Address | None


class HistoryEntry(BaseModel):
    """One change of one resource."""

    revision: int
    time: float
    who: str
    action: str
    kind: str
    id: str
    account_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class StackChange(BaseModel):
    """What applying a description does to one resource."""

    change: Literal["create", "modify", "delete"]
    kind: str
    id: str
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Applied(Answer):
    """What applying a description did, or would do."""

    dry_run: bool
    changes: list[StackChange]


class PluginView(BaseModel):
    """A plugin that is installed: the hooks that it attaches to, and the paths of the resources that it brings."""

    name: str
    summary: str
    loaded: bool
    hooks: list[str]
    resources: list[str]


class PluginPage(Page[PluginView]):
    """The plugins that are installed."""


class ReloadedSwitch(BaseModel):
    """What became of a switch's tables and registers when its program changed."""

    host_id: str
    name: str
    state: Literal["kept", "written again"]


class LoadedAnswer(Answer):
    """A plugin after loading or unloading, and the switches that got another program."""

    plugin: PluginView
    switches: list[ReloadedSwitch]


class RouteView(BaseModel):
    """One line of a route table; a route is a black hole when what it leads to is gone."""

    destination: IPv4Network | IPv6Network
    target: str
    state: Literal["active", "blackhole"]


def view_of(kind: type[Resource]) -> type[BaseModel]:
    """What an answer shows of a kind: its own fields, and how far the switches are."""
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        if field.name not in SECRET:
            hidden = field.name in OPERATORS_ONLY
            fields[field.name] = ((hints[field.name] | None) if hidden else hints[field.name], ...)
    if kind is RouteTable:
        fields["routes"] = (tuple[RouteView, ...], ...)
    fields["state"] = (Literal["pending", "available"], ...)
    fields["changed_in_revision"] = (int, ...)
    return create_model(kind.__name__, __doc__=kind.__doc__, **fields)


VIEWS: Mapping[type[Resource], Any] = {
    kind: view_of(kind)
    for kind in (
        Account,
        Token,
        RegionSettings,
        PhysicalHost,
        UnderlayRoute,
        EdgePort,
        Vpc,
        Subnet,
        RouteTable,
        VpcPeeringConnection,
        NetworkInterface,
        Instance,
        Stack,
    )
}


class NewToken(Answer):
    """A token with its secret, which is shown this once."""

    resource: VIEWS[Token]  # type: ignore[valid-type]
    secret: str


def hidden(document: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The document with these fields null where it has them."""
    return {name: None if name in names else value for name, value in document.items()}
