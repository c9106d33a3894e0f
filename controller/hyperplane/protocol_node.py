"""What nodes do: with packets, with messages, and to fill the other replicas."""

from __future__ import annotations

from collections.abc import Iterator

from controller.hyperplane.protocol import (
    ALIVE,
    FREE,
    FRESH_ACK,
    GONE,
    NO_ACK,
    OLD_ACK,
    QUARTER,
    Ack,
    Protocol,
    Record,
    State,
    Step,
    Violation,
    World,
    keep,
)


def packets(protocol: Protocol, world: World) -> Iterator[Step]:
    """A packet of any flow comes to any node that thinks it is the owner."""
    for number in protocol.owners(world):
        for flow in range(protocol.size.flows):
            record = world.nodes[number].records[flow]
            if record is None:
                yield from _unknown(protocol, world, number, flow)
            elif record.age < FREE:
                yield _known(protocol, world, number, flow, record)


def _known(protocol: Protocol, world: World, number: int, flow: int, record: Record) -> Step:
    used = keep(world, number, flow, record._replace(age=0))
    alone = FRESH_ACK if not protocol.has("lease of a whole timeout") else OLD_ACK
    if record.ack >= alone or protocol.has("no acknowledgement"):
        _check_known_twice(protocol, world, number, flow, record)
        return ("packet", flow, number, "passed"), protocol.leave(used, flow, record.port, record.born)
    return ("packet", flow, number, "sent"), protocol.send(used, _state(world, number, flow, record, 0, carries=True))


def _unknown(protocol: Protocol, world: World, number: int, flow: int) -> Iterator[Step]:
    node = world.nodes[number]
    if _nobody_knows(protocol, world, number, flow):
        seen = world.flows[flow]
        if seen is not None and not seen.lost:
            raise Violation(f"established flow {flow} was reset")
        yield ("reset", flow, number), world
    if node.quiet and not protocol.has("no quiet time"):
        return
    chosen = {record.port for record in node.records if record is not None}
    if protocol.has("inherited ports count as free"):
        chosen = {record.port for record in node.records if record is not None and record.ack != NO_ACK}
    for port in range(protocol.size.ports):
        if port not in chosen:
            made = Record(port, world.rows[node.row].epoch, 0)
            kept = keep(world, number, flow, made)
            sent = protocol.send(kept, _state(world, number, flow, made, 0, carries=True))
            yield ("decide", flow, number, port), sent


def _nobody_knows(protocol: Protocol, world: World, number: int, flow: int) -> bool:
    """Whether a packet in the middle of a flow is answered by RST: the whole chain is asked, and refuses as with STATE.

    One step, though it takes messages: nodes know newer rows later, so that none would say no who does not say it now.
    """
    if protocol.has("no question"):
        return True
    chain = enumerate(world.rows[world.nodes[number].row].replicas)
    return all(
        _accepts(protocol, world, replica.node, world.nodes[number].row, hop)
        and world.nodes[replica.node].records[flow] is None
        for hop, replica in chain
        if hop and isinstance(replica.node, int)
    )


def _state(world: World, number: int, flow: int, record: Record, age: int, *, carries: bool) -> State:
    return State(world.nodes[number].row, 1, flow, record.port, record.born, age, carries)


def _check_known_twice(protocol: Protocol, world: World, number: int, flow: int, record: Record) -> None:
    """Another replica of the chain has the record, or has had it before it failed or went on to another row."""
    node = world.nodes[number]
    for replica in world.rows[node.row].replicas[1:]:
        assert isinstance(replica.node, int)
        other = world.nodes[replica.node]
        held = other.records[flow]
        if other.incarnation != replica.incarnation or other.row != node.row:
            return
        if held is not None and (held.port, held.born) == (record.port, record.born):
            return
    raise Violation(f"a packet of flow {flow} leaves, and only node {number} knows the flow")


def deliveries(protocol: Protocol, world: World) -> Iterator[Step]:
    """Any message in the air arrives. It stays in the air: it may arrive again."""
    for message in world.air:
        if isinstance(message, Ack):
            yield from _ack(protocol, world, message)
            continue
        target = world.rows[message.row].replicas[message.hop].node
        assert isinstance(target, int)
        if _accepts(protocol, world, target, message.row, message.hop):
            yield ("state", target, *message), _take(protocol, world, target, message)


def _accepts(protocol: Protocol, world: World, number: int, row: int, hop: int) -> bool:
    """Whether the node is at that place of the chain, by the row that it knows: older and newer epochs are refused."""
    node = world.nodes[number]
    if protocol.has("old epoch") and node.row >= row:
        return True
    return node.row == row and protocol.place(world, number) == hop


def _last(world: World, message: State) -> bool:
    return message.hop + 1 == len(world.rows[message.row].replicas)


def _take(protocol: Protocol, world: World, number: int, message: State) -> World:
    for flow, other in enumerate(world.nodes[number].records):
        taken = other is not None and other.port == message.port and flow != message.flow
        if taken and not protocol.has("no eviction"):
            world = keep(world, number, flow, None)
    age, held = message.age, world.nodes[number].records[message.flow]
    same = held is not None and (held.port, held.born) == (message.port, message.born)
    if same and held is not None and not protocol.has("a late sweep makes a copy older"):
        age = min(age, held.age)
    world = keep(world, number, message.flow, Record(message.port, message.born, age))
    early = protocol.has("leaves in the middle") and message.hop == 1
    if (_last(world, message) or early) and message.carries:
        world = protocol.leave(world, message.flow, message.port, message.born)
    if not _last(world, message):
        onwards = message._replace(hop=message.hop + 1, carries=message.carries and not early)
        world = protocol.send(world, onwards)
        if not protocol.has("the backup alone acknowledges"):
            return world
    since = message.age + QUARTER - message.left
    if protocol.has("lease from the sweep"):
        since = QUARTER - message.left
    return protocol.send(world, Ack(message.row, message.flow, message.port, message.born, since, message.left))


def _ack(protocol: Protocol, world: World, message: Ack) -> Iterator[Step]:
    number = world.rows[message.row].owner.node
    assert isinstance(number, int)
    node = world.nodes[number]
    if node.row != message.row or protocol.place(world, number) != 0:
        return
    record = node.records[message.flow]
    if record is None or (record.port, record.born) != (message.port, message.born):
        return
    fresh = message.since < QUARTER or protocol.has("lease from the answer")
    ack = FRESH_ACK if fresh else max(record.ack, OLD_ACK)
    if ack != record.ack:
        yield ("ack", number, *message), keep(world, number, message.flow, record._replace(ack=ack))


def sweeps(protocol: Protocol, world: World) -> Iterator[Step]:
    """The owner sends records that the chain has not acknowledged in this epoch, idle ones too."""
    for number in protocol.owners(world):
        for flow, record in enumerate(world.nodes[number].records):
            if record is None or record.ack != NO_ACK or record.age >= FREE:
                continue
            if protocol.has("idle records are not swept") and record.age:
                continue
            message = _state(world, number, flow, record, record.age, carries=False)
            if message not in world.air:
                yield ("sweep", number, flow), protocol.send(world, message)


def swept(protocol: Protocol, world: World, number: int) -> bool:
    """Whether the owner has seen all its records acknowledged in this epoch."""
    records = world.nodes[number].records
    if protocol.has("complete too early"):
        return True
    if protocol.has("idle records are not swept"):
        return all(record is None or record.ack or record.age for record in records)
    return all(record is None or record.ack or record.age >= FREE for record in records)


def freed(protocol: Protocol, *, owns: bool) -> int:
    """The age at which a node forgets a record."""
    if owns:
        return FREE if protocol.has("a port is free at once") else GONE
    return ALIVE if protocol.has("a copy lives one timeout") else FREE
