"""The way of a packet through a region, switch by switch, without one packet being sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address

from controller.explain.steps import Step
from controller.model import Model, PhysicalHost
from controller.model.model import FIRST_ENI_PORT

MAX_HOPS = 32
_GENEVE, _MAPPING = 6081, 6082

Ask = Callable[[PhysicalHost, int, bytes], Awaitable[list[Step]]]


@dataclass(frozen=True, slots=True)
class Hop:
    """What happened to a packet in one switch."""

    host: str
    port: int
    steps: tuple[Step, ...]
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """All hops, in order, and what became of the packet: `delivered` has (instance or interface, packet)."""

    hops: tuple[Hop, ...]
    delivered: tuple[tuple[str, bytes], ...]
    dropped: tuple[tuple[str, str], ...]  # (host, reason)


class Walker:
    """Follows packets through the switches of a region. `ask` explains one packet at one switch."""

    def __init__(self, model: Model, ask: Ask) -> None:
        self._model = model
        self._ask = ask
        self._hosts = {host.address: host for host in model.hosts.values()}

    async def walk(self, host: PhysicalHost, port: int, frame: bytes) -> Walk:
        """Everything that a frame causes that enters a host's switch by a port."""
        waiting = deque([(host, port, frame)])
        hops: list[Hop] = []
        delivered: list[tuple[str, bytes]] = []
        dropped: list[tuple[str, str]] = []
        while waiting and len(hops) < MAX_HOPS:
            host, port, frame = waiting.popleft()
            steps = await self._ask(host, port, frame)
            reasons = [step.reason for step in steps if step.reason]
            dropped += [(host.name, reason) for reason in reasons]
            verdicts = [f"dropped: {reason}" for reason in reasons]
            for step in steps:
                if step.kind == "out":
                    verdicts.append(self._leaves(host, step, waiting, delivered))
                elif step.kind == "count" and step.name == "consumed":
                    verdicts.append("kept by the router")
            hops.append(Hop(host.name, port, tuple(steps), tuple(verdicts)))
        return Walk(tuple(hops), tuple(delivered), tuple(dropped))

    def _leaves(
        self,
        host: PhysicalHost,
        step: Step,
        waiting: deque[tuple[PhysicalHost, int, bytes]],
        delivered: list[tuple[str, bytes]],
    ) -> str:
        if step.number >= FIRST_ENI_PORT:
            name = self._behind(host, step.number)
            delivered.append((name, step.packet))
            return f"delivered to {name}"
        address = _outer_destination(step.packet)
        other = self._hosts.get(address) if address is not None else None
        if other is None:
            return f"sent to {address}" if address is not None else f"sent by port {step.number}"
        waiting.append((other, self._arrival(other, host), step.packet))
        return f"sent to {other.name}"

    def _behind(self, host: PhysicalHost, port: int) -> str:
        for eni in self._model.interfaces_on(host):
            if eni.port == port:
                instance = self._model.instances.get(eni.instance_id)
                return eni.id if instance is None else instance.name
        return f"port {port}"

    def _arrival(self, host: PhysicalHost, sender: PhysicalHost) -> int:
        """The port by which a host would answer the sender: where packets from there arrive."""
        routes = self._model.underlay_routes_by_host.get(host.id, ())
        covering = [route for route in routes if sender.address in route.destination]
        return max(covering, key=lambda route: route.destination.prefixlen).port if covering else 1


def _outer_destination(frame: bytes) -> IPv4Address | None:
    """Where a packet of the underlay goes; None for anything else."""
    if len(frame) < 42 or frame[12:14] != b"\x08\x00" or int.from_bytes(frame[36:38]) not in (_GENEVE, _MAPPING):
        return None
    return IPv4Address(frame[30:34])
