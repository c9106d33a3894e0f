"""Physical hosts and the underlay between them: the operator's."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from controller.actions.common import put, remove
from controller.model import PhysicalHost, UnderlayRoute
from controller.model.ids import new_id
from controller.model.transaction import Transaction


def create_host(
    tx: Transaction, name: str, address: IPv4Address, *, switch: str = "", device_id: int = 1
) -> PhysicalHost:
    """A host; its router has to be given underlay routes, and is programmed where `switch` says."""
    tx.require_operator()
    return put(tx, PhysicalHost(new_id("host"), name, address, switch, device_id))


def modify_host(
    tx: Transaction, host_id: str, *, switch: str | None = None, device_id: int | None = None
) -> PhysicalHost:
    """Says where the host's router is programmed; what is given is changed."""
    tx.require_operator()
    host = tx.get(PhysicalHost, host_id)
    if switch is not None:
        host = replace(host, switch=switch)
    if device_id is not None:
        host = replace(host, device_id=device_id)
    return put(tx, host)


def delete_host(tx: Transaction, host_id: str) -> None:
    """Removes a host that nothing is on; its underlay routes go with it."""
    tx.require_operator()
    host = tx.get(PhysicalHost, host_id)
    for route in tx.model.group(UnderlayRoute, "host", host.id):
        tx.delete(route)
    remove(tx, host)


def set_underlay_route(
    tx: Transaction, host_id: str, destination: IPv4Network, *, port: int, mac: str, next_hop: str
) -> UnderlayRoute:
    """Says how a host reaches a range of underlay addresses, instead of what was said before."""
    tx.require_operator()
    host = tx.get(PhysicalHost, host_id)
    return put(tx, UnderlayRoute(host.id, destination, port, mac, next_hop))


def delete_underlay_route(tx: Transaction, host_id: str, destination: IPv4Network) -> None:
    """Removes a host's route to a range of underlay addresses."""
    tx.require_operator()
    remove(tx, tx.get(UnderlayRoute, f"{host_id}/{destination}"))
