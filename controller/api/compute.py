"""Routes for network interfaces and the instances that have them."""

from __future__ import annotations

from typing import Any

from controller.actions import instances as instance_actions
from controller.actions import network_interfaces as eni_actions
from controller.api.gate import Once, Operator, TheGate, Who
from controller.api.routes import Filter, Limit, NextToken, describable, router_for
from controller.api.schemas import (
    VIEWS,
    Answer,
    AnyAddress,
    AssignAddresses,
    Attach,
    CreateNetworkInterface,
    ModifyInstance,
    ModifyNetworkInterface,
    One,
    Page,
    RunInstance,
)
from controller.model import Instance, NetworkInterface
from controller.model.transaction import Transaction, find

AnInterface, AnInstance = One[VIEWS[NetworkInterface]], One[VIEWS[Instance]]

network_interfaces = router_for("network-interfaces", "Network interfaces")
instances = router_for("instances", "Instances")

describable(network_interfaces, NetworkInterface, "NetworkInterfaces")
describable(instances, Instance, "Instances")


@network_interfaces.get("", response_model=Page[VIEWS[NetworkInterface]], operation_id="ListNetworkInterfaces")
async def list_network_interfaces(
    gate: TheGate,
    who: Who,
    subnet_id: Filter = None,
    vpc_id: Filter = None,
    instance_id: Filter = None,
    limit: Limit = 100,
    next_token: NextToken = None,
) -> Any:
    """The network interfaces of the caller that fit all filters, by id."""
    filters = {"instance": instance_id, "subnet": subnet_id, "vpc": vpc_id}
    return gate.page(who, NetworkInterface, filters, limit, next_token)


@network_interfaces.post("", status_code=201, response_model=AnInterface, operation_id="CreateNetworkInterface")
async def create_network_interface(body: CreateNetworkInterface, gate: TheGate, who: Who, once: Once) -> Any:
    """Makes a network interface that no instance has yet."""
    return gate.create(
        once,
        who,
        body,
        lambda tx: eni_actions.create_network_interface(
            tx,
            body.subnet_id,
            private_ip_address=body.private_ip_address,
            ipv6_addresses=body.ipv6_addresses,
            ipv6_address_count=body.ipv6_address_count,
            source_dest_check=body.source_dest_check,
            name=body.name,
        ),
    )


@network_interfaces.patch("/{eni_id}", response_model=AnInterface, operation_id="ModifyNetworkInterface")
async def modify_network_interface(eni_id: str, body: ModifyNetworkInterface, gate: TheGate, who: Who) -> Any:
    """Changes name or source/destination check."""
    return gate.change(
        who,
        "ModifyNetworkInterface",
        lambda tx: eni_actions.modify_network_interface(
            tx, eni_id, name=body.name, source_dest_check=body.source_dest_check
        ),
    )


@network_interfaces.delete("/{eni_id}", response_model=Answer, operation_id="DeleteNetworkInterface")
async def delete_network_interface(eni_id: str, gate: TheGate, who: Who) -> Any:
    """Removes a network interface that no instance has."""
    return gate.remove(who, "DeleteNetworkInterface", lambda tx: eni_actions.delete_network_interface(tx, eni_id))


@network_interfaces.post("/{eni_id}/addresses", response_model=AnInterface, operation_id="AssignAddresses")
async def assign_addresses(eni_id: str, body: AssignAddresses, gate: TheGate, who: Who) -> Any:
    """Adds addresses."""
    return gate.change(
        who,
        "AssignAddresses",
        lambda tx: eni_actions.assign_addresses(
            tx,
            eni_id,
            addresses=body.addresses,
            secondary_count=body.secondary_private_ip_address_count,
            ipv6_count=body.ipv6_address_count,
        ),
    )


@network_interfaces.delete("/{eni_id}/addresses", response_model=AnInterface, operation_id="UnassignAddresses")
async def unassign_addresses(eni_id: str, address: AnyAddress, gate: TheGate, who: Who) -> Any:
    """Takes an address away that is not the primary one."""
    act = eni_actions.unassign_addresses
    return gate.change(who, "UnassignAddresses", lambda tx: act(tx, eni_id, [address]))


@network_interfaces.put("/{eni_id}/attachment", response_model=AnInterface, operation_id="AttachNetworkInterface")
async def attach(eni_id: str, body: Attach, gate: TheGate, who: Who) -> Any:
    """Gives a network interface to an instance."""
    act = eni_actions.attach
    return gate.change(who, "AttachNetworkInterface", lambda tx: act(tx, eni_id, body.instance_id, body.device_index))


@network_interfaces.put("/{eni_id}/plugged", response_model=AnInterface, operation_id="PlugNetworkInterface")
async def plug_network_interface(eni_id: str, gate: TheGate, who: Operator) -> Any:
    """Says that a network interface that moves is plugged in at its new host."""
    eni = find(gate.model, who, NetworkInterface, eni_id)
    gate.plugged(eni.id)
    return gate.one(who, eni)


@network_interfaces.delete("/{eni_id}/attachment", response_model=AnInterface, operation_id="DetachNetworkInterface")
async def detach(eni_id: str, gate: TheGate, who: Who) -> Any:
    """Takes a network interface from its instance."""
    return gate.change(who, "DetachNetworkInterface", lambda tx: eni_actions.detach(tx, eni_id))


@instances.get("", response_model=Page[VIEWS[Instance]], operation_id="ListInstances")
async def list_instances(
    gate: TheGate, who: Who, name: Filter = None, limit: Limit = 100, next_token: NextToken = None
) -> Any:
    """The instances of the caller, by id."""
    return gate.page(who, Instance, {"name": name}, limit, next_token)


@instances.post("", status_code=201, response_model=AnInstance, operation_id="RunInstance")
async def run_instance(body: RunInstance, gate: TheGate, who: Who, once: Once) -> Any:
    """Runs an instance with a new network interface."""
    return gate.create(
        once,
        who,
        body,
        lambda tx: instance_actions.run_instance(
            tx,
            body.subnet_id,
            private_ip_address=body.private_ip_address,
            ipv6_address_count=body.ipv6_address_count,
            host_id=body.host_id,
            name=body.name,
        ),
    )


@instances.patch("/{instance_id}", response_model=AnInstance, operation_id="ModifyInstance")
async def modify_instance(instance_id: str, body: ModifyInstance, gate: TheGate, who: Who) -> Any:
    """Gives an instance another name, or moves it to another host."""

    def act(tx: Transaction) -> Instance:
        instance = tx.get(Instance, instance_id)
        if body.host_id is not None:
            instance = instance_actions.move_instance(tx, instance_id, body.host_id)
        if body.name is not None:
            instance = instance_actions.rename_instance(tx, instance_id, body.name)
        return instance

    return gate.change(who, "ModifyInstance", act)


@instances.delete("/{instance_id}", response_model=Answer, operation_id="TerminateInstance")
async def terminate_instance(instance_id: str, gate: TheGate, who: Who) -> Any:
    """Removes an instance with its first network interface."""
    return gate.remove(who, "TerminateInstance", lambda tx: instance_actions.terminate_instance(tx, instance_id))
