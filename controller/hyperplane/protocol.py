"""The bucket protocol as a state machine: what nodes, messages and the store of rows may do, step by step.

It is written to be searched exhaustively (`controller.hyperplane.explore`) and to judge what real nodes did (`replay`).
One bucket; flows and ports are small numbers. What stands here is what docs/hyperplane.md says in words.

    packet --> owner --STATE--> backup --STATE--> (joiner)      a new flow's packet leaves at the end of the chain
                 ^----------------ACK----------------'          which answers; then the owner passes packets alone

Faults need no steps of their own where a choice covers them: a message in the air may arrive any number of times, in
any order, or never, until it is too old; a packet may come to any node that thinks it is the owner; a node may learn of
a new row late, or never; the store may suspect a node that is alive and cannot hear it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from controller.hyperplane import ownership
from controller.hyperplane.ownership import Replica, Row

# Time in quarters of the idle timeout, coarsely: a flow is alive ALIVE after its last packet left, an owner passes
# packets alone for QUARTER after a refresh was sent that was acknowledged, a message lives at most QUARTER. A copy is
# forgotten at FREE; its owner uses it no more then, but keeps flow and port apart until its last message is gone.
ALIVE, QUARTER = 2, 1
FREE = ALIVE + QUARTER
GONE = FREE + QUARTER
T = TypeVar("T")
NO_ACK, OLD_ACK, FRESH_ACK = 0, 1, 2


class Record(NamedTuple):
    """A flow as one node knows it. `born` is the epoch of the decision, `age` quarters since its last known packet."""

    port: int
    born: int
    age: int
    ack: int = NO_ACK


class Node(NamedTuple):
    """One node: which row it knows (-1: none), how long it stays quiet, and a record or None for each flow.

    A node that is down is one that has come back as another incarnation and has not learnt anything yet.
    """

    incarnation: int
    row: int
    quiet: int
    records: tuple[Record | None, ...]


class State(NamedTuple):
    """STATE on its way to place `hop` of the chain of row `row`; without `carries` it is a sweep, without a packet."""

    row: int
    hop: int
    flow: int
    port: int
    born: int
    age: int
    carries: bool
    left: int = QUARTER


class Ack(NamedTuple):
    """The end of the chain has the record; `since` is the age of the refresh it answers."""

    row: int
    flow: int
    port: int
    born: int
    since: int
    left: int = QUARTER


Message = State | Ack


class Alive(NamedTuple):
    """What the world outside has seen of a flow: its port, and how long ago. `lost` when every copy was lost."""

    port: int
    born: int
    age: int
    lost: bool = False


class World(NamedTuple):
    """Everything at one moment."""

    rows: tuple[Row, ...]
    nodes: tuple[Node, ...]
    air: frozenset[Message]
    flows: tuple[Alive | None, ...]
    crashes: int


Step = tuple[tuple, World]


class Violation(Exception):
    """A step that breaks a promise of the protocol."""


@dataclass(frozen=True)
class Size:
    """How much there is: bounds that keep the search finite."""

    nodes: int = 3
    flows: int = 2
    ports: int = 1
    rows: int = 3
    air: int = 2
    crashes: int = 1


@dataclass(frozen=True)
class Protocol:
    """What the steps share; `bugs` names rules that are broken on purpose, to see that a search finds it."""

    size: Size = Size()
    bugs: frozenset[str] = field(default_factory=frozenset)

    def start(self) -> World:
        """Two replicas know their row; the other nodes know nothing."""
        size = self.size
        row = ownership.created(Replica(0), Replica(1))
        empty = (None,) * size.flows
        nodes = tuple(Node(1, 0 if i < 2 else -1, 0, empty) for i in range(size.nodes))
        return World((row,), nodes, frozenset(), empty, size.crashes)

    def has(self, bug: str) -> bool:
        """Whether a rule is broken on purpose."""
        return bug in self.bugs

    # What several kinds of steps need --------------------------------------------------------------------------------

    def place(self, world: World, number: int) -> int | None:
        """The place of a node in the chain of the row it knows; None when it is not part of it."""
        node = world.nodes[number]
        if node.row < 0:
            return None
        for place, replica in enumerate(world.rows[node.row].replicas):
            if replica.node == number and (replica.incarnation == node.incarnation or self.has("old incarnation")):
                return place
        return None

    def owners(self, world: World) -> Iterator[int]:
        """The nodes that think they are the owner."""
        return (number for number in range(len(world.nodes)) if self.place(world, number) == 0)

    def send(self, world: World, *messages: Message) -> World:
        """Puts messages into the air; one too many is lost at once, and so is one that nobody can take any more."""
        air = {message for message in world.air if not self._stale(world, message)}
        for message in messages:
            if len(air) < self.size.air:
                air.add(message)
        return world._replace(air=frozenset(air))

    def _stale(self, world: World, message: Message) -> bool:
        place = 0 if isinstance(message, Ack) else message.hop
        target = world.rows[message.row].replicas[place]
        assert isinstance(target.node, int)
        node = world.nodes[target.node]
        gone = node.incarnation != target.incarnation
        return (gone and not self.has("old incarnation")) or (node.row > message.row and not self.has("old epoch"))

    def leave(self, world: World, flow: int, port: int, born: int) -> World:
        """A packet leaves; checks what the world outside would see."""
        before = world.flows[flow]
        if before and not before.lost and (before.port, before.born) != (port, born):
            raise Violation(f"established flow {flow} was decided again")
        for other, seen in enumerate(world.flows):
            if seen and other != flow and seen.port == port:
                raise Violation(f"flows {flow} and {other} share port {port}")
        # Decided before every copy was lost: whoever still passes it on has no successor.
        lost = any(row.seeded == 0 and row.epoch > born for row in world.rows)
        return world._replace(flows=put(world.flows, flow, Alive(port, born, 0, lost)))


def keep(world: World, number: int, flow: int, record: Record | None) -> World:
    """The world with another record at one node."""
    node = world.nodes[number]
    node = node._replace(records=put(node.records, flow, record))
    return world._replace(nodes=put(world.nodes, number, node))


def check(protocol: Protocol, world: World) -> None:
    """What must hold in every world: complete copies are complete, so one failure breaks no established flow."""
    row = world.rows[-1]
    for replica in row.holders:
        assert isinstance(replica.node, int)
        node = world.nodes[replica.node]
        if node.incarnation != replica.incarnation and not protocol.has("old incarnation"):
            continue
        for flow, seen in enumerate(world.flows):
            record = node.records[flow]
            if seen and not seen.lost and (record is None or (record.port, record.born) != (seen.port, seen.born)):
                raise Violation(f"node {replica.node} counts as complete and lacks established flow {flow}")


def put(items: tuple[T, ...], index: int, item: T) -> tuple[T, ...]:
    """A tuple with another item at one place."""
    return (*items[:index], item, *items[index + 1 :])
