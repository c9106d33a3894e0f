"""The edge alone: packets in memory, one core, both directions, with few and with many elastic addresses."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from bench.engine import SECONDS, check, mpps, rate
from bench.row import FULL, Budget, Row, at_least
from bench.servers import BenchError
from controller.loader import discover
from controller.loader.installed import plugin_folders
from switch.engine import ActionCall, Engine, OpKind, TableOp
from topologies.edges import OUTSIDE_PORT
from topologies.lab import Lab
from topologies.region import FABRIC_PORT, load_region

needs = ("cc",)
EDGE, INSTANCE = "edge-a", "web"
PRIVATE, PUBLIC, SERVER = "10.0.1.5", "203.0.113.10", "192.0.2.80"
ADDRESSES = (1_000, 100_000)
PACKETS = 16384
FIRST_ENI = 0x10000
FIRST_PRIVATE, FIRST_PUBLIC = 0x0A010000, 0xCB800000  # 10.1.0.0 and 203.128.0.0
MAPPED = bytes(10) + b"\xff\xff"
SOURCE_ENI = slice(54, 58)  # of a Geneve frame
SOURCE = slice(74, 78)  # of the packet in it
DESTINATION = slice(30, 34)  # of a frame from outside

Frames = list[tuple[int, bytes]]


def measure(budget: Budget = FULL) -> list[Row]:
    """Out and in, one elastic address and many."""
    plugins = [one for one in discover(*plugin_folders(), broken=[]) if one.name == "internet_gateway"]
    with Lab(load_region("internet"), plugins) as lab:
        engine = lab.switches[EDGE].engine
        outward, inward = _outward(lab), _inward(lab)
        first = [*_rows(engine, "one elastic address", [outward] * PACKETS, [inward] * PACKETS, budget)]
        rows = list(first)
        known = 0
        for count in sorted({min(count, budget.entries) for count in ADDRESSES}):
            many = _many(lab, engine, outward[1], inward[1], range(known, count))
            known = count
            measured = _rows(engine, f"{count:,} elastic addresses", *many, budget)
            rows += [_beside(row, one) for row, one in zip(measured, first, strict=True)]
        return rows


def _beside(row: Row, one: Row) -> Row:
    """The row with its share of what one address gives: what the tables' size costs, on a busy machine too."""
    assert row.value is not None
    assert one.value is not None
    return replace(row, note=f"{row.note}; {row.value / one.value:.2f} of one address")


def _rows(engine: Engine, label: str, outward: Frames, inward: Frames, budget: Budget) -> Iterator[Row]:
    seconds = SECONDS * budget.seconds
    check(engine, outward, OUTSIDE_PORT)
    yield rate(f"underlay → internet, {label}", mpps(engine, outward, seconds), at_least(2))
    check(engine, inward, FABRIC_PORT)
    yield rate(f"internet → underlay, {label}", mpps(engine, inward, seconds), at_least(2))


def _outward(lab: Lab) -> tuple[int, bytes]:
    """A frame that reaches the edge from the underlay."""
    edge = lab.region.host(EDGE).address
    for port in range(5000, 5100):
        packet = IP(src=PRIVATE, dst=SERVER) / UDP(sport=port, dport=53) / bytes(22)
        frame = lab.send(INSTANCE, packet).underlay[0]
        if frame[DESTINATION] == edge.packed:
            return FABRIC_PORT, frame
    raise BenchError(f"no flow goes to {EDGE}")


def _inward(lab: Lab) -> tuple[int, bytes]:
    """A frame that reaches the edge from the internet."""
    port = next(one for one in lab.outside_ports() if lab.region.model.hosts[one.host_id].name == EDGE)
    packet = IP(src=SERVER, dst=PUBLIC) / UDP(sport=53, dport=5000) / bytes(22)
    return port.port, bytes(Ether(src=port.next_hop, dst=port.mac) / packet)


def _many(lab: Lab, engine: Engine, outward: bytes, inward: bytes, more: range) -> tuple[Frames, Frames]:
    """Gives more interfaces an elastic address each; the frames of many of all that have one by then."""
    model = lab.region.model
    eni = model.interface_of(model.instance(INSTANCE))
    vpc = model.vpcs[eni.vpc_id].number.to_bytes(3)
    host = model.hosts[eni.host_id].address.packed
    own, public = _packed(PRIVATE), _packed(PUBLIC)
    enis = [(FIRST_ENI + i).to_bytes(4) for i in range(more.stop)]
    inside = [(FIRST_PRIVATE + i).to_bytes(4) for i in range(more.stop)]
    outside = [(FIRST_PUBLIC + i).to_bytes(4) for i in range(more.stop)]
    new = slice(more.start, None)
    number = eni.number.to_bytes(4)
    trusted = [vpc + one + host for one in enis[new]]
    _copy(engine, "trusted_source", vpc + number + host, None, trusted, [None] * len(more))
    sources = [vpc + a + MAPPED + b for a, b in zip(enis[new], inside[new], strict=True)]
    _copy(engine, "internet_gateway.outbound.source", vpc + number + MAPPED + own, None, sources, outside[new])
    destinations = [MAPPED + one for one in outside[new]]
    _copy(engine, "internet_gateway.inbound.destination", MAPPED + public, None, destinations, inside[new])
    places = [vpc + MAPPED + one for one in inside[new]]
    _copy(engine, "edge_mapping", vpc + MAPPED + own, None, places, [None] * len(more))
    chosen = random.Random(6).choices(range(more.stop), k=PACKETS)
    out = [
        outward[: SOURCE_ENI.start]
        + enis[i]
        + outward[SOURCE_ENI.stop : SOURCE.start]
        + inside[i]
        + outward[SOURCE.stop :]
        for i in chosen
    ]
    back = [inward[: DESTINATION.start] + outside[i] + inward[DESTINATION.stop :] for i in chosen]
    return [(FABRIC_PORT, one) for one in out], [(OUTSIDE_PORT, one) for one in back]


def _packed(address: str) -> bytes:
    return bytes(int(part) for part in address.split("."))


def _copy(
    engine: Engine, name: str, known: bytes, mask: bytes | None, keys: list[bytes], addresses: Sequence[bytes | None]
) -> None:
    """Gives a table the entry of a known key under other keys too, with other addresses as its last parameter."""
    table = engine.tables[name]
    handle = table.find(known, mask, 0)
    if handle is None:
        raise BenchError(f"table {name} has no entry {known.hex()}")
    entry = table.entry(handle)
    action = entry.action
    assert isinstance(action, ActionCall)
    ops = [
        TableOp(OpKind.INSERT, key, entry.mask, 0, action if address is None else _with_last(action, address))
        for key, address in zip(keys, addresses, strict=True)
    ]
    for result in table.write_batch(ops):
        if isinstance(result, Exception):
            raise result


def _with_last(action: ActionCall, address: bytes) -> ActionCall:
    return replace(action, data=action.data[: -len(address)] + address)
