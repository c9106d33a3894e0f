"""A region as it is written down in YAML."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from topologies.description_rules import check_region
from topologies.sections import Part, take_parts


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,8}", value):
        raise ValueError(f"{value!r} is no name: a lower case letter, then at most 8 letters, digits or hyphens")
    return value


Name = Annotated[str, AfterValidator(_name)]


def _account_id(value: str) -> str:
    if not re.fullmatch(r"\d{12}", value):
        raise ValueError(f"{value!r} is no account: 12 digits, in quotes")
    return value


class RegionError(Exception):
    """A region description that cannot be used; names the place."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InternetDescription(_Part):
    """What makes a host an edge: its addresses on the internet's side, and the next router there."""

    address: IPv4Address
    ipv6_address: IPv6Address | None = None
    next_hop: Annotated[str, Field(pattern=r"^([0-9a-f]{2}:){5}[0-9a-f]{2}$")] | None = None
    mtu: Annotated[int, Field(ge=1280, le=9001)] = 1500


class HostDescription(_Part):
    """A physical host, its underlay address, and where its switch is if a controller is to program it.

    `switch` is the address of a P4Runtime server, such as 127.0.0.1:9559 or unix:/run/a.sock. With `internet` the host
    is an edge.
    """

    underlay: IPv4Address
    switch: str = ""
    device_id: int = 1
    internet: InternetDescription | None = None

    @property
    def program(self) -> str:
        """What its switch runs."""
        return "vrouter" if self.internet is None else "blackfoot"


class InstanceDescription(_Part):
    """An instance with one network interface."""

    subnet: str
    address: IPv4Address
    ipv6_address: IPv6Address | None = None
    host: str


class RouteDescription(_Part):
    """A route of a route table; the target is `blackhole` or the name of an instance of the VPC."""

    to: IPv4Network | IPv6Network
    target: str


class SubnetDescription(_Part):
    """A subnet; a plain IPv4 range will do for one without IPv6. Without a route table it has the VPC's main one."""

    cidr: IPv4Network
    ipv6_cidr: IPv6Network | None = None
    route_table: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain_range(cls, value: object) -> object:
        return {"cidr": value} if isinstance(value, str) else value


class VpcDescription(_Part):
    """A VPC with its subnets and instances; without an account it is the default one's."""

    account: str | None = None
    cidr: IPv4Network
    ipv6_cidr: IPv6Network | None = None
    route_tables: dict[Name, tuple[RouteDescription, ...]] = {}
    subnets: dict[Name, SubnetDescription]
    instances: dict[Name, InstanceDescription] = {}


class MappingDescription(_Part):
    """How routers learn who hosts an address: the miss policy, the mapping service's address, and a gateway host.

    On demand, the first host is the gateway unless another is named, or `null` for none.
    """

    policy: Literal["preload", "on-demand", "gateway"] = "on-demand"
    service: IPv4Address = IPv4Address("172.31.255.1")
    gateway: str | None = None


class FabricDescription(_Part):
    """Leaf and spine routers between the hosts: every host hangs on one leaf, every leaf on every spine."""

    spines: list[Name]
    leaves: dict[Name, list[str]]


class RegionDescription(_Part):
    """Hosts, the underlay between them (links from host to host, or a fabric), accounts, and VPCs.

    Names of hosts, fabric routers and instances are unique in the region.
    """

    name: str
    hosts: dict[Name, HostDescription]
    links: list[tuple[str, str]] = []
    fabric: FabricDescription | None = None
    accounts: dict[Name, Annotated[str, AfterValidator(_account_id)]] = {}
    mapping: MappingDescription = MappingDescription()
    vpcs: dict[Name, VpcDescription]

    @property
    def gateway(self) -> str | None:
        """The host that carries packets while their destination is being asked about."""
        if self.mapping.policy != "on-demand" or "gateway" in self.mapping.model_fields_set:
            return self.mapping.gateway
        return next(iter(self.hosts), None)

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        check_region(self)
        return self


def load_description(path: Path) -> RegionDescription:
    """Reads a YAML file; RegionError names the file and the field that is wrong."""
    return read_description(path)[0]


def read_description(path: Path) -> tuple[RegionDescription, list[Part]]:
    """The same, and the parts of it that belong to plugins."""
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise RegionError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise RegionError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise RegionError(f"{path}: a region has the fields name, hosts, links and vpcs")
    try:
        own, parts = take_parts(content, _KNOWN)
        return RegionDescription.model_validate(own), parts
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise RegionError(f"{path}: {place + ': ' if place else ''}{message}") from None


_KNOWN = {
    "": frozenset(RegionDescription.model_fields),
    "hosts": frozenset(HostDescription.model_fields),
    "vpcs": frozenset(VpcDescription.model_fields),
    "vpcs.subnets": frozenset(SubnetDescription.model_fields),
    "vpcs.instances": frozenset(InstanceDescription.model_fields),
}
