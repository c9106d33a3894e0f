"""The topology `region` with real kernels: pings of everybody, and what leaves and spines did; started by its test."""

from __future__ import annotations

import json
import re
import socket
import sys
import time
from typing import Any

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from topologies.emulation import Emulation, running
from topologies.region import load_region

FLOWS = 64
SENDER = """
import socket
for port in range(20000, 20000 + {flows}):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(("10.0.1.5", port))
    one.sendto(b"x", ("10.0.2.5", 9))
"""


def pings(emulation: Emulation) -> dict[str, str]:
    """The first pings from each instance to the next one of its VPC: the share that was lost."""
    model = emulation.region.model
    found = {}
    for enis in model.interfaces_by_vpc.values():
        for sender, receiver in zip(enis, [*enis[1:], enis[0]], strict=True):
            for address in receiver.addresses:
                output = emulation.instances[sender.name].run("ping", "-c", "3", "-i", "0.05", "-W", "2", str(address))
                lost = re.search(r"([\d.]+)% packet loss", output)
                found[f"{sender.name} {address}"] = lost[1] if lost else output
    return found


def by_spine(emulation: Emulation) -> list[int]:
    """How many packets leaf-1 sent to each spine for many flows between two instances."""
    assert emulation.region.fabric is not None
    leaf = emulation.region.fabric.leaves[0]
    spines = [spine.name for spine in emulation.region.fabric.spines]
    before = [emulation.fabric["leaf-1"].packets_sent(spine, leaf) for spine in spines]
    emulation.instances["shop-web1"].run(sys.executable, "-c", SENDER.format(flows=FLOWS))
    deadline = time.monotonic() + 10
    while True:
        after = [emulation.fabric["leaf-1"].packets_sent(spine, leaf) for spine in spines]
        if sum(after) - sum(before) >= FLOWS or time.monotonic() > deadline:
            return [new - old for old, new in zip(before, after, strict=True)]
        time.sleep(0.1)


def refused_by_leaf(emulation: Emulation, source: str) -> int:
    """How many of ten packets, sent by host h1 itself from an address, its leaf refused."""
    assert emulation.region.fabric is not None
    leaf = emulation.region.fabric.leaves[0]
    before = _reverse_path_drops(emulation)
    frame = Ether(dst=leaf.mac("h1")) / IP(src=source, dst="172.31.0.5") / UDP(sport=50000, dport=6081)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("h1-eth15", 0))
        for _ in range(10):
            wire.send(bytes(frame))
    return _reverse_path_drops(emulation) - before


def _reverse_path_drops(emulation: Emulation) -> int:
    lines = str(emulation.fabric["leaf-1"].cmd("cat", "/proc/net/netstat")).splitlines()
    names, values = (line.split() for line in lines if line.startswith("TcpExt:"))
    return int(values[names.index("IPReversePathFilter")])


def main() -> None:
    """Prints what was found."""
    with running(load_region("region")) as emulation:
        found: dict[str, Any] = {
            "switches": len(emulation.routers),
            "instances": len(emulation.instances),
            "started_in": emulation.started_in,
            "pings": pings(emulation),
            "foreign": emulation.instances["shop-web1"].run("ping", "-c", "2", "-i", "0.05", "-W", "1", "10.0.2.7"),
            "by_spine": by_spine(emulation),
            "forged": refused_by_leaf(emulation, "172.31.0.3"),
            "own": refused_by_leaf(emulation, "172.31.0.1"),
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
