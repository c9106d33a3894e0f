"""What a router holds about who hosts which address, by the region's miss policy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address
from typing import Literal

from controller.model import Model, NetworkInterface, PhysicalHost, Vpc
from controller.p4rt import Entry
from controller.plan.addresses import data_plane_address

Policy = Literal["preload", "on-demand", "gateway"]
Phase = Literal["prepare", "switched", "announced"]


@dataclass(frozen=True)
class Move:
    """An interface on its way between hosts: the model has it on the new one already.

    `prepare`: others learn that it may send from both; `switched`: the new host has it and the old one passes on what
    still arrives; `announced`: others send to the new one.
    """

    eni_id: str
    old_host_id: str
    old_port: int = 0
    phase: Phase = "announced"


@dataclass(frozen=True)
class MappingPlan:
    """The region's miss policy, the mapping service's underlay address, the gateway, and moves under way.

    `key` is secret: each router's cache is hashed with a secret of its own made from it. `lost` are the hosts whose
    switches do not answer.
    """

    policy: Policy = "preload"
    service: IPv4Address = field(default=IPv4Address("172.31.255.1"))
    gateway_host_id: str = ""
    key: bytes = b""
    moves: tuple[Move, ...] = ()
    lost: frozenset[str] = frozenset()

    def alive(self, host_ids: Iterable[str]) -> set[str]:
        """Those of the hosts whose switches answer; when none does, the fault is the controller's: all of them."""
        hosts = set(host_ids)
        return hosts - self.lost or hosts

    def secret(self, host: PhysicalHost) -> int:
        """The 64 bits that key the hash of a host's cache."""
        return int.from_bytes(hashlib.blake2b(host.id.encode(), key=self.key, digest_size=8).digest(), "big")

    def serves(self, host: PhysicalHost) -> bool:
        """Whether the host is the gateway, which knows all."""
        return self.policy != "preload" and host.id == self.gateway_host_id

    def holds_everything(self, host: PhysicalHost) -> bool:
        """Whether the host holds all mappings of its VPCs."""
        return self.policy == "preload" or self.serves(host)

    def move_of(self, eni_id: str) -> Move | None:
        """How an interface moves, or None when it does not."""
        return self._by_interface.get(eni_id)

    def moved_from(self, host: PhysicalHost) -> tuple[str, ...]:
        """The interfaces that are moving away from a host."""
        return self._by_host.get(host.id, ())

    @cached_property
    def _by_interface(self) -> dict[str, Move]:
        return {move.eni_id: move for move in self.moves}

    @cached_property
    def _by_host(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for move in self.moves:
            found[move.old_host_id] = (*found.get(move.old_host_id, ()), move.eni_id)
        return found


def mapping_entries(model: Model, host: PhysicalHost, plan: MappingPlan) -> Iterator[Entry]:
    """The mappings, the policy of each VPC, and whom to believe: everything, subject by subject."""
    yield from server_entries(plan)
    vpc_ids = mapped_vpcs(model, host, plan)
    for vpc_id in vpc_ids:
        yield from policy_entries(model, model.vpcs[vpc_id], host, plan)
    own = {eni.id: eni for eni in model.interfaces_on(host)}
    own |= {eni_id: model.network_interfaces[eni_id] for eni_id in plan.moved_from(host)}
    if plan.holds_everything(host):
        own |= {eni.id: eni for vpc_id in vpc_ids for eni in model.interfaces_by_vpc.get(vpc_id, ())}
    for eni in own.values():
        yield from mapping_of_interface(model, eni, host, plan)


def mapped_vpcs(model: Model, host: PhysicalHost, plan: MappingPlan) -> list[str]:
    """The VPCs that a host has to do with: those of its interfaces, those that move away, or all for the gateway."""
    if plan.serves(host):
        return list(model.vpcs)
    ids = {eni.vpc_id for eni in model.interfaces_on(host)}
    ids |= {model.network_interfaces[eni_id].vpc_id for eni_id in plan.moved_from(host)}
    ids |= {peer.id for vpc_id in ids for peer in model.peers(model.vpcs[vpc_id])}
    return sorted(ids)


def server_entries(plan: MappingPlan) -> Iterator[Entry]:
    """Whose answers the router believes."""
    if plan.policy == "on-demand":
        yield Entry("mapping_server", {"address": plan.service}, "server")


def policy_entries(model: Model, vpc: Vpc, host: PhysicalHost, plan: MappingPlan) -> Iterator[Entry]:
    """What the router does with addresses of a VPC that it does not know, and which gateway it believes."""
    match = {"vpc": vpc.number}
    if plan.serves(host):
        yield Entry("mapping_policy", match, "serve")
        return
    gateway = model.underlay_address(plan.gateway_host_id) if plan.gateway_host_id in model.hosts else None
    if plan.policy == "on-demand":
        secret = plan.secret(host)
        yield Entry("mapping_policy", match, "on_demand", secret=secret, service=plan.service, gateway=gateway or 0)
    if plan.policy == "gateway" and gateway:
        yield Entry("mapping_policy", match, "by_gateway", gateway=gateway)
    if plan.policy != "preload" and gateway:
        yield Entry("trusted_gateway", {"vpc": vpc.number, "host": gateway}, "gateway")


def mapping_of_interface(model: Model, eni: NetworkInterface, host: PhysicalHost, plan: MappingPlan) -> Iterator[Entry]:
    """Where a host sends what is for an interface, from where it believes it, and what it passes on while it moves."""
    if not eni.host_id:
        return
    vpc = model.number(Vpc, eni.vpc_id)
    move = plan.move_of(eni.id)
    home = model.underlay_address(_home(eni, host, move))
    for address in eni.addresses:
        match = {"vpc": vpc, "address": data_plane_address(address)}
        yield Entry("mapping", match, "to_host", host=home, eni=eni.number)
    match = {"vpc": vpc, "eni": eni.number}
    if plan.holds_everything(host):
        for place in sorted({eni.host_id, move.old_host_id if move else eni.host_id} - {host.id}):
            source = {"eni": eni.number, "host": model.underlay_address(place)}
            for number in (vpc, *(peer.number for peer in model.peers(model.vpcs[eni.vpc_id]))):
                yield Entry("trusted_source", {"vpc": number, **source}, "trusted")
    if move is None:
        return
    if host.id == move.old_host_id and move.phase != "prepare":
        yield Entry("moved_eni", match, "moved_to", host=model.underlay_address(eni.host_id))
    if host.id == eni.host_id:
        old = model.underlay_address(move.old_host_id)
        yield Entry("trusted_redirect", {**match, "host": old}, "passes_on")


def _home(eni: NetworkInterface, host: PhysicalHost, move: Move | None) -> str:
    """Where a host sends to at this moment of a move: first its two ends change their minds, then all others."""
    if move is None or move.phase == "announced":
        return eni.host_id
    ends = (eni.host_id, move.old_host_id)
    return eni.host_id if move.phase == "switched" and host.id in ends else move.old_host_id
