"""The whole region at one moment: immutable, and indexed for the questions that planning asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from controller.errors import RequestError
from controller.model.resources import (
    Instance,
    NetworkInterface,
    PhysicalHost,
    RouteTable,
    Subnet,
    UnderlayRoute,
    Vpc,
)

_R = TypeVar("_R")


@dataclass(frozen=True)
class Model:
    """Resources by id. A change makes a new model; equal models plan equal entries."""

    hosts: Mapping[str, PhysicalHost] = field(default_factory=dict)
    underlay_routes: tuple[UnderlayRoute, ...] = ()
    vpcs: Mapping[str, Vpc] = field(default_factory=dict)
    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    route_tables: Mapping[str, RouteTable] = field(default_factory=dict)
    network_interfaces: Mapping[str, NetworkInterface] = field(default_factory=dict)
    instances: Mapping[str, Instance] = field(default_factory=dict)

    @cached_property
    def interfaces_by_host(self) -> Mapping[str, tuple[NetworkInterface, ...]]:
        """The network interfaces on each host, by host id."""
        return _grouped((eni.host_id, eni) for eni in self.network_interfaces.values())

    @cached_property
    def interfaces_by_vpc(self) -> Mapping[str, tuple[NetworkInterface, ...]]:
        """The network interfaces in each VPC, by VPC id."""
        return _grouped((eni.vpc_id, eni) for eni in self.network_interfaces.values())

    @cached_property
    def underlay_routes_by_host(self) -> Mapping[str, tuple[UnderlayRoute, ...]]:
        """The underlay routes of each host, by host id."""
        return _grouped((route.host_id, route) for route in self.underlay_routes)

    def interfaces_on(self, host: PhysicalHost) -> tuple[NetworkInterface, ...]:
        """The network interfaces whose ports are on this host."""
        return self.interfaces_by_host.get(host.id, ())

    def vpcs_on(self, host: PhysicalHost) -> list[Vpc]:
        """The VPCs that have a network interface on this host, in order of their numbers."""
        ids = {eni.vpc_id for eni in self.interfaces_on(host)}
        return sorted((self.vpcs[i] for i in ids), key=lambda vpc: vpc.number)

    def route_table_of(self, eni: NetworkInterface) -> RouteTable:
        """The route table of the interface's subnet."""
        return self.route_tables[self.subnets[eni.subnet_id].route_table_id]

    def instance(self, name: str) -> Instance:
        """The instance of that name; RequestError InvalidInstanceID.NotFound when there is none."""
        found = next((i for i in self.instances.values() if i.name == name), None)
        if found is None:
            raise RequestError("InvalidInstanceID.NotFound", f"no instance is called {name!r}")
        return found

    def interface_of(self, instance: Instance) -> NetworkInterface:
        """The network interface of an instance."""
        return self.network_interfaces[instance.network_interface_id]


def _grouped(pairs: Iterable[tuple[str, _R]]) -> Mapping[str, tuple[_R, ...]]:
    groups: defaultdict[str, list[_R]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}
