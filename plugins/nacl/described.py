"""A subnet's ACL in a region description.

subnets:
  a:
    cidr: 10.0.1.0/24
    network_acl:
      ingress:
        - {number: 100, allow: true, protocol: tcp, ports: 80, cidr: 0.0.0.0/0}
        - {number: 110, allow: false, cidr: 10.0.2.0/24}
      egress:
        - {number: 100, allow: true, cidr: 0.0.0.0/0}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network

from pydantic import BaseModel, ConfigDict, ValidationError

from controller.model import Subnet
from controller.plugin import RequestError, Section, port_numbers, stable_id, traffic

from .acls import AclEntry, NetworkAcl, SubnetAcl, new_entry, with_entry


class _EntryText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: int
    allow: bool
    protocol: str = "all"
    ports: int | str | None = None
    type: int | None = None
    code: int | None = None
    cidr: IPv4Network | IPv6Network


class _AclText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    ingress: list[_EntryText] = []
    egress: list[_EntryText] = []


def acls_described(sections: Sequence[Section]) -> Iterator[NetworkAcl | SubnetAcl]:
    """One ACL for each subnet that describes its own; ValueError names the place."""
    for section in sections:
        subnet = section.subject
        if not isinstance(subnet, Subnet):
            raise ValueError(f"{section.place}: a network ACL belongs to a subnet")
        text = _read(section)
        acl = NetworkAcl(
            id=stable_id("acl", subnet.id),
            name=subnet.name,
            vpc_id=subnet.vpc_id,
            account_id=subnet.account_id,
        )
        for place, rules in (("ingress", text.ingress), ("egress", text.egress)):
            for index, rule in enumerate(rules):
                acl = _with(acl, rule, f"{section.place}.{place}[{index}]", egress=place == "egress")
        yield acl
        yield SubnetAcl(id=subnet.id, acl_id=acl.id, account_id=subnet.account_id)


def _with(acl: NetworkAcl, rule: _EntryText, place: str, *, egress: bool) -> NetworkAcl:
    try:
        return with_entry(acl, _entry(rule), egress=egress)
    except (RequestError, ValueError) as error:
        raise ValueError(f"{place}: {getattr(error, 'message', error)}") from None


def _entry(rule: _EntryText) -> AclEntry:
    ports = (rule.type, rule.code) if rule.ports is None else port_numbers(rule.ports)
    return new_entry(rule.number, rule.cidr, traffic(rule.protocol, *ports), allow=rule.allow)


def _read(section: Section) -> _AclText:
    try:
        return _AclText.model_validate(section.content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join([section.place, *map(str, first["loc"])])
        raise ValueError(f"{place}: {first['msg']}") from None
