"""Security groups, their rules, who is a member, and prefix lists: the resources, as AWS names them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from controller.model import Network
from controller.plugin import EVERYTHING, PluginResource, Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that is allowed: what traffic, and who is on the other side.

    Exactly one of `cidr`, `prefix_list_id` and `group_id` says who that is.
    """

    id: str
    traffic: Traffic = EVERYTHING
    cidr: Network | None = None
    prefix_list_id: str = ""
    group_id: str = ""
    description: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it allows everything of its protocol, to and from everywhere in one address family."""
        return self.traffic.is_whole and self.cidr is not None and self.cidr.prefixlen == 0

    def says_the_same(self, other: Rule) -> bool:
        """Whether the other one allows the same; id and description do not matter."""
        return replace(self, id=other.id, description=other.description) == other


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup(PluginResource):
    """Allow rules that its members, network interfaces of one VPC, are held to."""

    NOT_FOUND: ClassVar[str] = "InvalidGroup.NotFound"
    PREFIX: ClassVar[str] = "sg"
    INDEXED: ClassVar[tuple[str, ...]] = ("vpc_id", "account_id")

    vpc_id: str
    description: str = ""
    ingress: tuple[Rule, ...] = ()
    egress: tuple[Rule, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether it is the group that its VPC came with."""
        return self.name == "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixList(PluginResource):
    """A named set of ranges, all IPv4 or all IPv6, that rules can point to."""

    NOT_FOUND: ClassVar[str] = "InvalidPrefixListID.NotFound"
    PREFIX: ClassVar[str] = "pl"

    entries: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMembership(PluginResource):
    """The groups of one network interface; it has the interface's id."""

    NOT_FOUND: ClassVar[str] = "InvalidNetworkInterfaceID.NotFound"
    INDEXED: ClassVar[tuple[str, ...]] = ("group_ids",)

    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTracking(PluginResource):
    """What becomes of a VPC's flows when the rule that admitted them goes; it has the VPC's id.

    They live on, as in AWS, unless `reevaluate` says that the rules are asked again.
    """

    NOT_FOUND: ClassVar[str] = "InvalidVpcID.NotFound"
    PLURAL: ClassVar[str] = "flow-trackings"

    reevaluate: bool = False
