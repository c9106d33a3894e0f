"""The region `internet` in the lab, with gateways attached and an elastic address for the web server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path

from scapy.packet import Packet

from controller.loader import Manifest, read_manifest
from controller.model import Account, NetworkInterface, Vpc
from controller.model.ids import stable_id
from plugins.internet_gateway.gateways import Address
from topologies.lab import Lab
from topologies.packets import built
from topologies.region import Region, load_region

PLUGIN = Path(__file__).parents[2] / "plugins/internet_gateway"
PUBLIC, SERVER, EDGES = "203.0.113.10", "192.0.2.80", ("198.18.0.11", "198.18.0.12")
WEB, APP, DB, QUIET = "10.0.1.5", "10.0.1.6", "10.0.2.5", "10.0.1.5"
WEB6, APP6, DB6, QUIET6 = "2001:db8:10:1::5", "2001:db8:10:1::6", "2001:db8:10:2::5", "2001:db8:20:1::5"
SERVER6 = "2001:db8:cafe::80"


class Internet:
    """A running lab of the region."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.plugin = lab.plugin("internet_gateway")
        self._allocate()

    def interface(self, instance: str) -> NetworkInterface:
        """The network interface of an instance."""
        model = self.lab.region.model
        return model.interface_of(model.instance(instance))

    def vpc(self, name: str) -> Vpc:
        """A VPC by its name."""
        return self.lab.region.model.vpcs[stable_id("vpc", name)]

    def address(self, public: str = PUBLIC) -> Address:
        """An elastic address."""
        found = self.lab.region.model.group(Address, "public_ip", IPv4Address(public))
        return found[0]

    def associate(self, instance: str, public: str = PUBLIC, *, again: bool = False) -> None:
        """Binds an elastic address to an instance."""
        with self.lab.transaction() as tx:
            eni = self.interface(instance)
            self.plugin.associate_address(
                tx, self.address(public), network_interface_id=eni.id, allow_reassociation=again
            )

    def disassociate(self, public: str = PUBLIC) -> None:
        """Takes an elastic address from its instance."""
        with self.lab.transaction() as tx:
            self.plugin.disassociate_address(tx, self.address(public))

    def _allocate(self) -> None:
        with self.lab.transaction() as tx:
            account = tx.put(Account(self.vpc("red").account_id, "red"))
            spare = IPv4Address("203.0.113.11")
            self.plugin.allocate_address(tx, address=spare, account_id=account.id)


@contextmanager
def internet(region: Region | None = None, plugins: Sequence[Manifest] = ()) -> Iterator[Internet]:
    """Runs the region."""
    with Lab(region or load_region("internet"), [read_manifest(PLUGIN), *plugins]) as lab:
        yield Internet(lab)


def passed_on(packet: Packet, **fields: object) -> Packet:
    """The packet one hop on, with other fields of its IP header; all checksums are computed from nothing."""
    copy = packet.copy()
    for layer in copy.iterpayloads():
        for name in ("chksum", "cksum"):
            if name in layer.fields:
                delattr(layer, name)
    if "ttl" in copy.fields:
        copy.ttl -= 1
    else:
        copy.hlim -= 1
    for name, value in fields.items():
        setattr(copy, name, value)
    return built(copy)
