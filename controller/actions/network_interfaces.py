"""Network interfaces: addresses in one subnet, plugged into a host with the instance that has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from controller.actions.common import number, put, remove, within_quota
from controller.errors import RequestError
from controller.model import Instance, NetworkInterface, Subnet
from controller.model.ids import new_id
from controller.model.resources import Address
from controller.model.transaction import Transaction


def create_network_interface(
    tx: Transaction,
    subnet_id: str,
    *,
    private_ip_address: IPv4Address | None = None,
    ipv6_address_count: int = 0,
    ipv6_addresses: Sequence[IPv6Address] = (),
    source_dest_check: bool = True,
    name: str = "",
) -> NetworkInterface:
    """A network interface that is not plugged in yet; addresses that are not given are chosen."""
    subnet = tx.get(Subnet, subnet_id, "subnet_id")
    have = tx.model.count(NetworkInterface, "account", subnet.account_id)
    code = "NetworkInterfaceLimitExceeded"
    within_quota(tx, subnet.account_id, code, have, lambda quotas: quotas.network_interfaces)
    free = number(tx.model.free_number(NetworkInterface), code)
    eni = NetworkInterface(
        id=new_id("eni"),
        number=free,
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.id,
        mac=mac_of(free),
        addresses=(private_ip_address or free_ipv4(tx, subnet), *ipv6_addresses),
        name=name,
        source_dest_check=source_dest_check,
        account_id=subnet.account_id,
    )
    return _with_more(tx, put(tx, eni), subnet, secondary=0, ipv6=ipv6_address_count)


def mac_of(interface_number: int) -> str:
    """The MAC that belongs to a network interface's number, locally administered."""
    return "06:00:" + ":".join(f"{byte:02x}" for byte in interface_number.to_bytes(4, "big"))


def modify_network_interface(
    tx: Transaction, eni_id: str, *, name: str | None = None, source_dest_check: bool | None = None
) -> NetworkInterface:
    """Changes what is given."""
    eni = tx.get(NetworkInterface, eni_id)
    if name is not None:
        eni = replace(eni, name=name)
    if source_dest_check is not None:
        eni = replace(eni, source_dest_check=source_dest_check)
    return put(tx, eni)


def delete_network_interface(tx: Transaction, eni_id: str) -> None:
    """Removes a network interface that no instance has; routes that point to it become black holes."""
    remove(tx, tx.get(NetworkInterface, eni_id))


def assign_addresses(
    tx: Transaction, eni_id: str, *, addresses: Sequence[Address] = (), secondary_count: int = 0, ipv6_count: int = 0
) -> NetworkInterface:
    """Adds addresses: those given, and as many chosen ones as asked for."""
    eni = tx.get(NetworkInterface, eni_id)
    subnet = tx.model.subnets[eni.subnet_id]
    wanted = len(eni.addresses) + len(addresses) + secondary_count + ipv6_count - 1
    within_quota(
        tx,
        eni.account_id,
        "PrivateIpAddressLimitExceeded",
        wanted,
        lambda quotas: quotas.addresses_per_network_interface,
    )
    eni = put(tx, replace(eni, addresses=(*eni.addresses, *addresses)))
    return _with_more(tx, eni, subnet, secondary=secondary_count, ipv6=ipv6_count)


def unassign_addresses(tx: Transaction, eni_id: str, addresses: Sequence[Address]) -> NetworkInterface:
    """Takes addresses away; the primary one stays."""
    eni = tx.get(NetworkInterface, eni_id)
    for address in addresses:
        if address == eni.addresses[0]:
            raise RequestError("InvalidParameterValue", f"{address} is the primary address", "addresses")
        if address not in eni.addresses:
            raise RequestError("InvalidParameterValue", f"'{eni.id}' does not have {address}", "addresses")
    return put(tx, replace(eni, addresses=tuple(a for a in eni.addresses if a not in addresses)))


def attach(tx: Transaction, eni_id: str, instance_id: str, device_index: int) -> NetworkInterface:
    """Gives a free network interface to an instance, on the instance's host."""
    eni = tx.get(NetworkInterface, eni_id)
    instance = tx.get(Instance, instance_id, "instance_id")
    if eni.instance_id:
        raise RequestError("InvalidNetworkInterface.InUse", f"'{eni.id}' is in use by '{eni.instance_id}'")
    first = tx.model.interface_of(instance)
    if eni.account_id != instance.account_id or eni.vpc_id != first.vpc_id:
        raise RequestError("InvalidParameterCombination", f"'{instance.id}' is in another VPC", "instance_id")
    others = tx.model.group(NetworkInterface, "instance", instance.id)
    if any(other.device_index == device_index for other in others):
        text = f"'{instance.id}' already has an interface at device index {device_index}"
        raise RequestError("InvalidParameterValue", text, "device_index")
    return put(tx, plugged(tx, replace(eni, instance_id=instance.id, device_index=device_index), instance.host_id))


def detach(tx: Transaction, eni_id: str) -> NetworkInterface:
    """Takes a network interface from its instance; the first one stays with it."""
    eni = tx.get(NetworkInterface, eni_id)
    if not eni.instance_id:
        raise RequestError("InvalidAttachmentID.NotFound", f"'{eni.id}' is not attached")
    if tx.model.instances[eni.instance_id].network_interface_id == eni.id:
        raise RequestError("OperationNotPermitted", f"'{eni.id}' is the first network interface of its instance")
    return put(tx, replace(eni, instance_id="", device_index=0, host_id="", port=0))


def plugged(tx: Transaction, eni: NetworkInterface, host_id: str) -> NetworkInterface:
    """The interface at a free port of the host."""
    if eni.host_id == host_id:
        return eni
    port = tx.model.free_port(host_id)
    if port is None:
        raise RequestError("InsufficientInstanceCapacity", "The host has no free port")
    return replace(eni, host_id=host_id, port=port)


def free_ipv4(tx: Transaction, subnet: Subnet) -> IPv4Address:
    """A free address of the subnet; RequestError InsufficientFreeAddressesInSubnet when there is none."""
    address = tx.model.free_address(subnet, subnet.cidr_block)
    if not isinstance(address, IPv4Address):
        raise RequestError("InsufficientFreeAddressesInSubnet", f"'{subnet.id}' has no free address", "subnet_id")
    return address


def _free_ipv6(tx: Transaction, subnet: Subnet) -> Address:
    if subnet.ipv6_cidr_block is None:
        raise RequestError("InvalidParameterValue", f"'{subnet.id}' has no IPv6 CIDR block", "ipv6_address_count")
    address = tx.model.free_address(subnet, subnet.ipv6_cidr_block)
    if address is None:
        raise RequestError("InsufficientFreeAddressesInSubnet", f"'{subnet.id}' has no free IPv6 address", "subnet_id")
    return address


def _with_more(
    tx: Transaction, eni: NetworkInterface, subnet: Subnet, *, secondary: int, ipv6: int
) -> NetworkInterface:
    for _ in range(secondary):
        eni = put(tx, replace(eni, addresses=(*eni.addresses, free_ipv4(tx, subnet))))
    for _ in range(ipv6):
        eni = put(tx, replace(eni, addresses=(*eni.addresses, _free_ipv6(tx, subnet))))
    return eni
