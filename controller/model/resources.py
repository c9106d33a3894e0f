"""The resources of a region. Numbers are what the data plane carries: 24 bits for a VPC, 32 for the others."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class PhysicalHost:
    """A machine with an embedded router; `address` is its place on the underlay."""

    id: str
    name: str
    address: IPv4Address


@dataclass(frozen=True, slots=True)
class UnderlayRoute:
    """How one host reaches others: through `port`, to the neighbour with MAC `next_hop`."""

    host_id: str
    destination: IPv4Network
    port: int
    mac: str
    next_hop: str


@dataclass(frozen=True, slots=True)
class Vpc:
    """A customer's network; `number` is the Geneve VNI."""

    id: str
    name: str
    number: int
    cidr_blocks: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class Subnet:
    """A range of a VPC; its first four addresses and its last are reserved."""

    id: str
    name: str
    vpc_id: str
    cidr_block: IPv4Network
    route_table_id: str
    ipv6_cidr_block: IPv6Network | None = None

    def reserved(self) -> frozenset[Address]:
        """Network, router, DNS, future use, broadcast (AWS: .0 to .3 and the last)."""
        block = self.cidr_block
        return frozenset(block[i] for i in (0, 1, 2, 3, -1))


@dataclass(frozen=True, slots=True)
class Route:
    """One line of a route table; target is "local" or "blackhole"."""

    destination: Network
    target: str


@dataclass(frozen=True, slots=True)
class RouteTable:
    """Which prefix goes where, for the subnets that use it."""

    id: str
    number: int
    vpc_id: str
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class NetworkInterface:
    """An ENI: a MAC and addresses in one subnet, plugged into `port` of a host's router."""

    id: str
    number: int
    vpc_id: str
    subnet_id: str
    mac: str
    addresses: tuple[Address, ...]
    host_id: str
    port: int


@dataclass(frozen=True, slots=True)
class Instance:
    """A virtual machine or container with its network interface."""

    id: str
    name: str
    network_interface_id: str
