"""Programming latency of the mapping service: from an accepted change to the last router that has it, by miss policy.

The routers of `on-demand` are simulated: one process with a socket for each, on loopback, decodes every message and
confirms it; all of them hold every address that changes. Those of `preload` and `gateway` are real engines behind the
P4Runtime service, in process, written one after the other; the line for more routers than engines is extrapolated.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from finsy.proto import p4r
from rich.console import Console
from rich.table import Table

from controller.mapping import Kind, Mapping, Message
from controller.mapping.histogram import Histogram
from controller.mapping.protocol import SIZE
from controller.mapping.server import MappingServer
from controller.p4rt import Entry, Schema
from topologies import programs
from topologies.lab_switch import LabSwitch

PORT = 16082
SERVICE = "127.0.0.1"
VPC = 1
_FIRST_ADDRESS = int(IPv6Address("::ffff:10.0.0.4"))
_FIRST_ROUTER = int(IPv4Address("127.1.0.1"))
_PATIENCE = 0.5  # seconds to wait for answers
_WINDOW = 50  # questions under way


@dataclass(frozen=True)
class Row:
    """One line of the table; latencies in seconds."""

    policy: str
    routers: str
    p50: float
    p99: float
    messages: float
    entries: str
    memory: str


def address(index: int) -> IPv6Address:
    """The address of the VPC's n-th interface."""
    return IPv6Address(_FIRST_ADDRESS + index)


def router(index: int) -> IPv4Address:
    """The loopback address of the n-th simulated router."""
    return IPv4Address(_FIRST_ROUTER + index)


def simulated_routers(count: int, asked: int, ready: multiprocessing.Queue[str]) -> None:
    """Routers that all ask about the first `asked` addresses, and then confirm what they are told, until killed."""
    selector = selectors.DefaultSelector()
    endpoints: list[socket.socket] = []
    for index in range(count):
        endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        endpoint.bind((str(router(index)), PORT))
        selector.register(endpoint, selectors.EVENT_READ)
        endpoints.append(endpoint)
    for number in range(asked):
        question = Message(Kind.REQUEST, VPC, address(number)).encode()
        for start in range(0, count, _WINDOW):
            _ask(selector, endpoints[start : start + _WINDOW], question)
    ready.put("ready")
    while True:
        _serve(selector, _PATIENCE)


def _ask(selector: selectors.BaseSelector, endpoints: Sequence[socket.socket], question: bytes) -> None:
    for endpoint in endpoints:
        endpoint.sendto(question, (SERVICE, PORT))
    deadline = time.monotonic() + _PATIENCE
    waiting = {endpoint.fileno() for endpoint in endpoints}
    while waiting and time.monotonic() < deadline:
        waiting -= _serve(selector, _PATIENCE)


def _serve(selector: selectors.BaseSelector, wait: float) -> set[int]:
    heard = set()
    for key, _ in selector.select(wait):
        message = Message.decode(_socket(key).recv(SIZE))
        heard.add(key.fd)
        if message.ack_wanted:
            _socket(key).sendto(bytes([Kind.ACK]) + message.encode()[1:], (SERVICE, PORT))
    return heard


def _socket(key: selectors.SelectorKey) -> socket.socket:
    assert isinstance(key.fileobj, socket.socket)
    return key.fileobj


async def on_demand(routers: int, interfaces: int, changes: int) -> Row:
    """Changes of addresses that every router holds, one after the other."""
    server = await MappingServer.start(SERVICE, port=PORT)
    server.service = type(server.service)(asyncio.get_running_loop().time() - 3600)
    for index in range(interfaces):
        server.service.load(VPC, address(index), Mapping(router(index % routers), index + 1, version=1))
    ready: multiprocessing.Queue[str] = multiprocessing.Queue()
    process = multiprocessing.Process(target=simulated_routers, args=(routers, changes, ready), daemon=True)
    process.start()
    try:
        await asyncio.to_thread(ready.get)
        for index in range(changes):
            await server.change(VPC, address(index), Mapping(router((index + 1) % routers), index + 1, version=2))
    finally:
        process.kill()
        process.join()
        server.close()
    memory = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB in the service"
    again = server.service.counts["confirmed_again"]
    latency = server.service.latency
    messages = 2 * routers + 2 * again / changes
    entries = f"{interfaces:,} in the service, {changes} in a router"
    return Row(
        "on-demand", f"{routers:,} simulated", latency.percentile(50), latency.percentile(99), messages, entries, memory
    )


async def written(switches: Sequence[LabSwitch], schema: Schema, entries: int, changes: int) -> Histogram:
    """Modifies one mapping in every switch, one switch after the other, for each change."""
    for switch in switches:
        await switch.write([_update(p4r.Update.INSERT, schema, index, 1) for index in range(entries)])
    latency = Histogram()
    for index in range(changes):
        begin = time.perf_counter()
        for switch in switches:
            await switch.write([_update(p4r.Update.MODIFY, schema, index, 2)])
        latency.add(time.perf_counter() - begin)
    return latency


def _update(kind: p4r.Update.Type.ValueType, schema: Schema, index: int, host: int) -> p4r.Update:
    entry = Entry("mapping", {"vpc": VPC, "address": address(index)}, "to_host", host=host, eni=index + 1)
    return p4r.Update(type=kind, entity=p4r.Entity(table_entry=schema.encode(entry)))


async def by_tables(engines: int, entries: int, changes: int, routers: int) -> list[Row]:
    """One gateway; as many preloaded routers as there are engines; and what that makes for more of them."""
    program = programs.compiled("vrouter")
    schema = Schema(program.p4info)
    switches = [LabSwitch(f"s{index}", index + 1) for index in range(engines + 1)]
    for switch in switches:
        await switch.set_program(program)
    gateway = await written(switches[:1], schema, entries, changes)
    preload = await written(switches[1:], schema, entries, changes)
    for switch in switches:
        switch.close()
    held, factor = f"{entries:,} in each", routers / engines
    p50, p99 = preload.percentile(50), preload.percentile(99)
    return [
        Row("gateway", "1 engine", gateway.percentile(50), gateway.percentile(99), 1, held, ""),
        Row("preload", f"{engines} engines", p50, p99, engines, held, ""),
        Row("preload", f"{routers:,}, extrapolated", p50 * factor, p99 * factor, routers, held, ""),
    ]


def report(rows: Sequence[Row]) -> Table:
    """The rows as a table."""
    table = Table(title="mapping: from an accepted change to the last router that has it")
    for column in ("policy", "routers", "p50 ms", "p99 ms", "messages per change", "mappings held", "memory"):
        table.add_column(column)
    for row in rows:
        times = (f"{row.p50 * 1000:.2f}", f"{row.p99 * 1000:.2f}")
        table.add_row(row.policy, row.routers, *times, f"{row.messages:.0f}", row.entries, row.memory)
    return table


async def measured(arguments: argparse.Namespace) -> list[Row]:
    """All three policies."""
    first = await on_demand(arguments.routers, arguments.interfaces, arguments.changes)
    others = await by_tables(arguments.engines, arguments.entries, arguments.changes, arguments.routers)
    return [first, *others]


def main() -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m bench.mapping", description="programming latency by miss policy")
    parser.add_argument("--routers", type=int, default=1000, help="simulated routers")
    parser.add_argument("--interfaces", type=int, default=100_000, help="network interfaces in the VPC")
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument("--engines", type=int, default=16, help="real engines for preload")
    parser.add_argument("--entries", type=int, default=1000, help="mappings in each of those")
    rows = asyncio.run(measured(parser.parse_args()))
    Console(width=None if sys.stdout.isatty() else 140).print(report(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
