"""Kinds of traffic as rules name them: protocols, ports, ICMP types, ranges of addresses.

Shared by plugins that classify packets, so that all of them read and refuse the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Network

from controller.errors import RequestError
from controller.model.resources import Network
from controller.p4rt import Value
from controller.plan.addresses import data_plane_network

ANY = -1  # any protocol, any port, any ICMP type, any ICMP code
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmpv6": ICMPV6, "all": ANY, "-1": ANY}

_PORTS = (TCP, UDP)
_TYPES = (ICMP, ICMPV6)
_IPV4 = IPv6Network("::ffff:0:0/96")
_IPV6_PACKET = (0x86DD, 0xFFFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """A protocol, and a range of ports or an ICMP type and code; ANY for all of them."""

    protocol: int = ANY
    from_port: int = ANY
    to_port: int = ANY

    @property
    def is_whole(self) -> bool:
        """Whether it is everything of its protocol."""
        return self.protocol == ANY or (self.from_port in (ANY, 0) and self.to_port in (ANY, 65535))

    def match(self) -> dict[str, Value]:
        """The fields `protocol`, `port`, `icmp_type` and `icmp_code` of a table: ternary, and a range of ports."""
        match: dict[str, Value] = {}
        if self.protocol != ANY:
            match["protocol"] = (self.protocol, 0xFF)
        if self.protocol in _TYPES:
            if self.from_port != ANY:
                match["icmp_type"] = (self.from_port, 0xFF)
            if self.to_port != ANY:
                match["icmp_code"] = (self.to_port, 0xFF)
        elif not self.is_whole:
            match["port"] = (self.from_port, self.to_port)
        return match


EVERYTHING = Traffic()


def traffic(protocol: str, from_port: int | None = None, to_port: int | None = None) -> Traffic:
    """Traffic in AWS's words: a protocol's name or number, -1 for all; ports, or ICMP type and code.

    RequestError with AWS's code for what makes no sense.
    """
    number = protocol_number(protocol)
    first = ANY if from_port is None else from_port
    last = (ANY if number in _TYPES else first) if to_port is None else to_port
    if number in _PORTS:
        if (first, last) == (ANY, ANY):
            first, last = 0, 65535
        if not 0 <= first <= last <= 65535:
            raise RequestError("InvalidParameterValue", f"Invalid TCP/UDP port range ({first}:{last})", "from_port")
    elif number in _TYPES:
        if not ANY <= first <= 255 or not ANY <= last <= 255 or (first == ANY and last != ANY):
            raise RequestError("InvalidParameterValue", f"Invalid ICMP type and code ({first}:{last})", "from_port")
    elif (first, last) != (ANY, ANY):
        raise RequestError("InvalidParameterCombination", "Only TCP, UDP and ICMP have ports or types", "from_port")
    return Traffic(protocol=number, from_port=first, to_port=last)


def protocol_number(text: str) -> int:
    """The number of a protocol: by name, -1 for all of them, or 0 to 255."""
    if text.lower() in PROTOCOLS:
        return PROTOCOLS[text.lower()]
    if text.isascii() and text.isdecimal() and int(text) <= 255:
        return int(text)
    names = ", ".join(PROTOCOLS)
    raise RequestError("InvalidParameterValue", f"'{text}' is no protocol ({names}, or 0 to 255)", "protocol")


def port_numbers(text: int | str) -> tuple[int, int]:
    """A port or a range of ports such as "8000-8100", as region descriptions write them; ValueError otherwise."""
    first, _, last = str(text).partition("-")
    try:
        return int(first), int(last or first)
    except ValueError:
        raise ValueError(f"{text!r} is neither a port nor a range such as 8000-8100") from None


def remote_match(network: Network) -> dict[str, Value]:
    """The fields `remote` and `type` of a table: an address in the network, and never one of the other IP version."""
    found = data_plane_network(network)
    match: dict[str, Value] = {}
    if found.prefixlen:
        match["remote"] = (found.network_address, found.netmask)
    if found.prefixlen < _IPV4.prefixlen and found.supernet_of(_IPV4):
        match["type"] = _IPV6_PACKET
    return match
