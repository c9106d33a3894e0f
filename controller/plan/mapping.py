"""What a router holds about who hosts which address, by the region's miss policy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Literal

from controller.model import Model, NetworkInterface, PhysicalHost, Vpc
from controller.p4rt import Entry
from controller.plan.addresses import data_plane_address

Policy = Literal["preload", "on-demand", "gateway"]


@dataclass(frozen=True)
class Move:
    """An interface that the model has on its new host already, and that others may still look for on the old one."""

    eni_id: str
    old_host_id: str


@dataclass(frozen=True)
class MappingPlan:
    """The region's miss policy, the mapping service's underlay address, the gateway, and moves under way.

    `key` is secret: each router's cache is hashed with a secret of its own made from it.
    """

    policy: Policy = "preload"
    service: IPv4Address = field(default=IPv4Address("172.31.255.1"))
    gateway_host_id: str = ""
    key: bytes = b""
    moves: tuple[Move, ...] = ()

    def secret(self, host: PhysicalHost) -> int:
        """The 64 bits that key the hash of a host's cache."""
        return int.from_bytes(hashlib.blake2b(host.id.encode(), key=self.key, digest_size=8).digest(), "big")

    def moved_from(self, host: PhysicalHost) -> Iterator[str]:
        """The interfaces that are moving away from a host."""
        return (move.eni_id for move in self.moves if move.old_host_id == host.id)


def mapping_entries(model: Model, host: PhysicalHost, plan: MappingPlan) -> Iterator[Entry]:
    """The mappings, the policy of each VPC, and whom to believe."""
    serves = plan.policy != "preload" and host.id == plan.gateway_host_id
    if plan.policy == "on-demand":
        yield Entry("mapping_server", {"address": plan.service}, "server")
    vpcs = {vpc.id: vpc for vpc in (model.vpcs.values() if serves else model.vpcs_on(host))}
    for eni_id in plan.moved_from(host):
        vpc = model.vpcs[model.network_interfaces[eni_id].vpc_id]
        vpcs.setdefault(vpc.id, vpc)
    for vpc in vpcs.values():
        if serves or plan.policy == "preload":
            yield from _everything(model, host, vpc, plan)
        else:
            yield from _own(model, host, vpc)
        yield from _policy(model, host, vpc, plan, serves=serves)
    yield from _moves(model, host, plan)


def _policy(model: Model, host: PhysicalHost, vpc: Vpc, plan: MappingPlan, *, serves: bool) -> Iterator[Entry]:
    match = {"vpc": vpc.number}
    if serves:
        yield Entry("mapping_policy", match, "serve")
        return
    gateway = model.hosts.get(plan.gateway_host_id)
    if plan.policy == "on-demand":
        address = gateway.address if gateway else 0
        secret = plan.secret(host)
        yield Entry("mapping_policy", match, "on_demand", secret=secret, service=plan.service, gateway=address)
    if plan.policy == "gateway" and gateway:
        yield Entry("mapping_policy", match, "by_gateway", gateway=gateway.address)
    if plan.policy != "preload" and gateway:
        yield Entry("trusted_gateway", {"vpc": vpc.number, "host": gateway.address}, "gateway")


def _everything(model: Model, host: PhysicalHost, vpc: Vpc, plan: MappingPlan) -> Iterator[Entry]:
    moving = {move.eni_id: move.old_host_id for move in plan.moves}
    for eni in model.interfaces_by_vpc[vpc.id]:
        yield from _mapping(model, vpc, eni)
        for home in {eni.host_id, moving.get(eni.id, eni.host_id)} - {host.id}:
            match = {"vpc": vpc.number, "eni": eni.number, "host": model.hosts[home].address}
            yield Entry("trusted_source", match, "trusted")


def _own(model: Model, host: PhysicalHost, vpc: Vpc) -> Iterator[Entry]:
    for eni in model.interfaces_on(host):
        if eni.vpc_id == vpc.id:
            yield from _mapping(model, vpc, eni)


def _mapping(model: Model, vpc: Vpc, eni: NetworkInterface) -> Iterator[Entry]:
    for address in eni.addresses:
        match = {"vpc": vpc.number, "address": data_plane_address(address)}
        yield Entry("mapping", match, "to_host", host=model.hosts[eni.host_id].address, eni=eni.number)


def _moves(model: Model, host: PhysicalHost, plan: MappingPlan) -> Iterator[Entry]:
    for move in plan.moves:
        eni = model.network_interfaces[move.eni_id]
        match = {"vpc": model.vpcs[eni.vpc_id].number, "eni": eni.number}
        if move.old_host_id == host.id:
            yield Entry("moved_eni", match, "moved_to", host=model.hosts[eni.host_id].address)
        if eni.host_id == host.id:
            old = model.hosts[move.old_host_id].address
            yield Entry("trusted_redirect", {**match, "host": old}, "passes_on")
