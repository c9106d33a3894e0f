"""A region as it is written down in YAML."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,8}$", description="lower case, at most 9 characters")]


class RegionError(Exception):
    """A region description that cannot be used; names the place."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HostDescription(_Part):
    """A physical host and its underlay address."""

    underlay: IPv4Address


class InstanceDescription(_Part):
    """An instance with one network interface."""

    subnet: str
    address: IPv4Address
    ipv6_address: IPv6Address | None = None
    host: str


class SubnetDescription(_Part):
    """A subnet; a plain IPv4 range will do for one without IPv6."""

    cidr: IPv4Network
    ipv6_cidr: IPv6Network | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain_range(cls, value: object) -> object:
        return {"cidr": value} if isinstance(value, str) else value


class VpcDescription(_Part):
    """A VPC with its subnets and instances."""

    cidr: IPv4Network
    ipv6_cidr: IPv6Network | None = None
    subnets: dict[Name, SubnetDescription]
    instances: dict[Name, InstanceDescription] = {}


class MappingDescription(_Part):
    """How routers learn who hosts an address: the miss policy, the mapping service's address, and a gateway host."""

    policy: Literal["preload", "on-demand", "gateway"] = "preload"
    service: IPv4Address = IPv4Address("172.31.255.1")
    gateway: str | None = None


class RegionDescription(_Part):
    """Hosts, the underlay links between them, and VPCs; names are unique in the region."""

    name: str
    hosts: dict[Name, HostDescription]
    links: list[tuple[str, str]] = []
    mapping: MappingDescription = MappingDescription()
    vpcs: dict[Name, VpcDescription]

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        for link in self.links:
            for end in link:
                _known("links", "host", end, self.hosts)
        if self.mapping.gateway is not None:
            _known("mapping.gateway", "host", self.mapping.gateway, self.hosts)
        elif self.mapping.policy == "gateway":
            raise ValueError("mapping.gateway: the policy gateway needs one")
        seen: set[str] = set()
        for vpc_name, vpc in self.vpcs.items():
            where = f"vpcs.{vpc_name}"
            for subnet_name, subnet in vpc.subnets.items():
                _check_subnet(f"{where}.subnets.{subnet_name}", subnet, vpc)
            for name, instance in vpc.instances.items():
                place = f"{where}.instances.{name}"
                _known(place, "host", instance.host, self.hosts)
                _known(place, "subnet", instance.subnet, vpc.subnets)
                _check_address(place, instance, vpc.subnets[instance.subnet])
                if name in seen:
                    raise ValueError(f"{place}: another instance has this name")
                seen.add(name)
        return self


def load_description(path: Path) -> RegionDescription:
    """Reads a YAML file; RegionError names the file and the field that is wrong."""
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise RegionError(f"{path}: {error}") from None
    try:
        return RegionDescription.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise RegionError(f"{path}: {place + ': ' if place else ''}{message}") from None


def _known(place: str, kind: str, name: str, names: Collection[str]) -> None:
    if name not in names:
        raise ValueError(f"{place}: no {kind} is called {name!r} (there are {', '.join(names)})")


def _check_subnet(place: str, subnet: SubnetDescription, vpc: VpcDescription) -> None:
    if not subnet.cidr.subnet_of(vpc.cidr):
        raise ValueError(f"{place}: {subnet.cidr} is not inside {vpc.cidr}")
    if subnet.ipv6_cidr is None:
        return
    if vpc.ipv6_cidr is None:
        raise ValueError(f"{place}: the VPC has no ipv6_cidr")
    if not subnet.ipv6_cidr.subnet_of(vpc.ipv6_cidr):
        raise ValueError(f"{place}: {subnet.ipv6_cidr} is not inside {vpc.ipv6_cidr}")


def _check_address(place: str, instance: InstanceDescription, subnet: SubnetDescription) -> None:
    block = subnet.cidr
    if instance.address not in block:
        raise ValueError(f"{place}: {instance.address} is not inside the subnet {block}")
    if instance.address in {block[i] for i in (0, 1, 2, 3, -1)}:
        raise ValueError(f"{place}: {instance.address} is reserved in every subnet")
    if instance.ipv6_address is not None and (
        subnet.ipv6_cidr is None or instance.ipv6_address not in subnet.ipv6_cidr
    ):
        raise ValueError(f"{place}: {instance.ipv6_address} is not inside the subnet {subnet.ipv6_cidr}")
