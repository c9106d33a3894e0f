"""Who talks: one interface, and for each sequence a remote endpoint of its own."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from .wire import Pair

LOCAL = {False: "10.1.0.10", True: "fd00:1::10"}
ROUTER = {False: "10.1.255.254", True: "fd00:1:0:80:ffff::1"}
REMOTE = {False: "10.1.128.0", True: "fd00:1:0:80::"}
LOCAL_RANGES = ("10.1.0.0/17", "fd00:1::/64")
REMOTE_RANGES = ("10.1.128.0/17", "fd00:1:0:80::/57")
PAIRS = 30000


def remote(number: int, *, ipv6: bool) -> IPv4Address | IPv6Address:
    """The remote endpoint of that number, below PAIRS."""
    return ip_address(REMOTE[ipv6]) + number + 1


def pair(number: int, *, ipv6: bool) -> Pair:
    """The addresses between which the sequence of that number in a batch happens."""
    local, router = ip_address(LOCAL[ipv6]), ip_address(ROUTER[ipv6])
    return Pair(local.packed, remote(number, ipv6=ipv6).packed, router.packed)
