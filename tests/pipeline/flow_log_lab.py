"""Flow logs in the lab: the plugin collects as in a running controller; a tap on every instance's wire counts too."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Packet as Frame

from controller.flow_records import CPU_PORT
from controller.loader import Manifest, read_manifest
from controller.model import Model
from controller.model.transaction import Transaction
from controller.plugin import Node, Packet
from topologies.description import RegionDescription
from topologies.lab import Lab, Sent
from topologies.region import Region, build_region

FOLDER = Path(__file__).parents[2] / "plugins"
MIDNIGHT = 1_763_856_000  # Unix time when the lab's clock is 0
ADDRESSES = {"web": "10.0.1.5", "near": "10.0.1.9", "app": "10.0.1.6"}
HOSTS = {"web": "alpha", "near": "alpha", "app": "beta"}


def region() -> Region:
    """Web and near on alpha, app on beta."""
    instances = {
        name: {"subnet": "main", "address": address, "host": HOSTS[name], "ipv6_address": f"fd00:10:0:1::{at}"}
        for at, (name, address) in enumerate(ADDRESSES.items(), start=5)
    }
    subnet = {"cidr": "10.0.1.0/24", "ipv6_cidr": "fd00:10:0:1::/64"}
    blue = {"cidr": "10.0.0.0/16", "ipv6_cidr": "fd00:10::/56", "subnets": {"main": subnet}, "instances": instances}
    description = {
        "name": "logged",
        "hosts": {"alpha": {"underlay": "172.31.0.1"}, "beta": {"underlay": "172.31.0.2"}},
        "links": [("alpha", "beta")],
        "mapping": {"policy": "preload"},
        "vpcs": {"blue": blue},
    }
    return build_region(RegionDescription.model_validate(description))


class LabRuntime:
    """What a plugin may ask for (`controller.plugin.Runtime`), from a lab. Answers come a moment after questions."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        info = lab.controller.programs["vrouter"].p4info
        self._layouts = {
            one.preamble.name: [(field.name, field.bitwidth) for field in one.metadata]
            for one in info.controller_packet_metadata
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self.deaf: set[str] = set()  # hosts that do not answer

    @property
    def model(self) -> Model:
        """The region as it is."""
        return self._lab.region.model

    @property
    def nodes(self) -> Sequence[Node]:
        """All routers."""
        return [Node(host, host.program) for host in self.model.hosts.values()]

    def now(self) -> float:
        """The lab's clock as Unix time."""
        return MIDNIGHT + self._lab.now

    def transaction(self, action: str) -> AbstractContextManager[Transaction]:
        """The lab's."""
        return self._lab.transaction()

    def replan(self) -> None:
        """Nothing to do: the lab plans anew after each transaction."""

    async def send_packet(self, node: Node, payload: bytes, **fields: int) -> None:
        """Puts a packet-out together as the program's header says."""
        assert fields.keys() == dict(self._layouts["packet_out"]).keys()
        question, size = 0, 0
        for name, bits in self._layouts["packet_out"]:
            question, size = question << bits | fields[name], size + bits
        if node.name in self.deaf:
            return
        for port, data in self._lab.switches[node.name].process(CPU_PORT, question.to_bytes(size // 8) + payload):
            assert port == CPU_PORT
            task = asyncio.create_task(self._lab.plugin("flow_log").on_packet_in(node, self._packet(data)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def counter(self, node: Node, name: str) -> Mapping[int, tuple[int, int]]:
        """Cells that have counted something."""
        cells = self._lab.switches[node.name].engine.counters[name].read_all()
        return {cell: count for cell, count in enumerate(cells) if count[0]}

    async def register(self, node: Node, name: str, index: int) -> int:
        """One cell."""
        return self._lab.switches[node.name].engine.registers[name].read(index)

    def _packet(self, data: bytes) -> Packet:
        layout = self._layouts["packet_in"]
        size = sum(bits for _, bits in layout) // 8
        number, fields = int.from_bytes(data[:size]), {}
        for name, bits in reversed(layout):
            fields[name] = number & (1 << bits) - 1
            number >>= bits
        return Packet(data[size:], fields)


@dataclass(frozen=True, order=True)
class Seen:
    """What a tap tells apart: at whose wire, which way, which verdict, which flow."""

    instance: str
    direction: str
    action: str
    flow: tuple[str, str, int, int, int]


Sums = dict[Seen, tuple[int, int, int]]  # packets, bytes, TCP flags


class LoggedLab:
    """A lab with flow logs, security groups and ACLs; collects when asked."""

    def __init__(self, folder: Path, flow_log: Path = FOLDER / "flow_log") -> None:
        names = ("nacl", "security_group")
        manifests: list[Manifest] = [read_manifest(FOLDER / name) for name in names]
        self.lab = Lab(region(), [read_manifest(flow_log), *manifests])
        self.plugin: Any = self.lab.plugin("flow_log")
        self.plugin.folder = folder
        self.runtime = LabRuntime(self.lab)
        self.tap: Sums = {}
        self.loop = asyncio.Runner()
        self.loop.run(self.plugin.start(self.runtime))

    def close(self) -> None:
        """Frees the engines."""
        self.loop.close()
        self.lab.close()

    def interface(self, instance: str) -> Any:
        """The network interface of an instance."""
        model = self.lab.region.model
        return model.interface_of(model.instance(instance))

    def log(self, resource_id: str, **fields: Any) -> Any:
        """Begins a flow log of one minute."""
        with self.lab.transaction() as tx:
            return self.plugin.create_flow_logs(
                tx, **{"resource_id": resource_id, "max_aggregation_interval": 60, **fields}
            )

    def send(self, instance: str, packet: Frame) -> Sent:
        """Sends, and has the taps count what was on the wires; what a router dropped, by how far it had come."""
        sent = self.lab.send(instance, packet)
        receiver = next((name for name in ADDRESSES if packet.dst in map(str, self.interface(name).addresses)), "")
        refused = sum(sent.dropped().values())
        arrived = any(".flow_in.policy." in counter for counter in sent.changed)  # at the receiver's side of tracking
        self._see(instance, "egress", "REJECT" if refused and not arrived else "ACCEPT", packet)
        if arrived:
            self._see(receiver, "ingress", "REJECT" if refused else "ACCEPT", packet)
        assert refused or sent.frames.keys() == {receiver}
        return sent

    def minute(self) -> float:
        """Lets a minute end, and collects; returns when it ended."""
        self.lab.advance(60 - self.lab.now % 60)
        end = self.runtime.now()
        self.loop.run(self.plugin.on_tick(end))
        return end

    def _see(self, instance: str, direction: str, action: str, packet: Frame) -> None:
        seen = Seen(instance, direction, action, flow_of(packet))
        flags = int(packet[TCP].flags) & 0x3F if TCP in packet else 0
        packets, octets, known = self.tap.get(seen, (0, 0, 0))
        self.tap[seen] = (packets + 1, octets + len(packet), known | (0 if flags == 0x10 else flags))


def flow_of(packet: Frame) -> tuple[str, str, int, int, int]:
    """The 5-tuple of a packet; ICMP has no ports."""
    protocol = packet.nh if IPv6 in packet else packet.proto
    layer = next((packet[kind] for kind in (TCP, UDP) if kind in packet), None)
    source, destination = (layer.sport, layer.dport) if layer is not None else (0, 0)
    return packet.src, packet.dst, protocol, source, destination
