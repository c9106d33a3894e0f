"""Security groups as AWS has them: actions, and the entries of each router."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from controller.model import Model, Network, NetworkInterface, Resource, Vpc
from controller.plugin import (
    Entry,
    Node,
    Plugin,
    PluginResource,
    RequestError,
    Section,
    Transaction,
    action,
    creates,
    data_plane_address,
    deletes,
    modifies,
    new_id,
    stable_id,
    traffic,
)

from .described import groups_described, memberships_described
from .groups import FlowTracking, GroupMembership, PrefixList, SecurityGroup
from .policy import Direction, Ranges, directions, revision_of, rule_entries, set_number
from .rules import GROUPS_PER_INTERFACE, default_group, new_rule, within_rule_quota

GroupSet = tuple[str, ...]


class SecurityGroups(Plugin):
    """Which flows an interface may begin, and which it takes."""

    resources = (SecurityGroup, PrefixList, GroupMembership, FlowTracking)
    sections = ("security_groups",)

    # -- actions ----------------------------------------------------------------------------------------------------

    @creates(SecurityGroup)
    def create_security_group(self, tx: Transaction, *, vpc_id: str, name: str, description: str = "") -> SecurityGroup:
        """Makes a group that lets everything out and nothing in."""
        vpc = tx.get(Vpc, vpc_id, "vpc_id")
        if any(group.name == name for group in tx.model.group(SecurityGroup, "vpc_id", vpc.id)):
            raise RequestError("InvalidGroup.Duplicate", f"The security group '{name}' already exists", "name")
        group = default_group(vpc, new_id("sg"), name, members=False)
        return tx.put(replace(group, description=description))

    @modifies(SecurityGroup)
    def modify_security_group(
        self, tx: Transaction, group: SecurityGroup, *, description: str | None = None
    ) -> SecurityGroup:
        """Changes what is said of a group."""
        return tx.put(group if description is None else replace(group, description=description))

    @deletes(SecurityGroup)
    def delete_security_group(self, tx: Transaction, group: SecurityGroup) -> None:
        """Removes a group that has no members and that no rule of another group names."""
        if group.is_default:
            raise RequestError("CannotDelete", "The default security group of a VPC cannot be deleted")
        if tx.model.count(GroupMembership, "group_ids", group.id):
            raise RequestError("DependencyViolation", f"{group.id} has members")
        for other in tx.model.group(SecurityGroup, "vpc_id", group.vpc_id):
            if other.id != group.id and any(rule.group_id == group.id for rule in (*other.ingress, *other.egress)):
                raise RequestError("DependencyViolation", f"A rule of {other.id} names {group.id}")
        tx.delete(group)

    @action(SecurityGroup, "authorize-ingress")
    def authorize_security_group_ingress(
        self,
        tx: Transaction,
        group: SecurityGroup,
        *,
        protocol: str,
        from_port: int | None = None,
        to_port: int | None = None,
        cidr: Network | None = None,
        source_group_id: str = "",
        prefix_list_id: str = "",
        description: str = "",
    ) -> SecurityGroup:
        """Adds a rule about what members take."""
        what = traffic(protocol, from_port, to_port)
        rule = replace(new_rule(tx, what, cidr, source_group_id, prefix_list_id), description=description)
        return tx.put(replace(group, ingress=within_rule_quota(group.ingress, rule)))

    @action(SecurityGroup, "authorize-egress")
    def authorize_security_group_egress(
        self,
        tx: Transaction,
        group: SecurityGroup,
        *,
        protocol: str,
        from_port: int | None = None,
        to_port: int | None = None,
        cidr: Network | None = None,
        source_group_id: str = "",
        prefix_list_id: str = "",
        description: str = "",
    ) -> SecurityGroup:
        """Adds a rule about what members begin; `source_group_id` names the group on the other side."""
        what = traffic(protocol, from_port, to_port)
        rule = replace(new_rule(tx, what, cidr, source_group_id, prefix_list_id), description=description)
        return tx.put(replace(group, egress=within_rule_quota(group.egress, rule)))

    @action(SecurityGroup, "revoke")
    def revoke_security_group_rules(
        self, tx: Transaction, group: SecurityGroup, *, rule_ids: tuple[str, ...]
    ) -> SecurityGroup:
        """Removes rules of either direction; tracked flows that they admitted live on."""
        for rule_id in rule_ids:
            if all(rule.id != rule_id for rule in (*group.ingress, *group.egress)):
                message = f"The security group rule '{rule_id}' does not exist in {group.id}"
                raise RequestError("InvalidSecurityGroupRuleId.NotFound", message, "rule_ids")
        return tx.put(
            replace(
                group,
                ingress=tuple(rule for rule in group.ingress if rule.id not in rule_ids),
                egress=tuple(rule for rule in group.egress if rule.id not in rule_ids),
            )
        )

    @modifies(GroupMembership)
    def modify_network_interface_groups(
        self, tx: Transaction, membership: GroupMembership, *, group_ids: tuple[str, ...]
    ) -> GroupMembership:
        """Gives an interface other groups, at most five, of its own VPC."""
        eni = tx.get(NetworkInterface, membership.id)
        return tx.put(replace(membership, group_ids=members_groups(tx, eni, group_ids)))

    @creates(PrefixList)
    def create_prefix_list(
        self, tx: Transaction, *, name: str, entries: tuple[Network, ...], account_id: str | None = None
    ) -> PrefixList:
        """Makes a prefix list."""
        owner = tx.owner(account_id)
        return tx.put(PrefixList(id=new_id("pl"), name=name, entries=one_family(entries), account_id=owner))

    @modifies(PrefixList)
    def modify_prefix_list(self, tx: Transaction, found: PrefixList, *, entries: tuple[Network, ...]) -> PrefixList:
        """Replaces the ranges."""
        return tx.put(replace(found, entries=one_family(entries)))

    @deletes(PrefixList)
    def delete_prefix_list(self, tx: Transaction, found: PrefixList) -> None:
        """Removes a prefix list that no rule names."""
        for group in tx.model.table(SecurityGroup).values():
            if any(rule.prefix_list_id == found.id for rule in (*group.ingress, *group.egress)):
                raise RequestError("DependencyViolation", f"A rule of {group.id} names {found.id}")
        tx.delete(found)

    @modifies(FlowTracking)
    def modify_flow_tracking(self, tx: Transaction, tracking: FlowTracking, *, reevaluate: bool) -> FlowTracking:
        """Says whether flows of a VPC are looked at again when rules change."""
        return tx.put(replace(tracking, reevaluate=reevaluate))

    # -- what comes and goes with others ----------------------------------------------------------------------------

    def on_change(self, tx: Transaction, before: Resource | None, after: Resource | None) -> None:
        """A VPC brings its default group, an interface its membership; both go with them. What is there stays."""
        if before is None and isinstance(after, Vpc):
            _bring(tx, default_group(after, stable_id("sg", after.id, "default"), "default", members=True))
            _bring(tx, FlowTracking(id=after.id, account_id=after.account_id))
        elif after is None and isinstance(before, Vpc):
            self._forget_vpc(tx, before)
        elif before is None and isinstance(after, NetworkInterface):
            group_ids = (self.default_group_of(tx.model, after.vpc_id).id,)
            _bring(tx, GroupMembership(id=after.id, group_ids=group_ids, account_id=after.account_id))
        elif after is None and isinstance(before, NetworkInterface):
            membership = tx.model.get(GroupMembership, before.id)
            if membership is not None:
                tx.delete(membership)

    def default_group_of(self, model: Model, vpc_id: str) -> SecurityGroup:
        """The group that the VPC came with."""
        return next(group for group in model.group(SecurityGroup, "vpc_id", vpc_id) if group.is_default)

    def _forget_vpc(self, tx: Transaction, vpc: Vpc) -> None:
        groups = tx.model.group(SecurityGroup, "vpc_id", vpc.id)
        if any(not group.is_default for group in groups):
            raise RequestError("DependencyViolation", f"{vpc.id} has security groups")
        for group in groups:
            tx.delete(group)
        tracking = tx.model.get(FlowTracking, vpc.id)
        if tracking is not None:
            tx.delete(tracking)

    def described(self, model: Model, sections: Sequence[Section]) -> Iterable[SecurityGroup | GroupMembership]:
        """Groups of a VPC by name, and the groups of an instance, from a region description."""
        groups = groups_described(model, sections)
        return [*groups, *memberships_described(groups, sections)]

    # -- entries ----------------------------------------------------------------------------------------------------

    def entries(self, model: Model, node: Node) -> Iterator[Entry]:
        """Policies of the interfaces on this host, their rules, and the members of groups that the rules name."""
        if node.program != "vrouter":
            return
        ranges = {found.id: found.entries for found in model.table(PrefixList).values()}
        policies: dict[GroupSet, Vpc] = {}
        for eni in model.interfaces_on(node.host):
            group_ids = groups_of(model, eni)
            policies[group_ids] = model.vpcs[eni.vpc_id]
            revision = self._revision(model, eni.vpc_id, group_ids, ranges)
            for control in ("security_group.inbound", "security_group.outbound"):
                match = {"eni": eni.number}
                yield Entry(
                    f"{control}.policy", match, "govern", policy=set_number(group_ids), policy_revision=revision
                )
        both = {group_ids: directions(_found(model, group_ids)) for group_ids in policies}
        for index in (0, 1):
            yield from self._direction(model, {ids: (policies[ids], pair[index]) for ids, pair in both.items()}, ranges)

    def _direction(
        self, model: Model, policies: dict[GroupSet, tuple[Vpc, Direction]], ranges: Ranges
    ) -> Iterator[Entry]:
        named = frozenset(name for _, direction in policies.values() for name in direction.named_groups)
        members = {m.id: m for name in named for m in model.group(GroupMembership, "group_ids", name)}
        sets: dict[str, frozenset[str]] = {}
        for membership in members.values():
            eni = model.network_interfaces[membership.id]
            sets[eni.id] = named.intersection(membership.group_ids)
            for address in eni.addresses:
                match = {"vpc": model.vpcs[eni.vpc_id].number, "address": data_plane_address(address)}
                control = next(iter(policies.values()))[1].control
                yield Entry(f"{control}.peer", match, "of_groups", id=set_number(sets[eni.id]))
        different = set(sets.values())
        for group_ids, (_, direction) in policies.items():
            yield from rule_entries(set_number(group_ids), direction, ranges, different)

    def _revision(self, model: Model, vpc_id: str, group_ids: GroupSet, ranges: Ranges) -> int:
        tracking = model.get(FlowTracking, vpc_id)
        if not isinstance(tracking, FlowTracking) or not tracking.reevaluate:
            return 0
        return revision_of(_found(model, group_ids), ranges)


def _bring(tx: Transaction, resource: PluginResource) -> None:
    if tx.model.get(type(resource), resource.id) is None:
        tx.put(resource)


def groups_of(model: Model, eni: NetworkInterface) -> GroupSet:
    """The ids of an interface's groups, sorted."""
    membership = model.get(GroupMembership, eni.id)
    assert isinstance(membership, GroupMembership)
    return tuple(sorted(membership.group_ids))


def members_groups(tx: Transaction, eni: NetworkInterface, group_ids: tuple[str, ...]) -> GroupSet:
    """The group ids if an interface may have them; RequestError otherwise."""
    if not group_ids:
        raise RequestError("InvalidParameterValue", "An interface has at least one group", "group_ids")
    if len(set(group_ids)) > GROUPS_PER_INTERFACE:
        message = f"An interface has at most {GROUPS_PER_INTERFACE} groups"
        raise RequestError("SecurityGroupsPerInterfaceLimitExceeded", message, "group_ids")
    for group_id in group_ids:
        if tx.get(SecurityGroup, group_id, "group_ids").vpc_id != eni.vpc_id:
            raise RequestError("InvalidGroup.NotFound", f"{group_id} is not in the VPC {eni.vpc_id}", "group_ids")
    return tuple(dict.fromkeys(group_ids))


def one_family(entries: tuple[Network, ...]) -> tuple[Network, ...]:
    """The ranges of a prefix list, each once; RequestError when IPv4 and IPv6 are mixed."""
    if len({network.version for network in entries}) > 1:
        raise RequestError("InvalidParameterValue", "A prefix list is either IPv4 or IPv6", "entries")
    return tuple(dict.fromkeys(entries))


def _found(model: Model, group_ids: GroupSet) -> tuple[SecurityGroup, ...]:
    groups = model.table(SecurityGroup)
    return tuple(groups[group_id] for group_id in group_ids)
