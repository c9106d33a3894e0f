"""Addresses in the form that the data plane works with."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from controller.model.resources import Address, Network

_MAPPED = int(IPv6Address("::ffff:0.0.0.0"))
IPV4 = IPv6Network((_MAPPED, 96))  # where all of IPv4 is


def data_plane_address(address: Address) -> IPv6Address:
    """The 128-bit form the data plane works with: IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2)."""
    return IPv6Address(_MAPPED | int(address)) if isinstance(address, IPv4Address) else address


def data_plane_network(network: Network) -> IPv6Network:
    """The same for a prefix: an IPv4 /24 becomes a /120."""
    if isinstance(network, IPv4Network):
        return IPv6Network((_MAPPED | int(network.network_address), 96 + network.prefixlen))
    return network


def hides_ipv4(destinations: Iterable[Network]) -> bool:
    """Whether IPv6 routes such as ::/0 would take IPv4 packets, too, because there is no IPv4 route for all of them."""
    found = [data_plane_network(destination) for destination in destinations]
    return IPV4 not in found and any(IPV4.subnet_of(destination) for destination in found)
