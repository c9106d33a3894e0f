"""Internet gateways as AWS has them: actions, what follows from changes, and the entries of routers and edges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from controller.model import GatewayAttachment, Model, NetworkInterface, Resource, Vpc
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
    deletes,
    modifies,
    new_id,
)

from .described import gateways_described
from .elastic import addresses_in, allocated, attachment_of, bound, unbound
from .gateways import Address, AddressPool, EgressOnlyInternetGateway, InternetGateway
from .routers import edge_entries, egress_only_entries, ipv6_entries, is_global, router_entries

Gateway = InternetGateway | EgressOnlyInternetGateway


class InternetGateways(Plugin):
    """The ways of VPCs to the internet, and back."""

    resources = (InternetGateway, EgressOnlyInternetGateway, AddressPool, Address)
    sections = ("address_pools", "internet_gateway", "egress_only_internet_gateway", "public_ip")

    # -- gateways ---------------------------------------------------------------------------------------------------

    @creates(InternetGateway)
    def create_internet_gateway(
        self, tx: Transaction, *, name: str = "", account_id: str | None = None
    ) -> InternetGateway:
        """Makes an internet gateway that is not attached yet."""
        return tx.put(InternetGateway(id=new_id("igw"), name=name, account_id=tx.owner(account_id)))

    @modifies(InternetGateway)
    def modify_internet_gateway(
        self, tx: Transaction, gateway: InternetGateway, *, name: str | None = None
    ) -> InternetGateway:
        """Gives the gateway another name."""
        return gateway if name is None else tx.put(replace(gateway, name=name))

    @action(InternetGateway, "attach")
    def attach_internet_gateway(self, tx: Transaction, gateway: InternetGateway, *, vpc_id: str) -> InternetGateway:
        """Joins a VPC to the internet; its route tables still have to lead to the gateway."""
        vpc = tx.get(Vpc, vpc_id, "vpc_id")
        if gateway.vpc_id:
            text = f"'{gateway.id}' is already attached to '{gateway.vpc_id}'"
            raise RequestError("Resource.AlreadyAssociated", text)
        if gateway.account_id != vpc.account_id:
            raise RequestError(Vpc.NOT_FOUND, f"The Vpc '{vpc_id}' does not exist", "vpc_id")
        return tx.put(replace(gateway, vpc_id=vpc.id))

    @action(InternetGateway, "detach")
    def detach_internet_gateway(self, tx: Transaction, gateway: InternetGateway) -> InternetGateway:
        """Takes the gateway from its VPC, in which no elastic address may be in use."""
        if not gateway.vpc_id:
            raise RequestError("Gateway.NotAttached", f"'{gateway.id}' is not attached")
        if next(addresses_in(tx.model, gateway.vpc_id), None) is not None:
            text = f"Network {gateway.vpc_id} has some mapped public address(es)"
            raise RequestError("DependencyViolation", text)
        return tx.put(replace(gateway, vpc_id=""))

    @deletes(InternetGateway)
    def delete_internet_gateway(self, tx: Transaction, gateway: InternetGateway) -> None:
        """Removes a gateway that is not attached; routes to it become black holes."""
        if gateway.vpc_id:
            raise RequestError("DependencyViolation", f"'{gateway.id}' is attached to '{gateway.vpc_id}'")
        tx.delete(gateway)

    @creates(EgressOnlyInternetGateway)
    def create_egress_only_internet_gateway(
        self, tx: Transaction, *, vpc_id: str, name: str = ""
    ) -> EgressOnlyInternetGateway:
        """Makes an egress-only gateway of a VPC."""
        vpc = tx.get(Vpc, vpc_id, "vpc_id")
        gateway = EgressOnlyInternetGateway(id=new_id("eigw"), name=name, vpc_id=vpc.id, account_id=vpc.account_id)
        return tx.put(gateway)

    @deletes(EgressOnlyInternetGateway)
    def delete_egress_only_internet_gateway(self, tx: Transaction, gateway: EgressOnlyInternetGateway) -> None:
        """Removes the gateway; routes to it become black holes."""
        tx.delete(gateway)

    # -- addresses --------------------------------------------------------------------------------------------------

    @creates(AddressPool)
    def create_address_pool(self, tx: Transaction, *, cidr_block: IPv4Network, name: str = "") -> AddressPool:
        """Gives the region public addresses (operators)."""
        tx.require_operator()
        for pool in tx.model.table(AddressPool).values():
            if pool.cidr_block.overlaps(cidr_block):
                text = f"{cidr_block} overlaps {pool.cidr_block} of '{pool.id}'"
                raise RequestError("InvalidParameterValue", text, "cidr_block")
        return tx.put(AddressPool(id=new_id("ipv4pool"), name=name, cidr_block=cidr_block, account_id=""))

    @deletes(AddressPool)
    def delete_address_pool(self, tx: Transaction, pool: AddressPool) -> None:
        """Takes public addresses away that nobody has (operators)."""
        tx.require_operator()
        if tx.model.count(Address, "pool_id", pool.id):
            raise RequestError("DependencyViolation", f"Addresses of '{pool.id}' are allocated")
        tx.delete(pool)

    @creates(Address)
    def allocate_address(
        self,
        tx: Transaction,
        *,
        pool_id: str = "",
        address: IPv4Address | None = None,
        name: str = "",
        account_id: str | None = None,
    ) -> Address:
        """Takes a public address for the account: the one asked for, or any."""
        return tx.put(allocated(tx, tx.owner(account_id), pool_id, address, name))

    @action(Address, "associate")
    def associate_address(
        self,
        tx: Transaction,
        address: Address,
        *,
        network_interface_id: str,
        private_ip_address: IPv4Address | None = None,
        allow_reassociation: bool = False,
    ) -> Address:
        """Binds the address to one of an interface's private addresses, the primary one by default."""
        eni = tx.get(NetworkInterface, network_interface_id, "network_interface_id")
        if eni.account_id != address.account_id:
            text = f"The NetworkInterface '{eni.id}' does not exist"
            raise RequestError(NetworkInterface.NOT_FOUND, text, "network_interface_id")
        return tx.put(bound(tx, address, eni, private_ip_address, again=allow_reassociation))

    @action(Address, "disassociate")
    def disassociate_address(self, tx: Transaction, address: Address) -> Address:
        """Takes the address from its interface; the account keeps it."""
        if not address.network_interface_id:
            raise RequestError("InvalidAssociationID.NotFound", f"'{address.public_ip}' is not associated")
        return tx.put(unbound(address))

    @deletes(Address)
    def release_address(self, tx: Transaction, address: Address) -> None:
        """Gives the address back to its pool."""
        if address.network_interface_id:
            text = f"'{address.public_ip}' is in use by '{address.network_interface_id}'"
            raise RequestError("InvalidIPAddress.InUse", text)
        tx.delete(address)

    # -- what follows -----------------------------------------------------------------------------------------------

    def on_change(self, tx: Transaction, before: Resource | None, after: Resource | None) -> None:
        """Attaches gateways, and frees elastic addresses whose interface, or private address, is gone."""
        subject = after or before
        if isinstance(subject, Gateway):
            self._attach(tx, subject, after)
        elif isinstance(subject, NetworkInterface):
            kept = after.addresses if isinstance(after, NetworkInterface) else ()
            for address in tx.model.group(Address, "network_interface_id", subject.id):
                if address.private_ip_address not in kept:
                    tx.put(unbound(address))
        elif isinstance(after, Vpc) and attached(tx.model, after.id):
            check_ranges(tx.model, after)
        elif isinstance(before, Vpc) and after is None:
            for gateway in tx.model.group(EgressOnlyInternetGateway, "vpc_id", before.id):
                tx.delete(gateway)

    def _attach(self, tx: Transaction, gateway: Gateway, after: Resource | None) -> None:
        known = attachment_of(tx.model, gateway.id)
        vpc_id = gateway.vpc_id if after is not None else ""
        if known is not None and known.vpc_id != vpc_id:
            tx.delete(known)
            known = None
        if not vpc_id or known is not None:
            return
        vpc = tx.model.vpcs[vpc_id]
        if len(tx.model.group(type(gateway), "vpc_id", vpc_id)) > 1:
            kind = "an internet gateway" if isinstance(gateway, InternetGateway) else "an egress-only gateway"
            raise RequestError("InvalidParameterValue", f"Network {vpc_id} already has {kind} attached", "vpc_id")
        number = tx.model.free_number(GatewayAttachment)
        if number is None:
            raise RequestError("InternetGatewayLimitExceeded", "All numbers of the data plane are taken")
        tx.put(GatewayAttachment(gateway.id, number, vpc_id, gateway.account_id))
        check_ranges(tx.model, vpc)

    # -- entries ----------------------------------------------------------------------------------------------------

    def entries(self, model: Model, node: Node) -> Iterable[Entry]:
        """In routers, who may be reached from the internet; in edges, the addresses."""
        if node.program == "blackfoot":
            yield from edge_entries(model, node)
            yield from ipv6_entries(model)
        elif node.program == "vrouter":
            yield from egress_only_entries(model)
            for eni in model.interfaces_on(node.host):
                yield from router_entries(model, eni)

    def described(self, model: Model, sections: Sequence[Section]) -> Iterable[PluginResource]:
        """Pools, gateways and elastic addresses of a region description."""
        return gateways_described(model, sections)


def attached(model: Model, vpc_id: str) -> bool:
    """Whether edges serve the VPC."""
    return bool(model.group(GatewayAttachment, "vpc", vpc_id))


def check_ranges(model: Model, vpc: Vpc) -> None:
    """RequestError when another VPC that is joined to the internet has the same IPv6 addresses."""
    others = {attachment.vpc_id for attachment in model.table(GatewayAttachment).values()} - {vpc.id}
    mine = [block for block in vpc.cidr_blocks if is_global(block)]
    for other_id in sorted(others):
        for block in model.vpcs[other_id].cidr_blocks:
            if any(block.version == own.version and block.overlaps(own) for own in mine):  # type: ignore[arg-type]
                text = f"The IPv6 range {block} is on the internet already, with another VPC"
                raise RequestError("InvalidVpc.Range", text, "vpc_id")
