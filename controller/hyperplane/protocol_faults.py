"""What happens around nodes: rows change and are learnt late, nodes crash and come back empty, time passes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from controller.hyperplane import ownership
from controller.hyperplane.ownership import OwnershipError, Replica, Row
from controller.hyperplane.protocol import (
    ALIVE,
    FREE,
    NO_ACK,
    OLD_ACK,
    Ack,
    Node,
    Protocol,
    Step,
    World,
)
from controller.hyperplane.protocol_node import freed, swept


def row_changes(protocol: Protocol, world: World) -> Iterator[Step]:
    """Whatever the store may do next: it suspects whom it likes, and moves buckets at any time."""
    row = world.rows[-1]
    owner = row.owner.node
    assert isinstance(owner, int)
    last = len(world.rows) - 1
    knows = world.nodes[owner].row == last and protocol.place(world, owner) == 0
    if row.joiners and knows and swept(protocol, world, owner):
        done = ownership.completed(row, row.epoch)
        yield ("complete", owner), world._replace(rows=(*world.rows[:-1], done))
    if len(world.rows) < protocol.size.rows:
        for label, changed in _changes(protocol, world, row):
            grown = world._replace(rows=(*world.rows, changed))
            if label == ("forget",):
                grown = grown._replace(flows=tuple(seen and seen._replace(lost=True) for seen in world.flows))
            yield label, grown


def _changes(protocol: Protocol, world: World, row: Row) -> Iterator[tuple[tuple, Row]]:
    members = {replica.node for replica in row.replicas}
    spares = [Replica(i, node.incarnation) for i, node in enumerate(world.nodes) if i not in members]
    back = [
        Replica(replica.node, world.nodes[replica.node].incarnation)  # type: ignore[index]
        for replica in row.replicas
        if world.nodes[replica.node].incarnation != replica.incarnation  # type: ignore[index]
    ]
    for spare in spares:
        yield from _tried(("join", spare.node), lambda s=spare: ownership.joined(row, s))
    for lost in row.replicas:
        for spare in [*spares, *(replica for replica in back if replica.node == lost.node)]:
            label = ("fail", lost.node, spare.node)
            yield from _tried(label, lambda gone=lost, s=spare: ownership.failed(row, gone, s))
    pool = row.replicas if protocol.has("joiners may own") else row.holders
    for owner, backup in permutations(pool, 2):
        if protocol.has("joiners may own"):
            yield ("move", owner.node, backup.node), Row((owner, backup), 2, row.epoch + 1, seeded=2)
        elif (owner, backup) != row.replicas:
            yield ("move", owner.node, backup.node), ownership.moved(row, owner, backup)
    if all(_gone(world, replica) for replica in row.holders):
        for owner, backup in permutations([*spares, *back], 2):
            yield from _tried(("forget",), lambda o=owner, b=backup: ownership.forgotten(row, o, b))


def _tried(label: tuple, change) -> Iterator[tuple[tuple, Row]]:
    try:
        yield label, change()
    except OwnershipError:
        return


def _gone(world: World, replica: Replica) -> bool:
    assert isinstance(replica.node, int)
    node = world.nodes[replica.node]
    return node.incarnation != replica.incarnation


def learning(protocol: Protocol, world: World) -> Iterator[Step]:
    """A node learns of a row that is newer than what it knows, not always of the newest."""
    for number, node in enumerate(world.nodes):
        first = 0 if protocol.has("rows go back") else node.row + 1
        for index in range(first, len(world.rows)):
            yield ("learn", number, index), _learnt(protocol, world, number, index)


def _learnt(protocol: Protocol, world: World, number: int, index: int) -> World:
    node, row = world.nodes[number], world.rows[index]
    place = next(
        (i for i, r in enumerate(row.replicas) if r.node == number and r.incarnation == node.incarnation), None
    )
    holds = place is not None and place < row.seeded
    records = node.records
    if not holds:
        records = (None,) * len(records)
    if not protocol.has("acknowledgements outlive the epoch"):
        records = tuple(record and record._replace(ack=NO_ACK) for record in records)
    quiet = FREE if row.quiet and place == 0 else 0
    learnt = Node(node.incarnation, index, quiet, records)
    changed = world._replace(nodes=(*world.nodes[:number], learnt, *world.nodes[number + 1 :]))
    return protocol.send(changed)


def crashes(protocol: Protocol, world: World) -> Iterator[Step]:
    """A node loses everything and comes back as another incarnation; until it learns a row it is as good as down."""
    if not world.crashes:
        return
    for number, node in enumerate(world.nodes):
        fresh = Node(node.incarnation + 1, -1, 0, (None,) * protocol.size.flows)
        yield ("crash", number), _with(protocol, world._replace(crashes=world.crashes - 1), number, fresh)


def _with(protocol: Protocol, world: World, number: int, node: Node) -> World:
    return protocol.send(world._replace(nodes=(*world.nodes[:number], node, *world.nodes[number + 1 :])))


def tick(protocol: Protocol, world: World) -> Step:
    """A quarter of the idle timeout passes, everywhere."""
    nodes = tuple(_aged(protocol, world, number) for number in range(len(world.nodes)))
    air = frozenset(
        message._replace(left=message.left - 1, since=message.since + 1)
        if isinstance(message, Ack)
        else message._replace(left=message.left - 1)
        for message in world.air
        if message.left
    )
    flows = tuple(seen._replace(age=seen.age + 1) if seen and seen.age + 1 < ALIVE else None for seen in world.flows)
    return ("tick",), world._replace(nodes=nodes, air=air, flows=flows)


def _aged(protocol: Protocol, world: World, number: int) -> Node:
    node = world.nodes[number]
    limit = freed(protocol, owns=protocol.place(world, number) == 0)
    records = tuple(
        record._replace(age=record.age + 1, ack=min(record.ack, OLD_ACK))
        if record is not None and record.age + 1 < limit
        else None
        for record in node.records
    )
    return node._replace(records=records, quiet=max(0, node.quiet - 1))
