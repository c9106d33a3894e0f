"""An edge whose process hangs closes no connection: routers' flows leave it all the same, and come back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from finsy.proto import p4r

from controller.p4rt import Schema
from tests.controller.plugins.running import Running
from tests.controller.service.processes import entries_of, until
from topologies import programs

EDGES = {"edge-a": IPv4Address("172.31.0.101"), "edge-b": IPv4Address("172.31.0.102")}
SECONDS = 5.0  # within two on a machine with time to spare


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Running]:
    """A router and two edges of the internet."""
    machines = Running(tmp_path, ("alpha", *EDGES))
    try:
        for process in (machines.controller, *machines.switches.values()):
            process.start()
        for process in (machines.controller, *machines.switches.values()):
            process.wait()
        _host(machines, "alpha", IPv4Address("172.31.0.1"), "vrouter")
        for name, address in EDGES.items():
            host = _host(machines, name, address, "blackfoot")
            port = {"port": 16, "mac": "02:73:00:00:01:01", "next_hop": "02:73:00:00:00:01"}
            machines.call("PUT", f"hosts/{host}/edge-ports", {**port, "address": f"198.18.0.{address.packed[3]}"})
        machines.settled()
        yield machines
    finally:
        machines.end()


def _host(machines: Running, name: str, address: IPv4Address, program: str) -> str:
    body = {"name": name, "address": str(address), "switch": machines.address(name), "program": program}
    return machines.call("POST", "hosts", body)["resource"]["id"]


def ways(machines: Running) -> Counter[str]:
    """How many ways each edge has, as the router holds them."""
    schema = Schema(programs.compiled("vrouter").p4info)
    found: Counter[str] = Counter()
    names = {address: name for name, address in EDGES.items()}
    for key, action in entries_of(machines.address("alpha")).items():
        entry = p4r.TableEntry.FromString(key)
        entry.action.ParseFromString(action)
        decoded = schema.decode(entry)
        if decoded.table == "next_hop":
            host = dict(decoded.params)["host"]
            assert isinstance(host, int)
            found[names[IPv4Address(host)]] += 1
    return found


def test_flows_leave_an_edge_that_hangs_and_come_back(machines: Running) -> None:
    shared = ways(machines)
    assert shared.keys() == EDGES.keys()

    machines.switches["edge-a"].stop()
    begun = time.monotonic()
    until(lambda: ways(machines) == {"edge-b": 64}, lambda: f"still {ways(machines)}", SECONDS)
    gone = time.monotonic() - begun
    machines.switches["edge-a"].go_on()
    until(lambda: ways(machines) == shared, lambda: f"still {ways(machines)}", SECONDS)

    print(f"an edge that hangs: its ways were the other's after {gone:.1f} s")


def test_when_every_edge_hangs_nothing_moves(machines: Running) -> None:
    shared = ways(machines)

    for name in EDGES:
        machines.switches[name].stop()
    time.sleep(4)
    found = ways(machines)
    for name in EDGES:
        machines.switches[name].go_on()

    assert found == shared
