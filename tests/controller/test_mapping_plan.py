"""What a router is given, by miss policy."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address

import pytest

from controller.model import Model, NetworkInterface, PhysicalHost, Subnet, Vpc
from controller.p4rt import Entry
from controller.plan import MappingPlan, Move
from controller.plan.mapping import mapping_entries

HOSTS = [PhysicalHost(f"host-{i}", f"h{i}", IPv4Address(f"172.31.0.{i}")) for i in range(4)]
VPC = Vpc("vpc-1", "blue", 1, (IPv4Network("10.0.0.0/16"),))
SUBNET = Subnet("subnet-1", "main", "vpc-1", IPv4Network("10.0.1.0/24"))


@pytest.fixture
def model() -> Model:
    """Hosts 0 and 1 have two interfaces each, hosts 2 and 3 none."""
    interfaces = [
        NetworkInterface(
            f"eni-{i}",
            i + 1,
            VPC.id,
            SUBNET.id,
            f"06:00:00:00:00:0{i}",
            (IPv4Address(f"10.0.1.{i + 4}"),),
            host_id=HOSTS[i % 2].id,
            port=16 + i,
        )
        for i in range(4)
    ]
    return Model([*HOSTS, VPC, SUBNET, *interfaces])


def tables(model: Model, host: int, plan: MappingPlan) -> dict[str, int]:
    """How many entries each table of a host gets."""
    return dict(Counter(entry.table for entry in mapping_entries(model, HOSTS[host], plan)))


def entry(model: Model, host: int, plan: MappingPlan, table: str) -> Entry:
    return next(entry for entry in mapping_entries(model, HOSTS[host], plan) if entry.table == table)


def test_a_preloaded_router_has_every_mapping_of_its_vpcs(model: Model) -> None:
    assert tables(model, 0, MappingPlan()) == {"mapping": 4, "trusted_source": 2}
    assert tables(model, 2, MappingPlan()) == {}


def test_a_router_that_asks_has_its_own_and_whom_to_ask(model: Model) -> None:
    plan = MappingPlan("on-demand", gateway_host_id="host-3")

    assert tables(model, 0, plan) == {"mapping": 2, "mapping_policy": 1, "trusted_gateway": 1, "mapping_server": 1}
    assert tables(model, 2, plan) == {"mapping_server": 1}


def test_a_gateway_has_every_mapping(model: Model) -> None:
    plan = MappingPlan("gateway", gateway_host_id="host-3")

    assert tables(model, 3, plan) == {"mapping": 4, "trusted_source": 4, "mapping_policy": 1}
    assert entry(model, 3, plan, "mapping_policy").action == "serve"
    assert entry(model, 0, plan, "mapping_policy").action == "by_gateway"


def test_every_router_hashes_with_a_secret_of_its_own(model: Model) -> None:
    plan = MappingPlan("on-demand", key=b"secret")
    secrets = {plan.secret(host) for host in HOSTS}

    assert len(secrets) == 4
    assert secrets.isdisjoint({replace(plan, key=b"another").secret(host) for host in HOSTS})


def test_while_an_interface_moves_the_old_host_redirects_and_the_new_one_believes_it(model: Model) -> None:
    plan = MappingPlan("on-demand", moves=(Move("eni-0", "host-2"),))

    old = entry(model, 2, plan, "moved_eni")
    new = entry(model, 0, plan, "trusted_redirect")

    assert (dict(old.match), dict(old.params)) == ({"vpc": 1, "eni": 1}, {"host": HOSTS[0].address})
    assert dict(new.match) == {"vpc": 1, "eni": 1, "host": HOSTS[2].address}
    assert "mapping_policy" in tables(model, 2, plan)
    assert IPv6Address("::ffff:10.0.1.4") in dict(entry(model, 0, plan, "mapping").match).values()
