"""Network ACLs and which subnet has which: the resources, as AWS names them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network
from typing import ClassVar

from controller.model import Network, Vpc
from controller.plugin import EVERYTHING, PluginResource, RequestError, Traffic, stable_id

FIRST_NUMBER, LAST_NUMBER = 1, 32766
RULES_PER_DIRECTION = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AclEntry:
    """A rule: what it matches, and whether that may pass."""

    number: int
    allow: bool
    cidr: Network
    traffic: Traffic = EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkAcl(PluginResource):
    """Ordered rules of both directions; what no rule matches is denied."""

    NOT_FOUND: ClassVar[str] = "InvalidNetworkAclID.NotFound"
    PREFIX: ClassVar[str] = "acl"
    PLURAL: ClassVar[str] = "network-acls"
    INDEXED: ClassVar[tuple[str, ...]] = ("vpc_id",)

    vpc_id: str
    is_default: bool = False
    ingress: tuple[AclEntry, ...] = ()
    egress: tuple[AclEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetAcl(PluginResource):
    """Which ACL a subnet has; it has the subnet's id."""

    NOT_FOUND: ClassVar[str] = "InvalidSubnetID.NotFound"
    PLURAL: ClassVar[str] = "subnet-acls"
    INDEXED: ClassVar[tuple[str, ...]] = ("acl_id",)

    acl_id: str


def default_acl(vpc: Vpc) -> NetworkAcl:
    """The ACL that a VPC comes with: it allows everything."""
    rules = tuple(
        AclEntry(number=number, allow=True, cidr=cidr)
        for number, cidr in ((100, IPv4Network("0.0.0.0/0")), (101, IPv6Network("::/0")))
    )
    acl_id = stable_id("acl", vpc.id, "default")
    return NetworkAcl(
        id=acl_id,
        name="default",
        vpc_id=vpc.id,
        is_default=True,
        ingress=rules,
        egress=rules,
        account_id=vpc.account_id,
    )


def new_entry(number: int, cidr: Network, what: Traffic, *, allow: bool) -> AclEntry:
    """A rule; RequestError when its number is none."""
    if not FIRST_NUMBER <= number <= LAST_NUMBER:
        message = f"Rule numbers are {FIRST_NUMBER} to {LAST_NUMBER}, not {number}"
        raise RequestError("InvalidParameterValue", message, "rule_number")
    return AclEntry(number=number, allow=allow, cidr=cidr, traffic=what)


def with_entry(acl: NetworkAcl, entry: AclEntry, *, egress: bool) -> NetworkAcl:
    """The ACL with one more rule; RequestError when its number is taken or there are too many."""
    rules = acl.egress if egress else acl.ingress
    if any(rule.number == entry.number for rule in rules):
        message = f"{acl.id} has a rule {entry.number} already"
        raise RequestError("NetworkAclEntryAlreadyExists", message, "rule_number")
    if len(rules) >= RULES_PER_DIRECTION:
        message = f"A network ACL has at most {RULES_PER_DIRECTION} rules in each direction"
        raise RequestError("NetworkAclEntryLimitExceeded", message)
    return _with_rules(acl, (*rules, entry), egress=egress)


def without_entry(acl: NetworkAcl, number: int, *, egress: bool) -> NetworkAcl:
    """The ACL without the rule of that number; RequestError when there is none."""
    rules = acl.egress if egress else acl.ingress
    left = tuple(rule for rule in rules if rule.number != number)
    if len(left) == len(rules):
        raise RequestError("InvalidNetworkAclEntry.NotFound", f"{acl.id} has no rule {number}", "rule_number")
    return _with_rules(acl, left, egress=egress)


def _with_rules(acl: NetworkAcl, rules: tuple[AclEntry, ...], *, egress: bool) -> NetworkAcl:
    ordered = tuple(sorted(rules, key=lambda rule: rule.number))
    return replace(acl, egress=ordered) if egress else replace(acl, ingress=ordered)
