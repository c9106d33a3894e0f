"""A region as it is written down in YAML."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Self

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
    host: str


class VpcDescription(_Part):
    """A VPC with its subnets and instances."""

    cidr: IPv4Network
    subnets: dict[Name, IPv4Network]
    instances: dict[Name, InstanceDescription] = {}


class RegionDescription(_Part):
    """Hosts, the underlay links between them, and VPCs; names are unique in the region."""

    name: str
    hosts: dict[Name, HostDescription]
    links: list[tuple[str, str]] = []
    vpcs: dict[Name, VpcDescription]

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        for link in self.links:
            for end in link:
                _known("links", "host", end, self.hosts)
        seen: set[str] = set()
        for vpc_name, vpc in self.vpcs.items():
            where = f"vpcs.{vpc_name}"
            for subnet_name, subnet in vpc.subnets.items():
                if not subnet.subnet_of(vpc.cidr):
                    raise ValueError(f"{where}.subnets.{subnet_name}: {subnet} is not inside {vpc.cidr}")
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


def _known(place: str, kind: str, name: str, names: dict[str, HostDescription] | dict[str, IPv4Network]) -> None:
    if name not in names:
        raise ValueError(f"{place}: no {kind} is called {name!r} (there are {', '.join(names)})")


def _check_address(place: str, instance: InstanceDescription, block: IPv4Network) -> None:
    reserved = {block[i] for i in (0, 1, 2, 3, -1)}
    if instance.address not in block:
        raise ValueError(f"{place}: {instance.address} is not inside the subnet {block}")
    if instance.address in reserved:
        raise ValueError(f"{place}: {instance.address} is reserved in every subnet")
