"""Elastic addresses: taken from a pool, bound to an address of an interface, moved, and given back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

from controller.model import GatewayAttachment, Model, NetworkInterface
from controller.plugin import RequestError, Transaction, new_id

from .gateways import Address, AddressPool, InternetGateway

ADDRESSES_PER_ACCOUNT = 5  # AWS's quota for a region


def allocated(tx: Transaction, owner: str, pool_id: str, wanted: IPv4Address | None, name: str) -> Address:
    """A new elastic address: the one that is wanted, or any that is free."""
    if tx.model.count(Address, "account", owner) >= quota(tx, owner):
        raise RequestError("AddressLimitExceeded", "The maximum number of addresses has been reached")
    pools = list(tx.model.table(AddressPool).values())
    if pool_id:
        pools = [pool for pool in pools if pool.id == pool_id]
        if not pools:
            raise RequestError(AddressPool.NOT_FOUND, f"The AddressPool '{pool_id}' does not exist", "pool_id")
    for pool in pools:
        address = _free(tx.model, pool, wanted)
        if address is not None:
            return Address(id=new_id("eipalloc"), name=name, account_id=owner, public_ip=address, pool_id=pool.id)
    if wanted is not None:
        raise RequestError("InvalidAddress.NotFound", f"Address '{wanted}' is not free in any pool", "address")
    raise RequestError("InsufficientAddressCapacity", "No public address is free")


def quota(tx: Transaction, owner: str) -> int:
    """How many addresses an account may have; operators' descriptions are not limited."""
    return 1 << 32 if tx.caller.is_operator else ADDRESSES_PER_ACCOUNT


def bound(
    tx: Transaction, address: Address, eni: NetworkInterface, private: IPv4Address | None, *, again: bool
) -> Address:
    """The address bound to an interface; `again` allows to take it, and the private address, from what they had."""
    private = private or _primary(eni)
    if private not in eni.addresses:
        raise RequestError("InvalidParameterValue", f"'{eni.id}' does not have {private}", "private_ip_address")
    if not tx.model.group(InternetGateway, "vpc_id", eni.vpc_id):
        raise RequestError("Gateway.NotAttached", f"Network {eni.vpc_id} is not attached to any internet gateway")
    if address.network_interface_id and not again:
        text = f"'{address.public_ip}' is already associated with '{address.network_interface_id}'"
        raise RequestError("Resource.AlreadyAssociated", text)
    for other in tx.model.group(Address, "network_interface_id", eni.id):
        if other.private_ip_address == private and other.id != address.id:
            if not again:
                text = f"{private} of '{eni.id}' is already associated with {other.public_ip}"
                raise RequestError("Resource.AlreadyAssociated", text, "private_ip_address")
            tx.put(unbound(other))
    return replace(address, network_interface_id=eni.id, private_ip_address=private)


def unbound(address: Address) -> Address:
    """The address, of no use at the moment."""
    return replace(address, network_interface_id="", private_ip_address=None)


def addresses_in(model: Model, vpc_id: str) -> Iterator[Address]:
    """The elastic addresses in use in a VPC."""
    for eni in model.group(NetworkInterface, "vpc", vpc_id):
        yield from model.group(Address, "network_interface_id", eni.id)


def attachment_of(model: Model, gateway_id: str) -> GatewayAttachment | None:
    """How a gateway is attached, or None."""
    found = model.get(GatewayAttachment, gateway_id)
    return found if isinstance(found, GatewayAttachment) else None


def _primary(eni: NetworkInterface) -> IPv4Address:
    first = eni.addresses[0]
    assert isinstance(first, IPv4Address)
    return first


def _free(model: Model, pool: AddressPool, wanted: IPv4Address | None) -> IPv4Address | None:
    if wanted is not None:
        is_free = wanted in pool.cidr_block and not model.count(Address, "public_ip", wanted)
        return wanted if is_free else None
    return next((one for one in pool.cidr_block.hosts() if not model.count(Address, "public_ip", one)), None)
