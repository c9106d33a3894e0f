"""Routes that look into running switches: explanations for operators, drops and traffic for owners of interfaces."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from controller.api.gate import Gate, Operator, TheGate, Who
from controller.api.routes import Filter, router_for
from controller.api.schemas import AnyAddress
from controller.errors import RequestError
from controller.explain import Hop, Step, Walk
from controller.explain.frame import MAX_LENGTH, PacketWish, frame_of
from controller.model import Instance, NetworkInterface
from controller.model.transaction import Caller, find

Port = Annotated[int, Field(ge=0, le=65535)]


class ExplainPacket(BaseModel):
    """A packet that an interface sends: in words, or as a whole Ethernet frame."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source_id: Annotated[str, Field(max_length=64, description="an instance (its first interface) or an interface")]
    destination: AnyAddress | None = None
    protocol: Annotated[str, Field(max_length=16)] = "icmp"
    source: Annotated[AnyAddress | None, Field(description="another source address than the interface's own")] = None
    source_port: Port = 40000
    destination_port: Port = 80
    flags: Annotated[str, Field(max_length=8, description="of TCP: some of FSRPAUEC")] = "S"
    length: Annotated[int | None, Field(ge=20, le=MAX_LENGTH, description="bytes of the IP packet")] = None
    frame: Annotated[str | None, Field(max_length=2 * 9216, pattern="^([0-9a-fA-F]{2})*$")] = None
    live: Annotated[bool, Field(description="really send it, behind the explanation")] = False


class StepView(BaseModel):
    """One thing that the packet did: `text` says it, `kind`, `name` and `action` are for programs."""

    text: str
    kind: str
    name: str
    number: int
    hit: bool
    action: str
    plugin: str


class HopView(BaseModel):
    """What happened in one switch."""

    host: str
    port: int
    steps: list[StepView]
    verdicts: list[str]


class Arrival(BaseModel):
    """A packet that reached an instance."""

    at: str
    packet: str


class DropView(BaseModel):
    """A packet that was dropped."""

    host: str
    reason: str


class WalkView(BaseModel):
    """The way of the packet."""

    hops: list[HopView]
    delivered: list[Arrival]
    dropped: list[DropView]


class DropCountView(BaseModel):
    """Packets of an interface, or to it, that were dropped for one reason."""

    host: str | None
    network_interface_id: str
    reason: str
    packets: int
    bytes: int


class TrafficView(BaseModel):
    """What an interface has sent and got."""

    host: str | None
    network_interface_id: str
    packets_out: int
    bytes_out: int
    packets_in: int
    bytes_in: int


explanations = router_for("explanations", "Explanations (operators)")
drops = router_for("drops", "Drops")
traffic = router_for("traffic", "Traffic")


@explanations.post("", response_model=WalkView, operation_id="ExplainPacket")
async def explain_packet(body: ExplainPacket, gate: TheGate, who: Operator) -> Any:
    """The way that a packet would take now, switch by switch."""
    eni = _interface(gate, who, body.source_id)
    if gate.observatory is None:
        raise RequestError("IncorrectState", "This controller programs no switch")
    walk = await gate.observatory.explain(eni, _frame(eni, body), live=body.live)
    return _walk_view(walk, set(gate.plugin_names()))


@drops.get("", response_model=list[DropCountView], operation_id="ListDrops")
async def list_drops(gate: TheGate, who: Who, network_interface_id: Filter = None) -> Any:
    """What routers dropped of the caller's interfaces and why, the most first."""
    wanted = _interfaces(gate, who, network_interface_id)
    found = await gate.observatory.drops(wanted) if gate.observatory else []
    return [_seen(who, asdict(count)) for count in found]


@traffic.get("", response_model=list[TrafficView], operation_id="ListTraffic")
async def list_traffic(gate: TheGate, who: Who, network_interface_id: Filter = None) -> Any:
    """What the caller's interfaces have sent and got since their routers started."""
    wanted = _interfaces(gate, who, network_interface_id)
    found = await gate.observatory.traffic(wanted) if gate.observatory else []
    return [_seen(who, asdict(one)) for one in found]


def _interface(gate: Gate, who: Caller, source_id: str) -> NetworkInterface:
    if source_id.startswith("i-"):
        return gate.model.interface_of(find(gate.model, who, Instance, source_id, "source_id"))
    return find(gate.model, who, NetworkInterface, source_id, "source_id")


def _interfaces(gate: Gate, who: Caller, eni_id: str | None) -> list[NetworkInterface]:
    if eni_id is not None:
        return [find(gate.model, who, NetworkInterface, eni_id, "network_interface_id")]
    return [eni for eni in gate.model.network_interfaces.values() if eni.host_id and who.may_see(eni)]


def _frame(eni: NetworkInterface, body: ExplainPacket) -> bytes:
    if body.frame is not None:
        return bytes.fromhex(body.frame)
    if body.destination is None:
        raise RequestError("MissingParameter", "Say where the packet goes, or give a whole frame", "destination")
    wish = PacketWish(
        destination=body.destination,
        protocol=body.protocol,
        source=body.source,
        source_port=body.source_port,
        destination_port=body.destination_port,
        flags=body.flags,
        length=body.length,
    )
    return frame_of(eni, wish)


def _seen(who: Caller, document: dict[str, Any]) -> dict[str, Any]:
    """A customer does not see where things run."""
    return document if who.is_operator else document | {"host": None}


def _walk_view(walk: Walk, plugins: set[str]) -> WalkView:
    return WalkView(
        hops=[_hop_view(hop, plugins) for hop in walk.hops],
        delivered=[Arrival(at=name, packet=data.hex()) for name, data in walk.delivered],
        dropped=[DropView(host=host, reason=reason) for host, reason in walk.dropped],
    )


def _hop_view(hop: Hop, plugins: set[str]) -> HopView:
    steps = [_step_view(step, plugins) for step in hop.steps]
    return HopView(host=hop.host, port=hop.port, steps=steps, verdicts=list(hop.verdicts))


def _step_view(step: Step, plugins: set[str]) -> StepView:
    owner = step.name.partition(".")[0]
    return StepView(
        text=str(step),
        kind=step.kind,
        name=step.name,
        number=step.number,
        hit=step.hit,
        action=step.action,
        plugin=owner if owner in plugins else "",
    )
