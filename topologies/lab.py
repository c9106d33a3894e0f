"""A region in one process: engines wired together, a virtual clock, no root.

Every packet that `Lab.send` lets in runs through the real programs, compiled and programmed as in Mininet, until
nothing moves any more. What came out where, and which counters moved, is in the `Sent` that it returns.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from controller.loader import Manifest
from controller.model import NetworkInterface
from controller.service import Controller
from topologies import programs
from topologies.lab_switch import LabSwitch
from topologies.packets import parsed
from topologies.region import Region

ROUTER_MAC = "02:76:70:63:00:01"
MAX_HOPS = 64  # crossings of a switch that one packet may cause, before the lab calls it a loop

End = tuple[str, int]  # host name and port number


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
        for instance in region.model.instances.values():
            eni = region.model.interface_of(instance)
            self._interfaces[instance.name] = eni
            self._instances[(hosts[eni.host_id].name, eni.port)] = instance.name
        devices = {host.id: self.switches[host.name] for host in hosts.values()}
        self.controller = Controller(region.model, program, devices)
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

    def send(self, instance: str, packet: Packet) -> Sent:
        """Lets an instance send an IP packet (it goes to the router's MAC) or a whole Ethernet frame."""
        eni = self._interfaces.get(instance)
        if eni is None:
            raise LabError(f"no instance is called {instance!r} (there are {', '.join(self._interfaces)})")
        frame = packet if isinstance(packet, Ether) else Ether(src=eni.mac, dst=ROUTER_MAC) / packet
        return self.inject(self.region.model.hosts[eni.host_id].name, eni.port, bytes(frame))

    def inject(self, host: str, port: int, frame: bytes) -> Sent:
        """Lets any frame enter a switch at any port, and follows what it causes."""
        before = self.counters()
        trace = self._run(deque([((host, port), frame)]))
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
                else:
                    raise LabError(f"{host} sent a packet to port {out}, where nothing is connected")
        return trace

    def _set_time(self) -> None:
        for switch in self.switches.values():
            switch.set_time(self.now_us)
