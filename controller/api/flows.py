"""Routes of flows: what routers remember of the caller's interfaces."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel

from controller.api.gate import Gate, TheGate, Who
from controller.api.routes import Filter as Text
from controller.api.routes import Limit, router_for
from controller.api.schemas import AnyAddress
from controller.errors import RequestError
from controller.flow_records import Filter, FlowRecord, FlowState
from controller.flow_tables import FlowTables
from controller.model import NetworkInterface, PhysicalHost
from controller.model.transaction import Caller, find

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}

Port = Annotated[int | None, Query(ge=1, le=65535)]
Address = Annotated[AnyAddress | None, Query()]


class TrafficOf(BaseModel):
    """What a flow has sent in one direction."""

    packets: int
    octets: int
    tcp_flags: int


class WindowOf(BaseModel):
    """What one side of a TCP flow has sent (`end`) and may send (`most`): sequence numbers."""

    end: int
    most: int
    offered: int
    acknowledged: int
    scale: int


class FlowView(BaseModel):
    """A flow as the router of an interface remembers it."""

    host: str | None
    network_interface_id: str
    protocol: int
    local: str
    local_port: int
    remote: str
    remote_port: int
    state: str
    outbound: bool
    seen_reply: bool
    age: float
    expires_in: float
    leaving: TrafficOf
    coming: TrafficOf
    local_window: WindowOf | None
    remote_window: WindowOf | None


class Deleted(BaseModel):
    """How many records were removed."""

    deleted: int


flows = router_for("flows", "Flows")


@flows.get("", response_model=list[FlowView], operation_id="ListFlows")
async def list_flows(
    gate: TheGate,
    who: Who,
    network_interface_id: Text = None,
    host: Text = None,
    protocol: Text = None,
    local: Address = None,
    local_port: Port = None,
    remote: Address = None,
    remote_port: Port = None,
    state: Text = None,
    limit: Limit = 100,
) -> Any:
    """Flows of the caller's interfaces, of those that fit."""
    which = _filter(protocol, local, local_port, remote, remote_port)
    wanted = None if state is None else _state(state)
    most = limit if wanted is None else 1 << 30
    found = await _tables(gate).list(_interfaces(gate, who, network_interface_id, host), which, most)
    fitting = [one for one in found if wanted is None or one[2].state is wanted]
    return [_view(who, *one) for one in fitting[:limit]]


@flows.delete("", response_model=Deleted, operation_id="DeleteFlows")
async def delete_flows(
    gate: TheGate,
    who: Who,
    network_interface_id: Text = None,
    host: Text = None,
    protocol: Text = None,
    local: Address = None,
    local_port: Port = None,
    remote: Address = None,
    remote_port: Port = None,
) -> Any:
    """Removes flows of the caller's interfaces: the next packet of each is a first one again."""
    which = _filter(protocol, local, local_port, remote, remote_port)
    interfaces = _interfaces(gate, who, network_interface_id, host)
    return {"deleted": await _tables(gate).delete(interfaces, which)}


def _tables(gate: Gate) -> FlowTables:
    if gate.flow_tables is None:
        raise RequestError("IncorrectState", "This controller programs no switch")
    return gate.flow_tables


def _interfaces(gate: Gate, who: Caller, eni_id: str | None, host: str | None) -> list[NetworkInterface]:
    if eni_id is not None:
        found = [find(gate.model, who, NetworkInterface, eni_id, "network_interface_id")]
    else:
        found = [eni for eni in gate.model.network_interfaces.values() if eni.host_id and who.may_see(eni)]
    if host is None:
        return found
    if not who.is_operator:
        raise RequestError("UnauthorizedOperation", "Only operators know hosts", "host")
    hosts = gate.model.hosts.values()
    ids = {one.id for one in hosts if host in (one.id, one.name)}
    if not ids:
        raise RequestError("InvalidHostID.NotFound", f"There is no host {host}", "host")
    return [eni for eni in found if eni.host_id in ids]


def _filter(
    protocol: str | None, local: object, local_port: int | None, remote: object, remote_port: int | None
) -> Filter:
    return Filter(
        protocol=None if protocol is None else _protocol(protocol),
        local=None if local is None else str(local),
        remote=None if remote is None else str(remote),
        local_port=local_port,
        remote_port=remote_port,
    )


def _protocol(text: str) -> int:
    number = PROTOCOLS.get(text.lower(), int(text) if text.isascii() and text.isdecimal() else 0)
    if not 0 < number < 256:
        raise RequestError(
            "InvalidParameterValue", f"{text!r} is no protocol: {', '.join(PROTOCOLS)} or 1 to 255", "protocol"
        )
    return number


def _state(text: str) -> FlowState:
    try:
        return FlowState[text.upper().replace("-", "_")]
    except KeyError:
        names = ", ".join(state.name for state in FlowState)
        raise RequestError("InvalidParameterValue", f"{text!r} is no state of a flow: {names}", "state") from None


def _view(who: Caller, host: PhysicalHost, eni: NetworkInterface, record: FlowRecord) -> dict[str, Any]:
    """A customer does not see where things run."""
    windows = record.protocol == PROTOCOLS["tcp"] and record.kind == 0
    return {
        "host": host.name if who.is_operator else None,
        "network_interface_id": eni.id,
        "protocol": record.protocol,
        "local": str(record.local),
        "local_port": record.local_port,
        "remote": str(record.remote),
        "remote_port": record.remote_port,
        "state": record.state.name,
        "outbound": record.outbound,
        "seen_reply": record.seen_reply,
        "age": record.age,
        "expires_in": record.expires_in,
        "leaving": asdict(record.leaving),
        "coming": asdict(record.coming),
        "local_window": asdict(record.local_window) if windows else None,
        "remote_window": asdict(record.remote_window) if windows else None,
    }
