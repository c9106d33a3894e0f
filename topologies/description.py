"""A region as it is written down in YAML."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from topologies.description_rules import check_region


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,8}", value):
        raise ValueError(f"{value!r} is no name: a lower case letter, then at most 8 letters, digits or hyphens")
    return value


Name = Annotated[str, AfterValidator(_name)]


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
        check_region(self)
        return self


def load_description(path: Path) -> RegionDescription:
    """Reads a YAML file; RegionError names the file and the field that is wrong."""
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise RegionError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise RegionError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise RegionError(f"{path}: a region has the fields name, hosts, links and vpcs")
    try:
        return RegionDescription.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise RegionError(f"{path}: {place + ': ' if place else ''}{message}") from None
