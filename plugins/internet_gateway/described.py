"""Gateways and elastic addresses in a region description.

address_pools: [203.0.113.0/24]          # at top level
internet_gateway: true                   # in a VPC; routes lead to it by `target: igw`
egress_only_internet_gateway: true       # in a VPC; routes lead to it by `target: eigw`
public_ip: 203.0.113.10                  # in an instance
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network

from controller.model import Model, NetworkInterface, Vpc
from controller.plugin import PluginResource, Section, stable_id

from .gateways import Address, AddressPool, EgressOnlyInternetGateway, InternetGateway


def gateways_described(model: Model, sections: Sequence[Section]) -> Iterator[PluginResource]:
    """The resources of all sections; ValueError names the place of what is wrong."""
    pools = [pool for section in sections if section.key == "address_pools" for pool in _pools(section)]
    yield from pools
    for section in sections:
        if isinstance(section.subject, Vpc):
            yield from _gateway(section, section.subject)
        elif section.key == "public_ip" and isinstance(section.subject, NetworkInterface):
            yield _address(section, section.subject, pools)


def _pools(section: Section) -> Iterable[AddressPool]:
    if not isinstance(section.content, list):
        raise ValueError(f"{section.place}: a list of IPv4 ranges")
    for text in section.content:
        try:
            block = IPv4Network(text)
        except ValueError as error:
            raise ValueError(f"{section.place}: {error}") from None
        yield AddressPool(id=stable_id("ipv4pool", str(block)), cidr_block=block, account_id="")


def _gateway(section: Section, vpc: Vpc) -> Iterator[PluginResource]:
    if not isinstance(section.content, bool):
        raise ValueError(f"{section.place}: true or false")
    if not section.content:
        return
    if section.key == "internet_gateway":
        igw = stable_id("igw", vpc.name)
        yield InternetGateway(id=igw, name=vpc.name, vpc_id=vpc.id, account_id=vpc.account_id)
    else:
        eigw = stable_id("eigw", vpc.name)
        yield EgressOnlyInternetGateway(id=eigw, name=vpc.name, vpc_id=vpc.id, account_id=vpc.account_id)


def _address(section: Section, eni: NetworkInterface, pools: Sequence[AddressPool]) -> Address:
    try:
        public = IPv4Address(section.content)
    except ValueError as error:
        raise ValueError(f"{section.place}: {error}") from None
    pool = next((pool for pool in pools if public in pool.cidr_block), None)
    private = eni.addresses[0]
    if pool is None or not isinstance(private, IPv4Address):
        raise ValueError(f"{section.place}: {public} is in none of address_pools")
    return Address(
        id=stable_id("eipalloc", str(public)),
        name=eni.name,
        public_ip=public,
        pool_id=pool.id,
        network_interface_id=eni.id,
        private_ip_address=private,
        account_id=eni.account_id,
    )
