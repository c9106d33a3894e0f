"""Network ACLs as AWS has them: actions, and the entries of each router."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from controller.model import Model, Network, NetworkInterface, Resource, Subnet, Vpc
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
    data_plane_network,
    deletes,
    modifies,
    new_id,
    remote_match,
    stable_id,
    traffic,
)

from .acls import NetworkAcl, SubnetAcl, default_acl, new_entry, with_entry, without_entry
from .described import acls_described

LAST_RULE = 32767  # the implicit one, which denies
_RESOLVER_PRIORITY = 40000  # above every rule: the resolver cannot be blocked
_RESOLVER = IPv4Address("169.254.169.253")
_CONTROLS = {"ingress": "nacl.inbound", "egress": "nacl.outbound"}
_NO_NETWORK = {"ipv6_network": 1, "ipv6_mask": 0}  # matches nothing


class NetworkAcls(Plugin):
    """What may pass the boundary of a subnet, packet by packet."""

    resources = (NetworkAcl, SubnetAcl)
    sections = ("network_acl",)

    @creates(NetworkAcl)
    def create_network_acl(self, tx: Transaction, *, vpc_id: str, name: str = "") -> NetworkAcl:
        """Makes an ACL without rules: it denies everything."""
        vpc = tx.get(Vpc, vpc_id, "vpc_id")
        return tx.put(NetworkAcl(id=new_id("acl"), name=name, vpc_id=vpc.id, account_id=vpc.account_id))

    @deletes(NetworkAcl)
    def delete_network_acl(self, tx: Transaction, acl: NetworkAcl) -> None:
        """Removes an ACL that no subnet has; the default one stays."""
        if acl.is_default:
            raise RequestError("InvalidParameterValue", "The default network ACL of a VPC cannot be deleted")
        if tx.model.count(SubnetAcl, "acl_id", acl.id):
            raise RequestError("DependencyViolation", f"{acl.id} is associated with subnets")
        tx.delete(acl)

    @action(NetworkAcl, "create-entry")
    def create_network_acl_entry(
        self,
        tx: Transaction,
        acl: NetworkAcl,
        *,
        rule_number: int,
        allow: bool,
        protocol: str,
        cidr: Network,
        egress: bool = False,
        from_port: int | None = None,
        to_port: int | None = None,
    ) -> NetworkAcl:
        """Adds a rule; the lowest number that matches decides."""
        entry = new_entry(rule_number, cidr, traffic(protocol, from_port, to_port), allow=allow)
        return tx.put(with_entry(acl, entry, egress=egress))

    @action(NetworkAcl, "delete-entry")
    def delete_network_acl_entry(
        self, tx: Transaction, acl: NetworkAcl, *, rule_number: int, egress: bool = False
    ) -> NetworkAcl:
        """Removes the rule with that number."""
        return tx.put(without_entry(acl, rule_number, egress=egress))

    @modifies(SubnetAcl)
    def replace_network_acl_association(self, tx: Transaction, association: SubnetAcl, *, acl_id: str) -> SubnetAcl:
        """Gives a subnet another ACL of its VPC."""
        acl = tx.get(NetworkAcl, acl_id, "acl_id")
        if acl.vpc_id != tx.get(Subnet, association.id).vpc_id:
            raise RequestError("InvalidParameterValue", f"{acl_id} is in another VPC", "acl_id")
        return tx.put(replace(association, acl_id=acl.id))

    def on_change(self, tx: Transaction, before: Resource | None, after: Resource | None) -> None:
        """A VPC brings its default ACL, a subnet its association; both go with them. What is there stays."""
        if before is None and isinstance(after, Vpc):
            _bring(tx, default_acl(after))
        elif after is None and isinstance(before, Vpc):
            self._forget_vpc(tx, before)
        elif before is None and isinstance(after, Subnet):
            default = stable_id("acl", after.vpc_id, "default")
            _bring(tx, SubnetAcl(id=after.id, acl_id=default, account_id=after.account_id))
        elif after is None and isinstance(before, Subnet):
            association = tx.model.get(SubnetAcl, before.id)
            if association is not None:
                tx.delete(association)

    def _forget_vpc(self, tx: Transaction, vpc: Vpc) -> None:
        acls = tx.model.group(NetworkAcl, "vpc_id", vpc.id)
        if any(not acl.is_default for acl in acls):
            raise RequestError("DependencyViolation", f"{vpc.id} has network ACLs")
        for acl in acls:
            tx.delete(acl)

    def described(self, model: Model, sections: Sequence[Section]) -> Iterator[NetworkAcl | SubnetAcl]:
        """ACLs of subnets, from a region description."""
        return acls_described(sections)

    def entries(self, model: Model, node: Node) -> Iterator[Entry]:
        """The ACL of each local interface's subnet, and the rules of these ACLs."""
        if node.program != "vrouter":
            return
        acls: dict[str, NetworkAcl] = {}
        for eni in model.interfaces_on(node.host):
            acl = acl_of(model, eni)
            acls[acl.id] = acl
            for control in _CONTROLS.values():
                yield _guard(f"{control}.subnet", model.subnets[eni.subnet_id], eni, acl)
        for acl in acls.values():
            number = acl_number(acl)
            resolver = _resolvers(model.vpcs[acl.vpc_id])
            for control, rules in ((_CONTROLS["ingress"], acl.ingress), (_CONTROLS["egress"], acl.egress)):
                for rule in rules:
                    match = {"acl": number, **remote_match(rule.cidr), **rule.traffic.match()}
                    verdict = "allow" if rule.allow else "deny"
                    yield Entry(f"{control}.rule", match, verdict, priority=LAST_RULE - rule.number)
                for address in resolver:
                    match = {"acl": number, "remote": (data_plane_address(address), (1 << 128) - 1)}
                    yield Entry(f"{control}.rule", match, "allow", priority=_RESOLVER_PRIORITY)


def _bring(tx: Transaction, resource: PluginResource) -> None:
    if tx.model.get(type(resource), resource.id) is None:
        tx.put(resource)


def acl_number(acl: NetworkAcl) -> int:
    """The number of an ACL in the data plane: 32 bits of a SHA-256 of its id, never 0."""
    return int.from_bytes(hashlib.sha256(acl.id.encode()).digest()[:4], "big") or 1


def acl_of(model: Model, eni: NetworkInterface) -> NetworkAcl:
    """The ACL of the interface's subnet."""
    association = model.get(SubnetAcl, eni.subnet_id)
    assert isinstance(association, SubnetAcl)
    return model.table(NetworkAcl)[association.acl_id]


def _resolvers(vpc: Vpc) -> list[IPv4Address]:
    first = vpc.cidr_blocks[0]
    return [_RESOLVER, *([first[2]] if isinstance(first, IPv4Network) else [])]


def _guard(table: str, subnet: Subnet, eni: NetworkInterface, acl: NetworkAcl) -> Entry:
    ipv4 = data_plane_network(subnet.cidr_block)
    ipv6 = _NO_NETWORK
    if subnet.ipv6_cidr_block is not None:
        network = subnet.ipv6_cidr_block
        ipv6 = {"ipv6_network": int(network.network_address), "ipv6_mask": int(network.netmask)}
    return Entry(
        table,
        {"eni": eni.number},
        "guard",
        acl=acl_number(acl),
        network=int(ipv4.network_address),
        mask=int(ipv4.netmask),
        **ipv6,
    )
