"""Internet gateways, with and without a way in, and the pools of public addresses."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import ClassVar

from controller.model import EdgePort, GatewayAttachment, Model, Route, RouteTable
from controller.plugin import PluginResource, RequestError, Way

INTERNET = "internet"
INTERNET_NEXT_HOP = 1  # what routers call the edges of the internet (controller.plan.edges.NETWORKS)
DEFAULT_MTU = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class InternetGateway(PluginResource):
    """Joins a VPC to the internet: IPv4 by elastic addresses, IPv6 as it is. A VPC has at most one."""

    NOT_FOUND: ClassVar[str] = "InvalidInternetGatewayID.NotFound"
    PREFIX: ClassVar[str] = "igw"
    INDEXED: ClassVar[tuple[str, ...]] = ("vpc_id",)

    vpc_id: str = ""

    def check_route(self, model: Model, table: RouteTable, route: Route) -> None:
        """The gateway is attached to the table's VPC."""
        check_attached(self, table)

    def way(self, model: Model, table: RouteTable) -> Way | None:
        """To the edges."""
        return way_to_internet(model, self.id, table)


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressOnlyInternetGateway(PluginResource):
    """Lets IPv6 of a VPC out to the internet, and only answers in."""

    NOT_FOUND: ClassVar[str] = "InvalidEgressOnlyInternetGatewayId.NotFound"
    PREFIX: ClassVar[str] = "eigw"
    INDEXED: ClassVar[tuple[str, ...]] = ("vpc_id",)

    vpc_id: str

    def check_route(self, model: Model, table: RouteTable, route: Route) -> None:
        """The gateway is the table's VPC's, and the destination is IPv6."""
        check_attached(self, table)
        if route.destination.version != 6:
            text = f"'{self.id}' takes IPv6 only"
            raise RequestError("InvalidParameterValue", text, "destination")

    def way(self, model: Model, table: RouteTable) -> Way | None:
        """To the edges."""
        return way_to_internet(model, self.id, table)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPool(PluginResource):
    """Public IPv4 addresses of the region, from which accounts get theirs. The operator's."""

    NOT_FOUND: ClassVar[str] = "InvalidIpv4PoolID.NotFound"
    PREFIX: ClassVar[str] = "ipv4pool"

    cidr_block: IPv4Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Address(PluginResource):
    """An elastic address: an account's until it is released, wherever it is used meanwhile."""

    NOT_FOUND: ClassVar[str] = "InvalidAllocationID.NotFound"
    PREFIX: ClassVar[str] = "eipalloc"
    PLURAL: ClassVar[str] = "addresses"
    INDEXED: ClassVar[tuple[str, ...]] = ("network_interface_id", "pool_id", "public_ip")

    public_ip: IPv4Address
    pool_id: str
    network_interface_id: str = ""
    private_ip_address: IPv4Address | None = None


def check_attached(gateway: InternetGateway | EgressOnlyInternetGateway, table: RouteTable) -> None:
    """RequestError unless the gateway is attached to the VPC of a route table."""
    if gateway.vpc_id != table.vpc_id:
        text = f"'{gateway.id}' is not attached to the VPC of '{table.id}'"
        raise RequestError("InvalidParameterValue", text, "target")


def way_to_internet(model: Model, gateway_id: str, table: RouteTable) -> Way | None:
    """What packets of a route to a gateway do; None while it is not attached to the table's VPC."""
    attachment = model.get(GatewayAttachment, gateway_id)
    if not isinstance(attachment, GatewayAttachment) or attachment.vpc_id != table.vpc_id:
        return None
    mtus = [port.mtu for port in model.group(EdgePort, "network", INTERNET)]
    mtu = min(mtus, default=DEFAULT_MTU)
    return Way("to_next_hop", {"next_hop": INTERNET_NEXT_HOP, "gateway": attachment.wire_number, "mtu": mtu})
