"""What a network function is made of: everything that a plugin may use, besides `controller.model`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from controller.errors import RequestError
from controller.model import Change, Model, PhysicalHost, PluginResource, Resource
from controller.model.ids import new_id, stable_id
from controller.model.transaction import Transaction
from controller.model.ways import Way
from controller.operations import action, creates, deletes, modifies
from controller.p4rt.entry import Entry, Value
from controller.plan.addresses import IPV4, data_plane_address, data_plane_network, hides_ipv4
from controller.traffic import ANY, EVERYTHING, ICMP, ICMPV6, TCP, UDP, Traffic, port_numbers, remote_match, traffic

if TYPE_CHECKING:
    from controller.loader.manifest import Manifest

__all__ = [
    "ANY",
    "EVERYTHING",
    "ICMP",
    "ICMPV6",
    "IPV4",
    "TCP",
    "UDP",
    "Change",
    "Digest",
    "Entry",
    "Node",
    "Packet",
    "Plugin",
    "PluginResource",
    "RequestError",
    "Runtime",
    "Sample",
    "Section",
    "Traffic",
    "Transaction",
    "Value",
    "Way",
    "action",
    "creates",
    "data_plane_address",
    "data_plane_network",
    "deletes",
    "hides_ipv4",
    "modifies",
    "new_id",
    "port_numbers",
    "remote_match",
    "stable_id",
    "traffic",
]


@dataclass(frozen=True, slots=True)
class Node:
    """A switch that is programmed: the host it belongs to, and the P4 program that it runs."""

    host: PhysicalHost
    program: str = "vrouter"

    @property
    def id(self) -> str:
        """The host's id."""
        return self.host.id

    @property
    def name(self) -> str:
        """The host's name."""
        return self.host.name

    @property
    def address(self) -> IPv4Address:
        """Where it is on the underlay."""
        return self.host.address


@dataclass(frozen=True, slots=True)
class Digest:
    """Rows that the data plane has sent by digest(); `name` is the digest's in P4Info."""

    name: str
    rows: tuple[Mapping[str, int], ...]


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet-in, with the fields of the program's packet_in header."""

    payload: bytes
    fields: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure for /metrics, where it is called `p4vpc_NAME`; a counter only grows."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    help: str = ""
    kind: Literal["gauge", "counter"] = "gauge"


@dataclass(frozen=True, slots=True)
class Section:
    """A plugin's part of a region description.

    `place` says where it stands (vpcs.a.instances.web.security_groups), `content` is what YAML made of it, `subject` is
    the resource that it stands in: Vpc, Subnet, PhysicalHost or, in an instance, its first NetworkInterface.
    """

    key: str
    place: str
    content: Any
    subject: Resource | None = None


class Runtime(Protocol):
    """What a running controller offers to a plugin."""

    @property
    def model(self) -> Model:
        """The region as it is."""
        ...

    @property
    def nodes(self) -> Sequence[Node]:
        """The switches that are reached."""
        ...

    def now(self) -> float:
        """Unix time, in the lab the virtual one."""
        ...

    def transaction(self, action: str) -> AbstractContextManager[Transaction]:
        """Changes resources in the plugin's name; all of the block or nothing."""
        ...

    def replan(self) -> None:
        """Says that `entries` would give something else now, though the model is the same."""
        ...

    async def send_packet(self, node: Node, payload: bytes, **fields: int) -> None:
        """Sends a packet-out; `fields` are those of the program's packet_out header."""
        ...

    async def counter(self, node: Node, name: str) -> Mapping[int, tuple[int, int]]:
        """The cells of an indexed counter that have counted something: packets and bytes."""
        ...

    async def register(self, node: Node, name: str, index: int) -> int:
        """One cell of a register; BMv2 cannot tell it."""
        ...


class Plugin:
    """A network function. It is made once, by the loader; every method has an empty default.

    `entries` and what it calls is pure: it reads the model and what the plugin has learned, and does no I/O.
    """

    manifest: Manifest
    digest: str = ""  # of its sources when it was made
    resources: ClassVar[Sequence[type[PluginResource]]] = ()
    sections: ClassVar[Sequence[str]] = ()
    tick_interval: ClassVar[float] = 0.0

    @property
    def name(self) -> str:
        """Its name, which is that of its folder."""
        return self.manifest.name

    def entries(self, model: Model, node: Node) -> Iterable[Entry]:
        """Everything that this node should hold for the plugin; the reconciler writes the difference."""
        for subject in self.subjects(model, node):
            yield from self.entries_of(model, node, subject)

    def subjects(self, model: Model, node: Node) -> Iterable[Resource]:
        """For a plugin of many entries, instead of `entries`: what it has something to say about on this node."""
        return ()

    def entries_of(self, model: Model, node: Node, subject: Resource) -> Iterable[Entry]:
        """What the node should hold for one subject; asked again when something that it read has changed."""
        return ()

    def on_change(self, tx: Transaction, before: Resource | None, after: Resource | None) -> None:
        """Follows a change of any resource inside its transaction: makes, removes, or refuses by RequestError.

        When the plugin is loaded, it is called for everything that exists, with nothing before.
        """

    def described(self, model: Model, sections: Sequence[Section]) -> Iterable[PluginResource]:
        """The resources that a region description asks for; ValueError, with the place, when it is wrong."""
        return ()

    async def start(self, runtime: Runtime) -> None:
        """The controller runs and the plugin is loaded."""

    async def stop(self) -> None:
        """The plugin is unloaded, or the controller ends."""

    async def on_tick(self, now: float) -> None:
        """Called every `tick_interval` seconds, unless that is 0."""

    async def on_digest(self, node: Node, digest: Digest) -> None:
        """Takes a digest; those whose name begins with the plugin's."""

    async def on_packet_in(self, node: Node, packet: Packet) -> None:
        """Takes a packet-in; every plugin is shown every one."""

    def metrics(self) -> Iterable[Sample]:
        """Figures for /metrics."""
        return ()
