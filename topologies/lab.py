"""A region in one process: engines wired together, a virtual clock, no root.

Every packet that `Lab.send` lets in runs through the real programs, compiled and programmed as in Mininet, until
nothing moves any more. What came out where, and which counters moved, is in the `Sent` that it returns.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any

from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from controller.explain import Step, StepReader, Walk, Walker
from controller.loader import Manifest
from controller.mapping import Change, MappingService, Outgoing
from controller.mapping import Mapping as Mapped
from controller.model import EdgePort, Model, NetworkInterface, PhysicalHost
from controller.model.transaction import OPERATOR, Caller, Transaction
from controller.p4rt import Program, Schema
from controller.plan import FlowPlan, Move
from controller.plan.addresses import data_plane_address
from controller.service import Controller
from topologies import programs
from topologies.lab_fabric import End, LabFabric
from topologies.lab_plugins import LabPlugins
from topologies.lab_switch import LabSwitch
from topologies.packets import parsed
from topologies.region import FABRIC_PORT, ROUTER_MAC, Region

MAX_HOPS = 64  # crossings of a switch that one packet may cause, before the lab calls it a loop
STRICT = FlowPlan(pickup_seconds=0)  # the lab's routers start at the beginning of time, with nothing to pick up


class LabError(Exception):
    """The lab was asked for what it does not have, or a packet circles."""


@dataclass(frozen=True)
class Sent:
    """What a packet caused: frames by instance, frames that crossed the underlay or left an edge, and counters."""

    frames: Mapping[str, list[bytes]]
    underlay: list[bytes]
    changed: Mapping[str, int]
    outside: Sequence[tuple[str, bytes]] = ()

    def at(self, instance: str) -> list[Packet]:
        """The IP packets that reached an instance, without their Ethernet headers."""
        return [parsed(frame[14:]) for frame in self.frames.get(instance, [])]

    def out(self) -> list[Packet]:
        """The IP packets that left edges, without their Ethernet headers."""
        return [parsed(frame[14:]) for _, frame in self.outside]

    def nowhere(self) -> bool:
        """Whether no instance got anything."""
        return not any(self.frames.values()) and not self.outside

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
    outside: list[tuple[str, bytes]] = field(default_factory=list)


class Lab:
    """A running region. Time stands still until `advance`."""

    def __init__(self, region: Region, plugins: Sequence[Manifest] = (), flows: FlowPlan = STRICT) -> None:
        self.plugins = LabPlugins(region.model, plugins)
        self.region = region = replace(region, model=self.plugins.model)
        self.now_us = 1_000_000
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
        self._loaded = self._compiled(plugins)
        self.controller = Controller(region.model, self._loaded, devices, region.mapping, flows, self.plugins.loaded)
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
        self._run(deque(self._fabric.deliver(self.mapping_service.poll(self.now))), _Trace())

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
        return self._observed([self._fabric.deliver(outgoing)])

    def adopt(self, model: Model, moves: tuple[Move, ...]) -> None:
        """Goes on with a changed model: the switches are brought to it, the instances plugged in where it says."""
        self.region = replace(self.region, model=model, mapping=replace(self.region.mapping, moves=moves))
        self.controller.model, self.controller.mapping = model, self.region.mapping
        asyncio.run(self.controller.reconcile())
        self._plug_in()

    def become(self, region: Region) -> None:
        """Goes on as another region on the same hosts; what routers have in registers and counters stays."""
        self.region = region
        self.controller.model, self.controller.mapping = region.model, region.mapping
        asyncio.run(self.controller.reconcile())
        self._plug_in()
        self.mapping_service = self._mapping_service()
        self._fabric = LabFabric(region, self.mapping_service)

    def plugin(self, name: str) -> Any:
        """The object of a plugin; its methods are what the API calls."""
        return self.plugins[name]

    @contextmanager
    def transaction(self, caller: Caller = OPERATOR) -> Iterator[Transaction]:
        """Changes resources as the API does; behind the block the switches are brought to the model."""
        with self.plugins.transaction(caller, self._changed) as tx:
            yield tx

    def load(self, *manifests: Manifest) -> None:
        """Loads plugins into the running switches, as `p4vpc plugin load` does; what fits keeps its state."""
        self._run_programs([*self.plugins.manifests, *manifests])
        self.plugins.load(manifests)
        self._changed()

    def unload(self, name: str) -> None:
        """Takes a plugin out of the running switches."""
        kept = [manifest for manifest in self.plugins.manifests if manifest.name != name]
        self.plugins.unload(name)
        self._run_programs(kept)
        self._changed()

    def _run_programs(self, manifests: Sequence[Manifest]) -> None:
        self._loaded = self.controller.programs = self._compiled(manifests)
        for host in self.region.model.hosts.values():
            asyncio.run(self.switches[host.name].set_program(self._loaded[host.program]))
        self._set_time()

    def _compiled(self, manifests: Sequence[Manifest]) -> dict[str, Program]:
        names = sorted({host.program for host in self.region.model.hosts.values()})
        return {name: programs.compiled(name, manifests) for name in names}

    def _changed(self) -> None:
        self.controller.plugins = self.plugins.loaded
        self.adopt(self.plugins.model, self.region.mapping.moves)

    def send(self, instance: str, packet: Packet) -> Sent:
        """Lets an instance send an IP packet (it goes to the router's MAC) or a whole Ethernet frame."""
        eni = self._interfaces.get(instance)
        if eni is None:
            raise LabError(f"no instance is called {instance!r} (there are {', '.join(self._interfaces)})")
        frame = packet if isinstance(packet, Ether) else Ether(src=eni.mac, dst=ROUTER_MAC) / packet
        return self.inject(self.region.model.hosts[eni.host_id].name, eni.port, bytes(frame))

    def outside_ports(self) -> list[EdgePort]:
        """The edges' ports."""
        return list(self._outside.values())

    def send_from_outside(self, edge: str, packet: Packet) -> Sent:
        """Lets an IP packet (it goes to the edge's MAC) or a whole Ethernet frame come to an edge from outside."""
        port = next(port for (host, _), port in self._outside.items() if host == edge)
        frame = packet if isinstance(packet, Ether) else Ether(src=port.next_hop, dst=port.mac) / packet
        return self.inject(edge, port.port, bytes(frame))

    def explain(self, instance: str, packet: Packet) -> Walk:
        """The way that a packet of an instance would take now; nothing is changed."""
        eni = self._interfaces[instance]
        frame = packet if isinstance(packet, Ether) else Ether(src=eni.mac, dst=ROUTER_MAC) / packet
        reader = StepReader(Schema(self.controller.programs["vrouter"].p4info))

        async def ask(host: PhysicalHost, port: int, data: bytes) -> list[Step]:
            return reader.read(self.switches[host.name].explain(port, data))

        walker = Walker(self.region.model, ask)
        return asyncio.run(walker.walk(self.region.model.hosts[eni.host_id], eni.port, bytes(frame)))

    def inject(self, host: str, port: int, frame: bytes) -> Sent:
        """Lets any frame enter a switch at any port, and follows what it causes."""
        return self.inject_all(host, port, [frame])

    def inject_all(self, host: str, port: int, frames: Iterable[bytes]) -> Sent:
        """Lets frames enter one after the other; what they caused together."""
        return self._observed([((host, port), frame)] for frame in frames)

    def emit(self, host: str, frames: Iterable[bytes]) -> Sent:
        """Lets a physical host itself send to the fabric, past its router: what one does that was taken over."""
        return self._observed(self._fabric.carry(host, frame, self.now) for frame in frames)

    def _observed(self, packets: Iterable[Iterable[tuple[End, bytes]]]) -> Sent:
        before = self.counters()
        trace = _Trace()
        for waiting in packets:
            self._run(deque(waiting), trace)
        after = self.counters()
        changed = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
        return Sent(trace.frames, trace.underlay, changed, trace.outside)

    def ask_mac(self, instance: str, address: str) -> Sent:
        """Lets an instance ask by ARP who has an address."""
        eni = self._interfaces[instance]
        question = ARP(op=1, hwsrc=eni.mac, psrc=str(eni.addresses[0]), pdst=address)
        return self.send(instance, Ether(src=eni.mac, dst="ff:ff:ff:ff:ff:ff") / question)

    def counters(self) -> dict[str, int]:
        """All packet counters: `host.counter.cell`, and `host.table.action` sums for tables; and the fabric's."""
        counters = {
            f"{name}.{counter}": value
            for name, switch in self.switches.items()
            for counter, value in switch.counters().items()
        }
        return counters | self._fabric.counters

    def _run(self, waiting: deque[tuple[End, bytes]], trace: _Trace) -> None:
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
                elif end in self._outside:
                    trace.outside.append((host, data))
                elif out == FABRIC_PORT:
                    trace.underlay.append(data)
                    waiting.extend(self._fabric.carry(host, data, self.now))
                else:
                    raise LabError(f"{host} sent a packet to port {out}, where nothing is connected")

    def _plug_in(self) -> None:
        model = self.region.model
        self._interfaces = {instance.name: model.interface_of(instance) for instance in model.instances.values()}
        self._outside = {(model.hosts[p.host_id].name, p.port): p for p in model.table(EdgePort).values()}
        self._instances = {(model.hosts[eni.host_id].name, eni.port): name for name, eni in self._interfaces.items()}

    def _mapping_service(self) -> MappingService:
        service = MappingService(self.now - 3600)
        model = self.region.model
        for eni in (one for one in model.network_interfaces.values() if one.host_id):
            mapping = Mapped(model.hosts[eni.host_id].address, eni.number, version=1)
            for address in eni.addresses:
                service.load(model.vpcs[eni.vpc_id].number, data_plane_address(address), mapping)
        service.set_peerings(model.peerings())
        return service

    def _set_time(self) -> None:
        for switch in self.switches.values():
            switch.set_time(self.now_us)
