"""Feeds the mapping service from the region: what is there at the start, and then change by change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Address

from controller.mapping import Mapping
from controller.mapping.histogram import Histogram
from controller.mapping.server import MappingServer
from controller.mapping.table import NOWHERE
from controller.model import Change, Model, NetworkInterface, PhysicalHost, Vpc, VpcPeeringConnection
from controller.model.resources import Address
from controller.plan.addresses import data_plane_address
from controller.plan.mapping import MappingPlan

Place = tuple[str, Address]  # VPC id and address


class MappingFeed:
    """Tells a mapping server what the model has. `version` gives numbers that never were."""

    def __init__(self, server: MappingServer, model: Model, version: Callable[[], int]) -> None:
        self._server = server
        self._model = model
        self._version = version
        self._numbers: dict[str, int] = {}  # of VPCs, also of those that are gone

    @property
    def latency(self) -> Histogram:
        """From a change to the last holder that has it."""
        return self._server.service.latency

    def load(self, *, assume_holders: bool) -> None:
        """Takes over the whole region. With `assume_holders` its hosts may have been told by a service before this."""
        service = self._server.service
        service.set_peerings(self._model.peerings())
        service.begin(self._version())
        version = self._version()
        for host_id in self._model.hosts:
            for eni in self._model.interfaces_by_host.get(host_id, ()):
                mapping = Mapping(self._model.hosts[host_id].address, eni.number, version)
                for address in eni.addresses:
                    service.load(self._number(eni.vpc_id), data_plane_address(address), mapping)
        gateway = self._model.hosts.get(self._model.settings.gateway_host_id)
        service.assume_holders(
            lambda address: not assume_holders or (gateway is not None and address == gateway.address)
        )

    def places(self, changes: Iterable[Change]) -> set[Place]:
        """The addresses that changes concern; peerings become valid at once."""
        changes = tuple(changes)
        if any(isinstance(change.subject, VpcPeeringConnection) for change in changes):
            self._server.service.set_peerings(self._model.peerings())
        return {place for change in changes for place in self._places(change)}

    async def push(self, places: Iterable[Place], plan: MappingPlan) -> None:
        """Tells all who hold something about these places how they are now, and returns when they know or are fenced.

        While an interface moves, its place is as the plan says.
        """
        changes = []
        for vpc_id, address in sorted(places, key=str):
            mapping = self._mapping(vpc_id, address, plan)
            changes += self._server.tell(self._number(vpc_id), data_plane_address(address), mapping)
        if changes:
            await asyncio.gather(*changes)

    def settle(self, places: Iterable[Place], plan: MappingPlan) -> None:
        """Notes how places are now that a move is over, for answers to come; nobody has to know at once."""
        for vpc_id, address in places:
            mapping = self._mapping(vpc_id, address, plan)
            self._server.service.load(self._number(vpc_id), data_plane_address(address), mapping)

    def hand_over(self, eni: NetworkInterface, old_host_id: str) -> None:
        """Tells the new host of an interface what the old one knew of the VPC."""
        hosts = self._model.hosts
        if old_host_id in hosts and eni.host_id in hosts:
            ends = (hosts[old_host_id].address, hosts[eni.host_id].address)
            self._server.hand_over(self._number(eni.vpc_id), *ends)

    def _places(self, change: Change) -> Iterator[Place]:
        for version in (change.before, change.after):
            if isinstance(version, Vpc):
                self._numbers[version.id] = version.number
            elif isinstance(version, NetworkInterface) and version.host_id:
                yield from ((version.vpc_id, address) for address in version.addresses)
            elif isinstance(version, PhysicalHost) and change.before is not None and change.after is not None:
                for eni in self._model.interfaces_on(version):
                    yield from ((eni.vpc_id, address) for address in eni.addresses)

    def _mapping(self, vpc_id: str, address: Address, plan: MappingPlan) -> Mapping:
        eni = self._model.interface_at(vpc_id, address)
        if eni is None or not eni.host_id:
            return Mapping(NOWHERE, 0, self._version())
        move = plan.move_of(eni.id)
        new = self._address(eni.host_id)
        old = new if move is None else self._address(move.old_host_id)
        host, other = (new, old) if move is None or move.phase == "announced" else (old, new)
        return Mapping(host, eni.number, self._version(), other=other if other != host else NOWHERE)

    def _address(self, host_id: str) -> IPv4Address:
        return self._model.hosts[host_id].address

    def _number(self, vpc_id: str) -> int:
        vpc = self._model.vpcs.get(vpc_id)
        if vpc is not None:
            self._numbers[vpc_id] = vpc.number
        return self._numbers[vpc_id]
