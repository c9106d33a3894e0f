"""Security groups in the lab: what may begin, what may come in, and what lives on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from controller.errors import RequestError
from controller.loader import read_manifest
from controller.model import NetworkInterface
from plugins.security_group.groups import FlowTracking, GroupMembership, SecurityGroup
from tests.pipeline.mapping_regions import accounted
from topologies.lab import Lab
from topologies.packets import ping, tcp, udp
from topologies.region import load_region

HERE = Path(__file__).parent
REGION = """
name: groups
hosts:
  alpha: {underlay: 172.31.0.1}
  beta: {underlay: 172.31.0.2}
links: [[alpha, beta]]
mapping: {policy: preload}
vpcs:
  blue:
    cidr: 10.0.0.0/16
    ipv6_cidr: fd00:10::/56
    subnets:
      main: {cidr: 10.0.1.0/24, ipv6_cidr: "fd00:10:0:1::/64"}
    instances:
      web: {subnet: main, address: 10.0.1.5, ipv6_address: "fd00:10:0:1::5", host: alpha}
      near: {subnet: main, address: 10.0.1.9, host: alpha}
      open: {subnet: main, address: 10.0.1.8, host: alpha}
      app: {subnet: main, address: 10.0.1.6, ipv6_address: "fd00:10:0:1::6", host: beta}
      other: {subnet: main, address: 10.0.1.7, host: beta}
"""

DESCRIBED = """
name: described
hosts:
  alpha: {underlay: 172.31.0.1}
  beta: {underlay: 172.31.0.2}
links: [[alpha, beta]]
mapping: {policy: preload}
vpcs:
  blue:
    cidr: 10.0.0.0/16
    subnets:
      main: 10.0.1.0/24
    security_groups:
      web:
        ingress:
          - {protocol: tcp, ports: 80, cidr: 10.0.0.0/16}
    instances:
      web: {subnet: main, address: 10.0.1.5, host: alpha, security_groups: [web]}
      app: {subnet: main, address: 10.0.1.6, host: beta}
"""


class Groups:
    """Security groups of a running lab, by name, as a tenant works with them."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.plugin = lab.plugin("security_group")

    def __getitem__(self, name: str) -> SecurityGroup:
        groups = self.lab.region.model.table(SecurityGroup).values()
        return next(group for group in groups if group.name == name)

    def interface(self, instance: str) -> NetworkInterface:
        """The network interface of an instance."""
        model = self.lab.region.model
        return model.interface_of(model.instance(instance))

    def membership(self, instance: str) -> GroupMembership:
        """Which groups an instance is in."""
        return self.lab.region.model.table(GroupMembership)[self.interface(instance).id]

    def make(self, name: str, *instances: str) -> SecurityGroup:
        """A new group with these members."""
        with self.lab.transaction() as tx:
            group = self.plugin.create_security_group(tx, vpc_id=self.interface("web").vpc_id, name=name)
            for instance in instances:
                self.plugin.modify_network_interface_groups(tx, self.membership(instance), group_ids=(group.id,))
        return group

    def allow(self, name: str, protocol: str, port: int | None = None, last: int | None = None, **who: object) -> None:
        """Adds an inbound rule."""
        with self.lab.transaction() as tx:
            self.plugin.authorize_security_group_ingress(
                tx, self[name], protocol=protocol, from_port=port, to_port=last, **who
            )

    def revoke_everything(self, name: str) -> None:
        """Takes all rules away."""
        group = self[name]
        rule_ids = tuple(rule.id for rule in (*group.ingress, *group.egress))
        with self.lab.transaction() as tx:
            self.plugin.revoke_security_group_rules(tx, group, rule_ids=rule_ids)


VPC = ip_network("10.0.0.0/16")
ANYWHERE = ip_network("0.0.0.0/0")


@pytest.fixture
def groups(tmp_path: Path) -> Iterator[Groups]:
    """Two hosts; `web` and `open` have groups of their own, `app` and `near` share one, `other` has the default.

    At the end every packet is accounted for at every switch.
    """
    path = tmp_path / "groups.yaml"
    path.write_text(REGION)
    with Lab(load_region(str(path)), [read_manifest(HERE)]) as lab:
        yield filled(lab)
        accounted(lab)


def filled(lab: Lab) -> Groups:
    """The groups as every test finds them."""
    groups = Groups(lab)
    groups.make("web", "web")
    groups.make("open", "open")
    app = groups.make("app", "app", "near")
    groups.allow("web", "tcp", 80, cidr=VPC)
    groups.allow("web", "tcp", 80, cidr=ip_network("::/0"))
    groups.allow("web", "tcp", 8000, 8100, source_group_id=app.id)
    groups.allow("web", "icmp", 8, cidr=VPC)
    groups.allow("open", "all", cidr=ANYWHERE)
    return groups


def test_a_rule_lets_a_first_packet_in(groups: Groups) -> None:
    syn = tcp("10.0.1.6:4000 > 10.0.1.5:80")

    assert groups.lab.send("app", syn).at("web") == [syn]


def test_what_no_rule_names_stays_out(groups: Groups) -> None:
    sent = groups.lab.send("app", tcp("10.0.1.6:4000 > 10.0.1.5:81"))

    assert sent.nowhere()
    assert sent.dropped() == {"SECURITY_GROUP": 1}


def test_an_answer_needs_no_rule(groups: Groups) -> None:
    groups.lab.send("app", tcp("10.0.1.6:4000 > 10.0.1.5:80", seq=1000))
    answer = tcp("10.0.1.5:80 > 10.0.1.6:4000", flags="SA", seq=5000, ack=1001)

    assert groups.lab.send("web", answer).at("app") == [answer]


def test_an_answer_that_nobody_asked_for_stays_out(groups: Groups) -> None:
    sent = groups.lab.send("web", tcp("10.0.1.5:80 > 10.0.1.6:4000", flags="SA", seq=5000, ack=1001))

    assert sent.nowhere()


def test_a_member_of_the_named_group_may(groups: Groups) -> None:
    syn = tcp("10.0.1.6:4000 > 10.0.1.5:8050")

    assert groups.lab.send("app", syn).at("web") == [syn]


def test_a_member_on_the_same_host_may(groups: Groups) -> None:
    syn = tcp("10.0.1.9:4000 > 10.0.1.5:8050")

    assert groups.lab.send("near", syn).at("web") == [syn]


def test_who_is_not_a_member_may_not(groups: Groups) -> None:
    assert groups.lab.send("other", tcp("10.0.1.7:4000 > 10.0.1.5:8050")).dropped() == {"SECURITY_GROUP": 1}


def test_a_port_outside_the_range_stays_out(groups: Groups) -> None:
    assert groups.lab.send("app", tcp("10.0.1.6:4000 > 10.0.1.5:8101")).dropped() == {"SECURITY_GROUP": 1}


def test_an_icmp_type_is_let_in(groups: Groups) -> None:
    echo = ping("10.0.1.6 > 10.0.1.5")

    assert groups.lab.send("app", echo).at("web") == [echo]


def test_an_ipv6_range_lets_ipv6_in(groups: Groups) -> None:
    syn = tcp("[fd00:10:0:1::6]:4000 > [fd00:10:0:1::5]:80")

    assert groups.lab.send("app", syn).at("web") == [syn]


def test_any_ipv6_address_is_no_ipv4_address(groups: Groups) -> None:
    groups.revoke_everything("web")
    groups.allow("web", "tcp", 80, cidr=ip_network("::/0"))

    assert groups.lab.send("app", tcp("10.0.1.6:4001 > 10.0.1.5:80")).dropped() == {"SECURITY_GROUP": 1}


def test_a_flow_lives_on_when_its_rule_goes(groups: Groups) -> None:
    groups.lab.send("app", udp("10.0.1.6:4000 > 10.0.1.8:53"))
    first = tcp("10.0.1.6:4000 > 10.0.1.5:80", seq=1000)
    groups.lab.send("app", first)
    groups.revoke_everything("web")
    answer = tcp("10.0.1.5:80 > 10.0.1.6:4000", flags="SA", seq=5000, ack=1001)

    assert groups.lab.send("web", answer).at("app") == [answer]
    assert groups.lab.send("app", tcp("10.0.1.6:4001 > 10.0.1.5:80")).dropped() == {"SECURITY_GROUP": 1}


def test_an_untracked_flow_is_cut_at_once(groups: Groups) -> None:
    packet = udp("10.0.1.6:4000 > 10.0.1.8:53")
    assert groups.lab.send("app", packet).at("open") == [packet]
    groups.revoke_everything("open")

    assert groups.lab.send("app", packet).dropped() == {"SECURITY_GROUP": 1}


def test_with_reevaluation_a_flow_ends_with_its_rule(groups: Groups) -> None:
    with groups.lab.transaction() as tx:
        tracking = tx.get(FlowTracking, groups.interface("web").vpc_id)
        groups.plugin.modify_flow_tracking(tx, tracking, reevaluate=True)
    first = udp("10.0.1.6:4000 > 10.0.1.5:80")
    groups.allow("web", "udp", 80, cidr=VPC)
    assert groups.lab.send("app", first).at("web") == [first]
    assert groups.lab.send("app", first).at("web") == [first]
    groups.revoke_everything("web")

    assert groups.lab.send("app", first).dropped() == {"SECURITY_GROUP": 1}


def test_without_an_outbound_rule_nothing_begins(groups: Groups) -> None:
    groups.revoke_everything("app")

    assert groups.lab.send("app", tcp("10.0.1.6:4000 > 10.0.1.5:80")).dropped() == {"SECURITY_GROUP": 1}


def test_a_new_interface_is_in_the_default_group_of_its_vpc(groups: Groups) -> None:
    assert groups.membership("other").group_ids == (groups["default"].id,)


def test_the_default_group_lets_in_its_members_only(groups: Groups) -> None:
    assert groups.lab.send("app", ping("10.0.1.6 > 10.0.1.7")).dropped() == {"SECURITY_GROUP": 1}


def test_a_rule_with_two_other_sides_is_refused(groups: Groups) -> None:
    with pytest.raises(RequestError, match="InvalidParameterCombination"):
        groups.allow("web", "tcp", 1, cidr=VPC, source_group_id=groups["app"].id)


def test_a_rule_that_is_there_already_is_refused(groups: Groups) -> None:
    with pytest.raises(RequestError, match=r"InvalidPermission\.Duplicate"):
        groups.allow("web", "tcp", 80, cidr=VPC)


def test_the_sixth_group_of_an_interface_is_refused(groups: Groups) -> None:
    made = tuple(groups.make(f"g{index}").id for index in range(6))

    with (
        pytest.raises(RequestError, match="SecurityGroupsPerInterfaceLimitExceeded"),
        groups.lab.transaction() as tx,
    ):
        groups.plugin.modify_network_interface_groups(tx, groups.membership("web"), group_ids=made)


def test_a_group_with_members_cannot_be_deleted(groups: Groups) -> None:
    with pytest.raises(RequestError, match="DependencyViolation"), groups.lab.transaction() as tx:
        groups.plugin.delete_security_group(tx, groups["web"])


def test_a_region_description_brings_groups_and_members(tmp_path: Path) -> None:
    path = tmp_path / "described.yaml"
    path.write_text(DESCRIBED)

    with Lab(load_region(str(path)), [read_manifest(HERE)]) as lab:
        allowed = lab.send("app", tcp("10.0.1.6:4000 > 10.0.1.5:80"))
        refused = lab.send("app", tcp("10.0.1.6:4000 > 10.0.1.5:81"))

    assert len(allowed.at("web")) == 1
    assert refused.dropped() == {"SECURITY_GROUP": 1}


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ("ports: eighty", "security_groups.web.ingress[0]"),
        ("ports: 80, group: nobody", "security_groups.web.ingress[0]"),
        ("colour: red", "security_groups.web.ingress.0.colour"),
    ],
)
def test_a_description_that_makes_no_sense_names_the_place(tmp_path: Path, wrong: str, place: str) -> None:
    path = tmp_path / "described.yaml"
    path.write_text(DESCRIBED.replace("ports: 80", wrong))

    with pytest.raises(Exception, match=re.escape(place)), Lab(load_region(str(path)), [read_manifest(HERE)]):
        pass
