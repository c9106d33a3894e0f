"""Every world that the protocol can reach, and whether what real nodes did is among it."""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from controller.hyperplane import protocol_faults, protocol_node
from controller.hyperplane.protocol import Protocol, Size, Step, Violation, World, check


@dataclass(frozen=True)
class Found:
    """What a search found: how many worlds there are, or the shortest way to one that breaks a promise."""

    worlds: int
    finished: bool
    violation: str = ""
    trace: tuple[tuple, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """The first step of a trace that the protocol does not allow; `index` counts from 0."""

    index: int
    step: tuple
    reason: str


def steps(protocol: Protocol, world: World) -> Iterator[Step]:
    """Every step that is possible; raises Violation when one breaks a promise."""
    yield from protocol_node.packets(protocol, world)
    yield from protocol_node.deliveries(protocol, world)
    yield from protocol_node.sweeps(protocol, world)
    yield from protocol_faults.row_changes(protocol, world)
    yield from protocol_faults.learning(protocol, world)
    yield from protocol_faults.crashes(protocol, world)
    yield protocol_faults.tick(protocol, world)


def explore(protocol: Protocol, limit: int | None = None) -> Found:
    """Breadth first over all worlds, or the first `limit` of them."""
    start = protocol.start()
    before: dict[World, tuple[World, tuple] | None] = {start: None}
    waiting = deque([start])
    while waiting:
        world = waiting.popleft()
        try:
            for label, following in steps(protocol, world):
                following = canonical(following)
                if following not in before:
                    before[following] = (world, label)
                    waiting.append(following)
                    check(protocol, following)
        except Violation as violation:
            return Found(len(before), True, str(violation), _trace(before, world))
        if limit is not None and len(before) >= limit:
            return Found(len(before), False)
    return Found(len(before), True)


def canonical(world: World) -> World:
    """One of the worlds that differ in the names of flows only: flows are alike, so one of them is enough."""
    count = len(world.flows)
    if count == 1:
        return world
    views = [
        (world.flows[f], tuple(n.records[f] for n in world.nodes), sorted(m for m in world.air if m.flow == f))
        for f in range(count)
    ]
    order = sorted(range(count), key=lambda f: repr(views[f]))
    if order == list(range(count)):
        return world
    names = {old: new for new, old in enumerate(order)}
    return world._replace(
        flows=tuple(world.flows[f] for f in order),
        nodes=tuple(node._replace(records=tuple(node.records[f] for f in order)) for node in world.nodes),
        air=frozenset(message._replace(flow=names[message.flow]) for message in world.air),
    )


def _trace(before: dict[World, tuple[World, tuple] | None], world: World) -> tuple[tuple, ...]:
    found: list[tuple] = []
    while (step := before[world]) is not None:
        world, label = step
        found.append(label)
    return tuple(reversed(found))


def replay(protocol: Protocol, trace: Iterable[tuple]) -> Rejected | None:
    """None when the protocol allows the trace; each step is a label of `steps`, or a part that begins one."""
    worlds = {protocol.start()}
    for index, wanted in enumerate(trace):
        following: set[World] = set()
        reason = "no world allows it"
        for world in worlds:
            try:
                for label, after in steps(protocol, world):
                    if label[: len(wanted)] == wanted:
                        check(protocol, after)
                        following.add(after)
            except Violation as violation:
                reason = str(violation)
        if not following:
            return Rejected(index, wanted, reason)
        worlds = following
    return None


def main() -> int:
    """Searches one size and says what it found; 1 when a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m controller.hyperplane.explore", description=__doc__)
    for one in fields(Size):
        parser.add_argument(f"--{one.name}", type=int, default=one.default)
    parser.add_argument("--limit", type=int, help="stop after so many worlds")
    parser.add_argument("--bug", action="append", default=[], help="a rule to break on purpose")
    given = vars(parser.parse_args())
    limit, bugs = given.pop("limit"), frozenset(given.pop("bug"))
    found = explore(Protocol(Size(**given), bugs), limit)
    for step in found.trace:
        print(*step)
    whole = "all" if found.finished and not found.violation else "the first"
    print(found.violation or f"every promise is kept in {whole} {found.worlds:,} worlds")
    return int(bool(found.violation))


if __name__ == "__main__":
    sys.exit(main())
