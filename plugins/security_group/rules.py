"""Making rules: what AWS takes and refuses."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from controller.model import Network, Vpc
from controller.plugin import RequestError, Traffic, Transaction, new_id, stable_id

from .groups import PrefixList, Rule, SecurityGroup

RULES_PER_DIRECTION = 60
GROUPS_PER_INTERFACE = 5


def new_rule(tx: Transaction, what: Traffic, cidr: Network | None, group_id: str, prefix_list_id: str) -> Rule:
    """A rule about one other side; RequestError with AWS's code when there is none, more than one, or it is unknown."""
    if sum((cidr is not None, bool(group_id), bool(prefix_list_id))) != 1:
        message = "Give exactly one of cidr, source_group_id and prefix_list_id"
        raise RequestError("InvalidParameterCombination", message, "cidr")
    if group_id:
        tx.get(SecurityGroup, group_id, "source_group_id")
    if prefix_list_id:
        tx.get(PrefixList, prefix_list_id, "prefix_list_id")
    return Rule(id=new_id("sgr"), traffic=what, cidr=cidr, prefix_list_id=prefix_list_id, group_id=group_id)


def within_rule_quota(rules: tuple[Rule, ...], rule: Rule) -> tuple[Rule, ...]:
    """The rules with one more; RequestError when it is there already or there are too many."""
    if any(rule.says_the_same(other) for other in rules):
        raise RequestError("InvalidPermission.Duplicate", "The specified rule already exists")
    if len(rules) >= RULES_PER_DIRECTION:
        message = f"A security group has at most {RULES_PER_DIRECTION} rules in each direction"
        raise RequestError("RulesPerSecurityGroupLimitExceeded", message)
    return (*rules, rule)


def default_group(vpc: Vpc, group_id: str, name: str, *, members: bool) -> SecurityGroup:
    """A new group: everything out, nothing in but, for a VPC's default group, what its members send."""
    everywhere: list[Network] = [IPv4Network("0.0.0.0/0")]
    if any(block.version == 6 for block in vpc.cidr_blocks):
        everywhere.append(IPv6Network("::/0"))
    egress = tuple(Rule(id=stable_id("sgr", group_id, str(cidr)), cidr=cidr) for cidr in everywhere)
    own = Rule(id=stable_id("sgr", group_id, "members"), group_id=group_id)
    return SecurityGroup(
        id=group_id,
        name=name,
        vpc_id=vpc.id,
        description="default VPC security group" if members else "",
        ingress=(own,) if members else (),
        egress=egress,
        account_id=vpc.account_id,
    )
