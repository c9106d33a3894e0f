"""Addresses in the form that the data plane works with."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from controller.model.resources import Address, Network

_MAPPED = int(IPv6Address("::ffff:0.0.0.0"))


def data_plane_address(address: Address) -> IPv6Address:
    """The 128-bit form the data plane works with: IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2)."""
    return IPv6Address(_MAPPED | int(address)) if isinstance(address, IPv4Address) else address


def data_plane_network(network: Network) -> IPv6Network:
    """The same for a prefix: an IPv4 /24 becomes a /120."""
    if isinstance(network, IPv4Network):
        return IPv6Network((_MAPPED | int(network.network_address), 96 + network.prefixlen))
    return network
