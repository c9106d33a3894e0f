"""Physical hosts and the underlay between them: the operator's."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address

from controller.actions.common import put, remove
from controller.model import EdgePort, PhysicalHost, UnderlayRoute
from controller.model.ids import new_id
from controller.model.transaction import Transaction


def create_host(
    tx: Transaction, name: str, address: IPv4Address, *, switch: str = "", device_id: int = 1, program: str = "vrouter"
) -> PhysicalHost:
    """A host; its router has to be given underlay routes, and is programmed where `switch` says."""
    tx.require_operator()
    return put(tx, PhysicalHost(new_id("host"), name, address, switch, device_id, program))


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
    """Removes a host that nothing is on; its underlay routes and edge ports go with it."""
    tx.require_operator()
    host = tx.get(PhysicalHost, host_id)
    for route in tx.model.group(UnderlayRoute, "host", host.id):
        tx.delete(route)
    for port in tx.model.group(EdgePort, "host", host.id):
        tx.delete(port)
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


def set_edge_port(
    tx: Transaction,
    host_id: str,
    *,
    port: int,
    network: str,
    mac: str,
    next_hop: str,
    address: IPv4Address,
    ipv6_address: IPv6Address | None = None,
    mtu: int = 1500,
) -> EdgePort:
    """Says how an edge reaches a network outside by a port, instead of what was said before."""
    tx.require_operator()
    host = tx.get(PhysicalHost, host_id)
    return put(tx, EdgePort(host.id, port, network, mac, next_hop, address, ipv6_address, mtu))


def delete_edge_port(tx: Transaction, host_id: str, port: int) -> None:
    """Removes a port of an edge."""
    tx.require_operator()
    remove(tx, tx.get(EdgePort, f"{host_id}/{port}"))
