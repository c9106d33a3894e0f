"""Network ACLs in the lab: each packet, each direction, at the boundary of the subnet."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from controller.errors import RequestError
from controller.loader import read_manifest
from controller.model import Subnet
from plugins.nacl.acls import NetworkAcl, SubnetAcl
from tests.pipeline.mapping_regions import accounted
from topologies.lab import Lab
from topologies.packets import ping, tcp, udp
from topologies.region import load_region

HERE = Path(__file__).parent
REGION = """
name: acls
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
      front: {cidr: 10.0.1.0/24, ipv6_cidr: "fd00:10:0:1::/64"}
      back: {cidr: 10.0.2.0/24, ipv6_cidr: "fd00:10:0:2::/64"}
    instances:
      web: {subnet: front, address: 10.0.1.5, ipv6_address: "fd00:10:0:1::5", host: alpha}
      peer: {subnet: front, address: 10.0.1.6, host: beta}
      db: {subnet: back, address: 10.0.2.5, ipv6_address: "fd00:10:0:2::5", host: beta}
"""
QUERY = udp("10.0.2.5:4000 > 10.0.1.5:53")
ANYWHERE = ip_network("0.0.0.0/0")
BACK = ip_network("10.0.2.0/24")


class Acls:
    """The ACL of the front subnet, as a tenant works with it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.plugin = lab.plugin("nacl")
        model = lab.region.model
        front = next(subnet for subnet in model.table(Subnet).values() if subnet.name == "front")
        with lab.transaction() as tx:
            self.id = self.plugin.create_network_acl(tx, vpc_id=front.vpc_id, name="front").id
            association = tx.get(SubnetAcl, front.id)
            self.plugin.replace_network_acl_association(tx, association, acl_id=self.id)

    def rule(self, number: int, *, allow: bool, egress: bool = False, **what: object) -> None:
        """Adds a rule; what is left out is everything, everywhere."""
        wanted = {"protocol": "all", "cidr": ANYWHERE} | what
        with self.lab.transaction() as tx:
            acl = tx.get(NetworkAcl, self.id)
            self.plugin.create_network_acl_entry(tx, acl, rule_number=number, egress=egress, allow=allow, **wanted)

    def remove(self, number: int, *, egress: bool = False) -> None:
        """Removes a rule."""
        with self.lab.transaction() as tx:
            self.plugin.delete_network_acl_entry(tx, tx.get(NetworkAcl, self.id), rule_number=number, egress=egress)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Two subnets with default ACLs; at the end every packet is accounted for at every switch."""
    path = tmp_path / "acls.yaml"
    path.write_text(REGION)
    with Lab(load_region(str(path)), [read_manifest(HERE)]) as lab:
        yield lab
        accounted(lab)


def test_the_default_acl_lets_everything_pass(lab: Lab) -> None:
    assert lab.send("db", QUERY).at("web") == [QUERY]


def test_an_acl_without_rules_denies_what_comes_in(lab: Lab) -> None:
    Acls(lab)

    assert lab.send("db", QUERY).dropped() == {"NETWORK_ACL": 1}


def test_an_acl_without_rules_denies_what_goes_out(lab: Lab) -> None:
    Acls(lab)

    assert lab.send("web", udp("10.0.1.5:4000 > 10.0.2.5:53")).dropped() == {"NETWORK_ACL": 1}


def test_inside_a_subnet_its_acl_is_not_asked(lab: Lab) -> None:
    Acls(lab)
    packet = udp("10.0.1.6:4000 > 10.0.1.5:53")

    assert lab.send("peer", packet).at("web") == [packet]


def test_an_answer_needs_a_rule_of_its_own(lab: Lab) -> None:
    acls = Acls(lab)
    acls.rule(100, allow=True)
    lab.send("db", QUERY)
    answer = udp("10.0.1.5:53 > 10.0.2.5:4000")

    assert lab.send("web", answer).dropped() == {"NETWORK_ACL": 1}
    acls.rule(100, allow=True, egress=True)
    assert lab.send("web", answer).at("db") == [answer]


def test_the_lowest_number_decides(lab: Lab) -> None:
    acls = Acls(lab)
    acls.rule(110, allow=True)
    acls.rule(100, allow=False, cidr=BACK)

    assert lab.send("db", QUERY).dropped() == {"NETWORK_ACL": 1}


def test_a_higher_number_does_not(lab: Lab) -> None:
    acls = Acls(lab)
    acls.rule(100, allow=True)
    acls.rule(110, allow=False, cidr=BACK)

    assert lab.send("db", QUERY).at("web") == [QUERY]


def test_a_removed_rule_counts_no_more_for_a_flow_that_runs(lab: Lab) -> None:
    acls = Acls(lab)
    acls.rule(100, allow=True)
    assert lab.send("db", QUERY).at("web") == [QUERY]
    acls.remove(100)

    assert lab.send("db", QUERY).dropped() == {"NETWORK_ACL": 1}


@pytest.mark.parametrize(("port", "arrives"), [(79, 0), (80, 1), (90, 1), (91, 0)])
def test_a_range_of_ports_ends_where_it_says(lab: Lab, port: int, arrives: int) -> None:
    Acls(lab).rule(100, allow=True, protocol="tcp", from_port=80, to_port=90)

    assert len(lab.send("db", tcp(f"10.0.2.5:4000 > 10.0.1.5:{port}")).at("web")) == arrives


def test_an_icmp_type_is_told_from_others(lab: Lab) -> None:
    acls = Acls(lab)
    acls.rule(100, allow=True, protocol="icmp", from_port=0)

    assert lab.send("db", ping("10.0.2.5 > 10.0.1.5")).dropped() == {"NETWORK_ACL": 1}
    acls.rule(101, allow=True, protocol="icmp", from_port=8)
    assert len(lab.send("db", ping("10.0.2.5 > 10.0.1.5")).at("web")) == 1


def test_an_ipv4_rule_says_nothing_of_ipv6(lab: Lab) -> None:
    acls = Acls(lab)
    acls.rule(100, allow=True)
    packet = udp("[fd00:10:0:2::5]:4000 > [fd00:10:0:1::5]:53")

    assert lab.send("db", packet).dropped() == {"NETWORK_ACL": 1}
    acls.rule(101, allow=True, cidr=ip_network("::/0"))
    assert lab.send("db", packet).at("web") == [packet]


def test_the_default_acl_cannot_be_deleted(lab: Lab) -> None:
    acl = next(acl for acl in lab.region.model.table(NetworkAcl).values() if acl.is_default)

    with pytest.raises(RequestError, match="InvalidParameterValue"), lab.transaction() as tx:
        lab.plugin("nacl").delete_network_acl(tx, acl)


def test_an_acl_that_a_subnet_has_cannot_be_deleted(lab: Lab) -> None:
    acls = Acls(lab)

    with pytest.raises(RequestError, match="DependencyViolation"), lab.transaction() as tx:
        acls.plugin.delete_network_acl(tx, tx.get(NetworkAcl, acls.id))


def test_a_rule_number_beyond_the_range_is_refused(lab: Lab) -> None:
    with pytest.raises(RequestError, match="1 to 32766"):
        Acls(lab).rule(32767, allow=True)


def test_a_rule_number_is_taken_once(lab: Lab) -> None:
    acls = Acls(lab)
    acls.rule(100, allow=True)

    with pytest.raises(RequestError, match="NetworkAclEntryAlreadyExists"):
        acls.rule(100, allow=False)


def test_the_twenty_first_rule_of_a_direction_is_refused(lab: Lab) -> None:
    acls = Acls(lab)
    for number in range(1, 21):
        acls.rule(number, allow=True)

    with pytest.raises(RequestError, match="NetworkAclEntryLimitExceeded"):
        acls.rule(21, allow=True)
