"""A whole region description applied at once: what it brings is created or changed, what it no longer brings goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from controller.actions.network_interfaces import mac_of
from controller.errors import RequestError
from controller.model import (
    Account,
    EdgePort,
    NetworkInterface,
    PhysicalHost,
    PluginResource,
    RegionSettings,
    Resource,
    RouteTable,
    Stack,
    UnderlayRoute,
    Vpc,
)
from controller.model.resources import DEFAULT_ACCOUNT, Instance, Subnet
from controller.model.route_rules import check_route
from controller.model.rules import check, check_gone
from controller.model.transaction import Transaction

_DESCRIBED = (
    Account,
    RegionSettings,
    PhysicalHost,
    UnderlayRoute,
    EdgePort,
    Vpc,
    RouteTable,
    Subnet,
    NetworkInterface,
    Instance,
    PluginResource,
)


def apply_description(tx: Transaction, name: str, resources: Sequence[Resource]) -> Stack:
    """Makes the region hold exactly these resources of the stack `name`, besides what others brought.

    Ids are the description's; numbers and ports are kept where the resource exists already, and chosen where another
    resource has them. All rules are checked at the end, so the order of the resources does not matter.
    """
    tx.require_operator()
    before = tx.model.get(Stack, name)
    old = set(before.resource_ids) if isinstance(before, Stack) else set()
    wanted = {resource.id for resource in resources}
    _check_kinds(tx, resources, old)
    gone = [found for found in (_find(tx, resource_id) for resource_id in sorted(old - wanted)) if found is not None]
    for resource in gone:
        tx.delete(resource)
    for resource in _accounts(tx, resources):
        tx.put(resource)
    placed = [tx.put(_fitted(tx, resource)) for resource in resources]
    for resource in sorted(placed, key=lambda resource: isinstance(resource, Vpc)):  # a subnet's fault is the subnet's
        check(tx.model, resource)
        if isinstance(resource, RouteTable):
            for route in resource.routes:
                if route.target != "local":
                    check_route(tx.model, resource, route)
    for resource in gone:
        check_gone(tx.model, resource)
    return tx.put(Stack(name, tuple(sorted(wanted))))


def _check_kinds(tx: Transaction, resources: Sequence[Resource], old: set[str]) -> None:
    for resource in resources:
        if not isinstance(resource, _DESCRIBED):
            raise RequestError("InvalidParameterValue", f"A {type(resource).__name__} cannot be described", "resources")
        if resource.id not in old and tx.model.get(type(resource), resource.id) is not None:
            text = f"'{resource.id}' exists already and was not brought by this description"
            raise RequestError("ResourceConflict", text, "resources")


def _find(tx: Transaction, resource_id: str) -> Resource | None:
    found = (tx.model.get(kind, resource_id) for kind in tx.model.kinds())
    return next((resource for resource in found if resource is not None), None)


def _accounts(tx: Transaction, resources: Iterable[Resource]) -> list[Account]:
    """The accounts that are referred to and do not exist, among them the one that owns what names no account."""
    named = {getattr(resource, "account_id", "") for resource in resources} - {""}
    named -= {resource.id for resource in resources if isinstance(resource, Account)}
    return [
        Account(account_id, "default" if account_id == DEFAULT_ACCOUNT else "")
        for account_id in sorted(named)
        if tx.model.get(Account, account_id) is None
    ]


def _fitted(tx: Transaction, resource: Resource) -> Resource:
    """The resource with the numbers and the port that it has already, or that are free."""
    if isinstance(resource, PluginResource):
        return _numbered(tx, resource)
    if isinstance(resource, PhysicalHost):
        return _reached(tx, resource)
    if not isinstance(resource, Vpc | RouteTable | NetworkInterface):
        return resource
    known = tx.model.get(type(resource), resource.id)
    if isinstance(known, type(resource)):
        number = known.number
    elif tx.model.count(type(resource), "number", resource.number):
        number = tx.model.free_number(type(resource)) or 0
    else:
        number = resource.number
    if not isinstance(resource, NetworkInterface):
        return replace(resource, number=number)
    port = _port(tx, resource, known if isinstance(known, NetworkInterface) else None)
    return replace(resource, number=number, mac=mac_of(number), port=port)


def _numbered(tx: Transaction, resource: PluginResource) -> PluginResource:
    wanted = getattr(resource, "number", None)
    if wanted is None:
        return resource
    known = tx.model.get(type(resource), resource.id)
    if known is not None:
        number = getattr(known, "number", wanted)
    else:
        taken = not wanted or tx.model.count(type(resource), "number", wanted)
        number = tx.model.free_number(type(resource)) or 0 if taken else wanted
    return replace(resource, **{"number": number})


def _reached(tx: Transaction, host: PhysicalHost) -> PhysicalHost:
    """A host whose description does not say where its switch is keeps what is known."""
    known = tx.model.get(PhysicalHost, host.id)
    if host.switch or not isinstance(known, PhysicalHost):
        return host
    return replace(host, switch=known.switch, device_id=known.device_id)


def _port(tx: Transaction, eni: NetworkInterface, known: NetworkInterface | None) -> int:
    if not eni.host_id:
        return 0
    if known is not None and known.host_id == eni.host_id:
        return known.port
    if not tx.model.count(NetworkInterface, "port", (eni.host_id, eni.port)):
        return eni.port
    return tx.model.free_port(eni.host_id) or 0
