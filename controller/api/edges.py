"""Routes for the ports of edges to networks outside: the operator's."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from controller.actions import hosts as host_actions
from controller.api.gate import Operator, TheGate
from controller.api.routes import Limit, NextToken, router_for
from controller.api.schemas import VIEWS, Answer, Mac, One, Page, V4Address, V6Address
from controller.model import EdgePort, PhysicalHost
from controller.model.transaction import find

OutsidePort = Annotated[int, Field(ge=16, le=500)]


class SetEdgePort(BaseModel):
    """How an edge reaches a network outside by one of its ports; `next_hop` is the MAC of the router there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: OutsidePort
    network: Literal["internet"] = "internet"
    mac: Mac
    next_hop: Mac
    address: V4Address
    ipv6_address: V6Address | None = None
    mtu: Annotated[int, Field(ge=1280, le=9001)] = 1500


AnEdgePort = One[VIEWS[EdgePort]]

edge_ports = router_for("hosts", "Edges (operators)")


@edge_ports.get("/{host_id}/edge-ports", response_model=Page[VIEWS[EdgePort]], operation_id="ListEdgePorts")
async def list_edge_ports(
    host_id: str, gate: TheGate, who: Operator, limit: Limit = 100, next_token: NextToken = None
) -> Any:
    """The ports of an edge to networks outside."""
    host = find(gate.model, who, PhysicalHost, host_id)
    return gate.page(who, EdgePort, {"host": host.id}, limit, next_token)


@edge_ports.put("/{host_id}/edge-ports", response_model=AnEdgePort, operation_id="SetEdgePort")
async def set_edge_port(host_id: str, body: SetEdgePort, gate: TheGate, who: Operator) -> Any:
    """Says how an edge reaches a network outside."""
    return gate.change(who, "SetEdgePort", lambda tx: host_actions.set_edge_port(tx, host_id, **body.model_dump()))


@edge_ports.delete("/{host_id}/edge-ports", response_model=Answer, operation_id="DeleteEdgePort")
async def delete_edge_port(host_id: str, port: OutsidePort, gate: TheGate, who: Operator) -> Any:
    """Removes a port of an edge; flows to the network take the others."""
    return gate.remove(who, "DeleteEdgePort", lambda tx: host_actions.delete_edge_port(tx, host_id, port))
