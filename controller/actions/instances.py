"""Instances: run on a host with their network interfaces, and moved between hosts by the operator."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from controller.actions.common import put, remove, within_quota
from controller.actions.network_interfaces import create_network_interface, plugged
from controller.errors import RequestError
from controller.model import Instance, NetworkInterface, PhysicalHost, Subnet
from controller.model.ids import new_id
from controller.model.transaction import Transaction


def run_instance(
    tx: Transaction,
    subnet_id: str,
    *,
    private_ip_address: IPv4Address | None = None,
    ipv6_address_count: int = 0,
    host_id: str | None = None,
    name: str = "",
) -> Instance:
    """An instance with a new network interface; the host with the fewest is chosen unless an operator names one."""
    subnet = tx.get(Subnet, subnet_id, "subnet_id")
    have = tx.model.count(Instance, "account", subnet.account_id)
    within_quota(tx, subnet.account_id, "InstanceLimitExceeded", have, lambda quotas: quotas.instances)
    host = _host(tx, host_id)
    eni = create_network_interface(
        tx,
        subnet.id,
        private_ip_address=private_ip_address,
        ipv6_address_count=ipv6_address_count,
        name=name,
    )
    instance = tx.put(Instance(new_id("i"), name, eni.id, host.id, subnet.account_id))
    put(tx, plugged(tx, replace(eni, instance_id=instance.id), host.id))
    return put(tx, instance)


def rename_instance(tx: Transaction, instance_id: str, name: str) -> Instance:
    """Gives the instance another name."""
    return put(tx, replace(tx.get(Instance, instance_id), name=name))


def terminate_instance(tx: Transaction, instance_id: str) -> None:
    """Removes the instance with its first network interface; others are unplugged and stay."""
    instance = tx.get(Instance, instance_id)
    tx.delete(instance)
    for eni in tx.model.group(NetworkInterface, "instance", instance.id):
        if eni.id == instance.network_interface_id:
            remove(tx, eni)
        else:
            put(tx, replace(eni, instance_id="", device_index=0, host_id="", port=0))


def move_instance(tx: Transaction, instance_id: str, host_id: str) -> Instance:
    """Moves the instance with all its network interfaces to another host."""
    tx.require_operator()
    host = tx.get(PhysicalHost, host_id, "host_id")
    instance = tx.get(Instance, instance_id)
    instance = tx.put(replace(instance, host_id=host.id))
    for eni in tx.model.group(NetworkInterface, "instance", instance.id):
        put(tx, plugged(tx, eni, host.id))
    return put(tx, instance)


def _host(tx: Transaction, host_id: str | None) -> PhysicalHost:
    if host_id is not None:
        tx.require_operator()
        return tx.get(PhysicalHost, host_id, "host_id")
    host = tx.model.least_loaded_host()
    if host is None:
        raise RequestError("InsufficientInstanceCapacity", "The region has no host")
    return host
