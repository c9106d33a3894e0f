"""Moves an instance of the lab to another host, step by step, so that a test can look in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv6Address

from controller.mapping import Change, Mapping
from controller.model import Model, NetworkInterface, PhysicalHost
from controller.model.model import FIRST_ENI_PORT
from controller.plan import Move
from controller.plan.addresses import data_plane_address
from topologies.lab import Lab


class LabMove:
    """One move. The steps are prepare, switch, announce, finish, in this order; the first three lose no packet."""

    def __init__(self, lab: Lab, instance: str, to: str) -> None:
        self._lab = lab
        model = lab.region.model
        self._eni = model.interface_of(model.instance(instance))
        self._vpc = model.vpcs[self._eni.vpc_id].number
        self._old = model.hosts[self._eni.host_id]
        self._new = lab.region.host(to)

    def prepare(self) -> list[Change]:
        """Every holder learns that the new host may send from the addresses too."""
        return self._tell(self._old, self._new)

    def switch(self) -> None:
        """The instance runs on the new host from here on; the old one passes on what still arrives."""
        model = self._lab.region.model
        ports = [eni.port for eni in model.interfaces_on(self._new)]
        moved = replace(self._eni, host_id=self._new.id, port=max([FIRST_ENI_PORT - 1, *ports]) + 1)
        self._lab.adopt(_with(model, moved), (Move(self._eni.id, self._old.id),))

    def announce(self) -> list[Change]:
        """The new host learns what the old one knew of the VPC; then every holder sends to the new host."""
        lab = self._lab
        lab.tell(lab.mapping_service.hand_over(lab.now, self._vpc, self._old.address, self._new.address))
        return self._tell(self._new, self._old)

    def finish(self) -> None:
        """The old host forgets the instance."""
        self._lab.adopt(self._lab.region.model, ())

    def _tell(self, host: PhysicalHost, other: PhysicalHost) -> list[Change]:
        changes = []
        for address in self._addresses():
            version = self._lab.mapping_service.mapping(self._vpc, address).version + 1
            mapping = Mapping(host.address, self._eni.number, version, other=other.address)
            change, outgoing = self._lab.mapping_service.change(self._lab.now, self._vpc, address, mapping)
            self._lab.tell(outgoing)
            changes.append(change)
        return changes

    def _addresses(self) -> Iterator[IPv6Address]:
        return map(data_plane_address, self._eni.addresses)


def _with(model: Model, eni: NetworkInterface) -> Model:
    return Model([*model.resources(), eni])
