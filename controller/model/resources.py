"""The resources of a region. Numbers are what the data plane carries: 24 bits for a VPC, 32 for the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, ClassVar

from controller.errors import RequestError

if TYPE_CHECKING:
    from controller.model.model import Model
    from controller.model.ways import Way

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DEFAULT_ACCOUNT = "000000000001"  # owns what a region description gives to nobody
RESERVED_FIRST = 4  # addresses at the start of a subnet: network, router, DNS, future use; the last is reserved too


@dataclass(frozen=True, slots=True)
class Quotas:
    """How much an account may have; the defaults are those of AWS."""

    vpcs: int = 5
    cidr_blocks_per_vpc: int = 5
    subnets_per_vpc: int = 200
    route_tables_per_vpc: int = 200
    routes_per_route_table: int = 50
    network_interfaces: int = 5000
    addresses_per_network_interface: int = 50
    instances: int = 5000


@dataclass(frozen=True, slots=True)
class Account:
    """A customer: 12 digits, as AWS numbers its accounts."""

    NOT_FOUND: ClassVar[str] = "InvalidAccountID.NotFound"

    id: str
    name: str
    quotas: Quotas = Quotas()


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token of which only the SHA-256 is kept; without an account it is an operator's."""

    NOT_FOUND: ClassVar[str] = "InvalidTokenID.NotFound"

    id: str
    digest: str
    account_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class PhysicalHost:
    """A machine with an embedded router, or an edge; `address` is its place on the underlay.

    `program` is what its switch runs: "vrouter", or "blackfoot" for an edge. `switch` is where the switch's P4Runtime
    server is, such as "127.0.0.1:9559" or "unix:/run/a.sock"; empty, the controller does not program it.
    """

    NOT_FOUND: ClassVar[str] = "InvalidHostID.NotFound"

    id: str
    name: str
    address: IPv4Address
    switch: str = ""
    device_id: int = 1
    program: str = "vrouter"


@dataclass(frozen=True, slots=True)
class RegionSettings:
    """How the routers of the region learn who hosts what; there is at most one, and without it these defaults hold."""

    NOT_FOUND: ClassVar[str] = "InvalidRegion.NotFound"

    id: str = "region"
    mapping_policy: str = "on-demand"
    mapping_service: IPv4Address = field(default=IPv4Address("172.31.255.1"))
    gateway_host_id: str = ""


@dataclass(frozen=True, slots=True)
class UnderlayRoute:
    """How one host reaches others: through `port`, to the neighbour with MAC `next_hop`."""

    NOT_FOUND: ClassVar[str] = "InvalidUnderlayRoute.NotFound"

    host_id: str
    destination: IPv4Network
    port: int
    mac: str
    next_hop: str

    @property
    def id(self) -> str:
        """Host and destination: a host has one route for each."""
        return f"{self.host_id}/{self.destination}"


@dataclass(frozen=True, slots=True)
class EdgePort:
    """How an edge reaches a network outside, such as "internet": its MAC and addresses there, and the next router."""

    NOT_FOUND: ClassVar[str] = "InvalidEdgePort.NotFound"

    host_id: str
    port: int
    network: str
    mac: str
    next_hop: str
    address: IPv4Address
    ipv6_address: IPv6Address | None = None
    mtu: int = 1500

    @property
    def id(self) -> str:
        """Host and port."""
        return f"{self.host_id}/{self.port}"


@dataclass(frozen=True, slots=True)
class Vpc:
    """A customer's network; `number` is the Geneve VNI. The first CIDR block is the primary one."""

    NOT_FOUND: ClassVar[str] = "InvalidVpcID.NotFound"

    id: str
    name: str
    number: int
    cidr_blocks: tuple[Network, ...]
    main_route_table_id: str = ""
    account_id: str = DEFAULT_ACCOUNT


@dataclass(frozen=True, slots=True)
class Subnet:
    """A range of a VPC; its first four addresses and its last are reserved.

    `route_table_id` is that of an explicit association; empty, the VPC's main route table decides.
    """

    NOT_FOUND: ClassVar[str] = "InvalidSubnetID.NotFound"

    id: str
    name: str
    vpc_id: str
    cidr_block: IPv4Network
    route_table_id: str = ""
    ipv6_cidr_block: IPv6Network | None = None
    account_id: str = DEFAULT_ACCOUNT

    def blocks(self) -> tuple[Network, ...]:
        """Its ranges, IPv6 behind."""
        return (self.cidr_block,) if self.ipv6_cidr_block is None else (self.cidr_block, self.ipv6_cidr_block)

    def reserves(self, address: Address) -> bool:
        """Whether it is network, router, DNS, future use or broadcast (AWS: .0 to .3 and the last) of a range."""
        for block in self.blocks():
            if block.version == address.version:
                offset = int(address) - int(block.network_address)
                return 0 <= offset < RESERVED_FIRST or offset == block.num_addresses - 1
        return False


@dataclass(frozen=True, slots=True)
class Route:
    """One line of a route table; target is "local", "blackhole" or the id of what receives the packets."""

    destination: Network
    target: str


@dataclass(frozen=True, slots=True)
class RouteTable:
    """Which prefix goes where, for the subnets that use it."""

    NOT_FOUND: ClassVar[str] = "InvalidRouteTableID.NotFound"

    id: str
    number: int
    vpc_id: str
    routes: tuple[Route, ...]
    name: str = ""
    account_id: str = DEFAULT_ACCOUNT


@dataclass(frozen=True, slots=True)
class VpcPeeringConnection:
    """Two VPCs whose instances may reach each other, once the other VPC's account has accepted."""

    NOT_FOUND: ClassVar[str] = "InvalidVpcPeeringConnectionID.NotFound"

    id: str
    name: str
    requester_vpc_id: str
    accepter_vpc_id: str
    status: str = "pending-acceptance"  # or "active", "rejected"
    account_id: str = DEFAULT_ACCOUNT
    accepter_account_id: str = DEFAULT_ACCOUNT

    @property
    def is_active(self) -> bool:
        """Whether packets may cross."""
        return self.status == "active"

    @property
    def vpc_ids(self) -> tuple[str, str]:
        """Both VPCs."""
        return (self.requester_vpc_id, self.accepter_vpc_id)

    def other_vpc_id(self, vpc_id: str) -> str:
        """The VPC on the other side."""
        return self.accepter_vpc_id if vpc_id == self.requester_vpc_id else self.requester_vpc_id


@dataclass(frozen=True, slots=True)
class GatewayAttachment:
    """A gateway by which edges serve a VPC; `id` is the gateway's.

    Packets of routes to the gateway carry `wire_number` where a destination interface would be.
    """

    NOT_FOUND: ClassVar[str] = "Gateway.NotAttached"

    id: str
    number: int
    vpc_id: str
    account_id: str = DEFAULT_ACCOUNT

    @property
    def wire_number(self) -> int:
        """The number with the highest bit set; those of network interfaces have 31 bits."""
        return 1 << 31 | self.number


@dataclass(frozen=True, slots=True)
class NetworkInterface:
    """An ENI: a MAC and addresses in one subnet, plugged into `port` of a host's router.

    The first address is the primary one (IPv4), the others are secondary or IPv6. Without a host it is not plugged in.
    """

    NOT_FOUND: ClassVar[str] = "InvalidNetworkInterfaceID.NotFound"

    id: str
    number: int
    vpc_id: str
    subnet_id: str
    mac: str
    addresses: tuple[Address, ...]
    host_id: str = ""
    port: int = 0
    name: str = ""
    instance_id: str = ""
    device_index: int = 0
    source_dest_check: bool = True
    account_id: str = DEFAULT_ACCOUNT


@dataclass(frozen=True, slots=True)
class Instance:
    """A virtual machine or container with its first network interface, on a host."""

    NOT_FOUND: ClassVar[str] = "InvalidInstanceID.NotFound"

    id: str
    name: str
    network_interface_id: str
    host_id: str = ""
    account_id: str = DEFAULT_ACCOUNT


@dataclass(frozen=True, slots=True)
class Stack:
    """What one region description brought, so that applying it again knows what to take away."""

    NOT_FOUND: ClassVar[str] = "InvalidStackName.NotFound"

    id: str
    resource_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin that the region's switches run; its id is its name, `digest` stands for its sources."""

    NOT_FOUND: ClassVar[str] = "InvalidPlugin.NotFound"

    id: str
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginResource:
    """What the resources that a plugin brings are made of.

    `PREFIX` begins their ids; `INDEXED` names the fields by which the model groups them and lists can be narrowed (a
    field that is a tuple puts the resource into the group of each member); a field `number` is what the data plane
    carries, at most `NUMBER_BITS` wide. `PLURAL` is for names that take more than an `s`, such as "network-acls".
    """

    NOT_FOUND: ClassVar[str] = "InvalidResourceID.NotFound"
    PREFIX: ClassVar[str] = ""
    INDEXED: ClassVar[tuple[str, ...]] = ()
    NUMBER_BITS: ClassVar[int] = 32
    PLURAL: ClassVar[str] = ""

    id: str
    name: str = ""
    account_id: str = DEFAULT_ACCOUNT

    def check_route(self, model: Model, table: RouteTable, route: Route) -> None:
        """RequestError unless a route of this table may have the resource as its target; most kinds are no targets."""
        raise RequestError("InvalidParameterValue", f"'{self.id}' is no target of a route", "target")

    def way(self, model: Model, table: RouteTable) -> Way | None:
        """What packets of a route to this resource do; None is a black hole."""
        return None


Resource = (
    Account
    | Token
    | RegionSettings
    | PhysicalHost
    | UnderlayRoute
    | EdgePort
    | Vpc
    | Subnet
    | RouteTable
    | VpcPeeringConnection
    | GatewayAttachment
    | NetworkInterface
    | Instance
    | Stack
    | LoadedPlugin
    | PluginResource
)
Owned = Vpc | Subnet | RouteTable | NetworkInterface | Instance
KINDS: tuple[type[Resource], ...] = (
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
    GatewayAttachment,
    NetworkInterface,
    Instance,
    Stack,
    LoadedPlugin,
)
