"""A region in one process: engines wired together, a virtual clock, no root.

Every packet that `Lab.send` lets in runs through the real programs, compiled and programmed as in Mininet, until
nothing moves any more. What came out where, and which counters moved, is in the `Sent` that it returns.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from controller.loader import Manifest
from controller.mapping import Change, MappingService, Outgoing
from controller.mapping import Mapping as Mapped
from controller.model import Model, NetworkInterface
from controller.plan import Move
from controller.plan.addresses import data_plane_address
from controller.service import Controller
from topologies import programs
from topologies.lab_fabric import End, LabFabric
from topologies.lab_switch import LabSwitch
from topologies.packets import parsed
from topologies.region import FABRIC_PORT, Region

ROUTER_MAC = "02:76:70:63:00:01"
MAX_HOPS = 64  # crossings of a switch that one packet may cause, before the lab calls it a loop


class LabError(Exception):
    """The lab was asked for what it does not have, or a packet circles."""


@dataclass(frozen=True)
class Sent:
    """What a packet caused: frames by instance, frames that crossed the underlay, and counters that moved."""

    frames: Mapping[str, list[bytes]]
    underlay: list[bytes]
    changed: Mapping[str, int]

    def at(self, instance: str) -> list[Packet]:
        """The IP packets that reached an instance, without their Ethernet headers."""
        return [parsed(frame[14:]) for frame in self.frames.get(instance, [])]

    def nowhere(self) -> bool:
        """Whether no instance got anything."""
        return not any(self.frames.values())

    def dropped(self) -> dict[str, int]:
        """Packets dropped, by reason, over all switches."""
        reasons: Counter[str] = Counter()
        for name, delta in self.changed.items():
            _, table, *cell = name.split(".")
            if table == "drops":
                reasons[cell[0]] += delta
        return dict(reasons)


@dataclass
class _Trace:
    frames: dict[str, list[bytes]] = field(default_factory=dict)
    underlay: list[bytes] = field(default_factory=list)


class Lab:
    """A running region. Time stands still until `advance`."""

    def __init__(self, region: Region, plugins: Sequence[Manifest] = ()) -> None:
        self.region = region
        self.now_us = 1_000_000
        program = programs.compiled("vrouter", plugins)
        hosts = region.model.hosts
        self.switches = {host.name: LabSwitch(host.name, i) for i, host in enumerate(hosts.values(), start=1)}
        self._wires: dict[End, End] = {}
        for link in region.links:
            a = (hosts[link.host_a].name, link.port_a)
            b = (hosts[link.host_b].name, link.port_b)
            self._wires[a], self._wires[b] = b, a
        self._instances: dict[End, str] = {}
        self._interfaces: dict[str, NetworkInterface] = {}
        self._plug_in()
        self.mapping_service = self._mapping_service()
        self._fabric = LabFabric(region, self.mapping_service)
        devices = {host.id: self.switches[host.name] for host in hosts.values()}
        self.controller = Controller(region.model, program, devices, region.mapping)
        asyncio.run(self.controller.reconcile())
        self._set_time()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Frees the engines."""
        for switch in self.switches.values():
            switch.close()

    def advance(self, seconds: float) -> None:
        """Moves the virtual clock of all switches."""
        self.now_us += round(seconds * 1e6)
        self._set_time()
        self._run(deque(self._fabric.deliver(self.mapping_service.poll(self.now))))

    @property
    def now(self) -> float:
        """The virtual clock in seconds."""
        return self.now_us / 1e6

    def change_mapping(self, vpc: int, address: str, mapping: Mapped, lost: int = 0) -> tuple[Change, Sent]:
        """Lets the mapping service accept a change; the first `lost` of its messages are lost on the way."""
        key = data_plane_address(ip_address(address))
        change, outgoing = self.mapping_service.change(self.now, vpc, key, mapping)
        return change, self.tell(outgoing[lost:])

    def tell(self, outgoing: Sequence[Outgoing]) -> Sent:
        """Lets messages of the mapping service travel to the hosts."""
        return self._observed(deque(self._fabric.deliver(outgoing)))

    def adopt(self, model: Model, moves: tuple[Move, ...]) -> None:
        """Goes on with a changed model: the switches are brought to it, the instances plugged in where it says."""
        self.region = replace(self.region, model=model, mapping=replace(self.region.mapping, moves=moves))
        self.controller.model, self.controller.mapping = model, self.region.mapping
        asyncio.run(self.controller.reconcile())
        self._plug_in()

    def send(self, instance: str, packet: Packet) -> Sent:
        """Lets an instance send an IP packet (it goes to the router's MAC) or a whole Ethernet frame."""
        eni = self._interfaces.get(instance)
        if eni is None:
            raise LabError(f"no instance is called {instance!r} (there are {', '.join(self._interfaces)})")
        frame = packet if isinstance(packet, Ether) else Ether(src=eni.mac, dst=ROUTER_MAC) / packet
        return self.inject(self.region.model.hosts[eni.host_id].name, eni.port, bytes(frame))

    def inject(self, host: str, port: int, frame: bytes) -> Sent:
        """Lets any frame enter a switch at any port, and follows what it causes."""
        return self._observed(deque([((host, port), frame)]))

    def _observed(self, waiting: deque[tuple[End, bytes]]) -> Sent:
        before = self.counters()
        trace = self._run(waiting)
        after = self.counters()
        changed = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
        return Sent(trace.frames, trace.underlay, changed)

    def ask_mac(self, instance: str, address: str) -> Sent:
        """Lets an instance ask by ARP who has an address."""
        eni = self._interfaces[instance]
        question = ARP(op=1, hwsrc=eni.mac, psrc=str(eni.addresses[0]), pdst=address)
        return self.send(instance, Ether(src=eni.mac, dst="ff:ff:ff:ff:ff:ff") / question)

    def counters(self) -> dict[str, int]:
        """All packet counters of all switches: `host.counter.cell`, and `host.table.action` sums for tables."""
        return {
            f"{name}.{counter}": value
            for name, switch in self.switches.items()
            for counter, value in switch.counters().items()
        }

    def _run(self, waiting: deque[tuple[End, bytes]]) -> _Trace:
        trace = _Trace()
        hops = 0
        while waiting:
            hops += 1
            if hops > MAX_HOPS:
                raise LabError(f"a packet caused more than {MAX_HOPS} crossings of switches")
            (host, port), frame = waiting.popleft()
            for out, data in self.switches[host].process(port, frame):
                end = (host, out)
                if end in self._instances:
                    trace.frames.setdefault(self._instances[end], []).append(data)
                elif end in self._wires:
                    trace.underlay.append(data)
                    waiting.append((self._wires[end], data))
                elif out == FABRIC_PORT:
                    trace.underlay.append(data)
                    waiting.extend(self._fabric.carry(data, self.now))
                else:
                    raise LabError(f"{host} sent a packet to port {out}, where nothing is connected")
        return trace

    def _plug_in(self) -> None:
        model = self.region.model
        self._interfaces = {instance.name: model.interface_of(instance) for instance in model.instances.values()}
        self._instances = {(model.hosts[eni.host_id].name, eni.port): name for name, eni in self._interfaces.items()}

    def _mapping_service(self) -> MappingService:
        service = MappingService(self.now - 3600)
        model = self.region.model
        for eni in model.network_interfaces.values():
            mapping = Mapped(model.hosts[eni.host_id].address, eni.number, version=1)
            for address in eni.addresses:
                service.load(model.vpcs[eni.vpc_id].number, data_plane_address(address), mapping)
        return service

    def _set_time(self) -> None:
        for switch in self.switches.values():
            switch.set_time(self.now_us)
