"""Security groups in a region description.

vpcs:
  blue:
    security_groups:
      web:
        ingress:
          - {protocol: tcp, ports: 80, cidr: 0.0.0.0/0}
          - {protocol: tcp, ports: 8000-8100, group: web}
          - {protocol: icmp, cidr: 10.0.0.0/16}
        egress: []                      # left out: everything
    instances:
      one: {subnet: a, address: 10.0.1.5, host: alpha, security_groups: [web]}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from controller.model import Model, NetworkInterface, Vpc
from controller.plugin import RequestError, Section, port_numbers, stable_id, traffic

from .groups import GroupMembership, Rule, SecurityGroup
from .rules import default_group


class _RuleText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    protocol: str = "all"
    ports: int | str | None = None
    type: int | None = None
    code: int | None = None
    cidr: IPv4Network | IPv6Network | None = None
    group: str = ""


class _GroupText(BaseModel):
    model_config = ConfigDict(extra="forbid")

    description: str = ""
    ingress: list[_RuleText] = []
    egress: list[_RuleText] | None = None


_T = TypeVar("_T")
_GROUPS = TypeAdapter(dict[str, _GroupText])
_NAMES = TypeAdapter(list[str])


def groups_described(model: Model, sections: Sequence[Section]) -> list[SecurityGroup]:
    """The groups that VPCs of a description bring; ValueError names the place."""
    found: list[SecurityGroup] = []
    for section in sections:
        if isinstance(section.subject, Vpc):
            found += _groups_of(section, section.subject)
        elif not isinstance(section.subject, NetworkInterface):
            raise ValueError(f"{section.place}: security groups belong to a VPC or an instance")
    return found


def memberships_described(groups: Sequence[SecurityGroup], sections: Sequence[Section]) -> Iterator[GroupMembership]:
    """The groups of the instances that name theirs."""
    for section in sections:
        eni = section.subject
        if isinstance(eni, NetworkInterface):
            ids = {group.name: group.id for group in groups if group.vpc_id == eni.vpc_id}
            ids.setdefault("default", stable_id("sg", eni.vpc_id, "default"))
            names = _read(_NAMES, section)
            for name in names:
                if name not in ids:
                    raise ValueError(f"{section.place}: the VPC has no security group called {name}")
            yield GroupMembership(id=eni.id, group_ids=tuple(ids[name] for name in names), account_id=eni.account_id)


def _groups_of(section: Section, vpc: Vpc) -> Iterator[SecurityGroup]:
    texts = _read(_GROUPS, section)
    ids = {name: stable_id("sg", vpc.id, name) for name in ("default", *texts)}
    for name, text in texts.items():
        place = f"{section.place}.{name}"
        plain = default_group(vpc, ids[name], name, members=False)
        egress = plain.egress if text.egress is None else _rules(text.egress, ids, f"{place}.egress")
        yield SecurityGroup(
            id=plain.id,
            name=name,
            vpc_id=vpc.id,
            description=text.description,
            ingress=_rules(text.ingress, ids, f"{place}.ingress"),
            egress=egress,
            account_id=vpc.account_id,
        )


def _rules(texts: Sequence[_RuleText], ids: dict[str, str], place: str) -> tuple[Rule, ...]:
    return tuple(_rule(text, ids, f"{place}[{index}]") for index, text in enumerate(texts))


def _rule(text: _RuleText, ids: dict[str, str], place: str) -> Rule:
    if (text.cidr is None) == (not text.group):
        raise ValueError(f"{place}: give either cidr or group")
    if text.group and text.group not in ids:
        raise ValueError(f"{place}.group: the VPC has no security group called {text.group}")
    try:
        ports = (text.type, text.code) if text.ports is None else port_numbers(text.ports)
        what = traffic(text.protocol, *ports)
    except (RequestError, ValueError) as error:
        raise ValueError(f"{place}: {getattr(error, 'message', error)}") from None
    return Rule(id=stable_id("sgr", place), traffic=what, cidr=text.cidr, group_id=ids.get(text.group, ""))


def _read(adapter: TypeAdapter[_T], section: Section) -> _T:
    try:
        return adapter.validate_python(section.content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join([section.place, *map(str, first["loc"])])
        raise ValueError(f"{place}: {first['msg']}") from None
