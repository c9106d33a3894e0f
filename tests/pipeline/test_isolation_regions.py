"""Isolation in random regions, with every miss policy, against tenants, the internet's side, and a host taken over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from controller.plan.addresses import data_plane_address
from tests.pipeline.adversary import Adversary
from tests.pipeline.mapping_regions import accounted
from tests.pipeline.random_regions import (
    HOSTS,
    POLICIES,
    conceded,
    everywhere,
    expected_at,
    nobody,
    pairs,
    regions,
    renumbered,
    vpcs_by_instance,
)
from topologies.lab import Lab, Sent
from topologies.packets import udp
from topologies.region import FABRIC_PORT, Region

FRAMES = 60  # of an adversary in one region
BOUNDED = settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # the world goes on, so shrinking would not find the same
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
STRANGERS = tuple(map(IPv4Address, ("172.31.0.9", "10.0.1.5", "192.0.2.1", "0.0.0.0", "255.255.255.255")))
seeds = st.integers(0, 2**32 - 1)


@dataclass
class World:
    """One lab, whose four hosts run one random region after the other."""

    lab: Lab
    numbers: Iterator[int]

    def run(self, region: Region) -> Region:
        """Makes the hosts run a region, with numbers that none before it had."""
        fresh = renumbered(region, next(self.numbers))
        self.lab.become(fresh)
        return fresh

    def talk(self, region: Region) -> list[bytes]:
        """Every instance sends to every other of its VPC; returns what crossed the underlay."""
        seen: list[bytes] = []
        for sender, own, theirs in pairs(region):
            packet = udp(f"[{own}]:4000 > [{theirs}]:53")
            seen += self.lab.send(sender, packet).underlay  # without a gateway it is dropped, and the mapping asked for
            sent = self.lab.send(sender, packet)
            seen += sent.underlay
            receivers = [] if (name := expected_at(region, sender, theirs)) is None else [name]
            assert list(sent.frames) == receivers, (sender, theirs, sent.changed)
        return seen


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Lab(nobody()) as lab:
        yield World(lab, count(1000, 1000))


def reached(region: Region, sent: Sent) -> set[int]:
    """The numbers of the VPCs in which a frame arrived."""
    vpcs = vpcs_by_instance(region)
    return {vpcs[name] for name in sent.frames}


@BOUNDED
@given(region=regions(), seed=seeds, data=st.data())
def test_a_tenant_reaches_its_own_vpc_only(world: World, region: Region, seed: int, data: st.DataObject) -> None:
    region = world.run(region)
    adversary = Adversary(region, seed, world.talk(region))
    instance = data.draw(st.sampled_from(sorted(vpcs_by_instance(region))))
    eni = region.model.interface_of(region.model.instance(instance))
    host = region.model.hosts[eni.host_id].name

    sent = world.lab.inject_all(host, eni.port, [adversary.from_instance() for _ in range(FRAMES)])

    assert reached(region, sent) <= {vpcs_by_instance(region)[instance]}
    world.lab.advance(2)
    world.talk(region)
    accounted(world.lab)


@BOUNDED
@given(region=regions(), seed=seeds, host=st.sampled_from(list(HOSTS)))
def test_a_host_taken_over_reaches_what_it_hosts_only(world: World, region: Region, seed: int, host: str) -> None:
    region = world.run(region)
    adversary = Adversary(region, seed, world.talk(region))
    own, forged = region.host(host).address, [*map(IPv4Address, HOSTS.values()), region.mapping.service]

    sent = world.lab.emit(host, [adversary.on_underlay([own] * 6 + forged) for _ in range(FRAMES)])

    assert reached(region, sent) <= conceded(region, host)
    assert told_about(world.lab, region, own) <= conceded(region, host)
    world.lab.advance(2)
    world.talk(region)
    accounted(world.lab)


@BOUNDED
@given(region=regions(), seed=seeds, host=st.sampled_from(list(HOSTS)), port=st.sampled_from([FABRIC_PORT, 1, 0, 400]))
def test_from_outside_nothing_is_reached(world: World, region: Region, seed: int, host: str, port: int) -> None:
    region = world.run(region)
    adversary = Adversary(region, seed, world.talk(region))

    sent = world.lab.inject_all(host, port, [adversary.on_underlay(STRANGERS) for _ in range(FRAMES)])

    assert sent.nowhere()
    world.lab.advance(2)
    world.talk(region)
    accounted(world.lab)


@pytest.mark.parametrize("policy", POLICIES[:2])
def test_what_a_host_taken_over_may_reach_it_does_reach(world: World, policy: Mapping[str, str | None]) -> None:
    region = world.run(everywhere(policy))
    adversary = Adversary(region, 1, world.talk(region))

    sent = world.lab.emit("one", [adversary.on_underlay([region.host("one").address]) for _ in range(1000)])

    assert reached(region, sent) == conceded(region, "one")
    assert len(conceded(region, "one")) < len(region.model.vpcs)


def told_about(lab: Lab, region: Region, host: IPv4Address) -> set[int]:
    """The VPCs about which the mapping service has told a host."""
    return {
        vpc.number
        for vpc in region.model.vpcs.values()
        if any(
            host in lab.mapping_service.holders(vpc.number, data_plane_address(address), lab.now)
            for eni in region.model.interfaces_by_vpc[vpc.id]
            for address in eni.addresses
        )
    }
