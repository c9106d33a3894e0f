"""What each plugin adds to a packet's way through the vrouter, in nanoseconds; engine alone, in turns with none loaded.

A region of two hosts as the plugin finds it when it is loaded: with the resources that it makes for every VPC and
interface, and no more.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from bench.engine import SECONDS, check, mpps
from bench.row import FULL, Budget, Row
from controller.loader import Manifest, discover
from controller.loader.installed import plugin_folders
from switch.engine import Engine
from topologies.lab import ROUTER_MAC, Lab
from topologies.packets import udp
from topologies.region import load_region

needs = ("cc",)
TURNS = 5
BURST = 1024
SENDER, RECEIVER = "client", "web"
PACKET = "10.0.1.6:4000 > 10.0.1.5:53"

Way = tuple[Engine, list[tuple[int, bytes]]]


def measure(budget: Budget = FULL) -> list[Row]:
    """Both directions for every installed plugin of the vrouter."""
    rows: list[Row] = []
    found = {manifest.name: manifest for manifest in discover(*plugin_folders(), broken=[])}
    with Lab(load_region("two_hosts")) as bare:
        for manifest in found.values():
            if "vrouter" not in manifest.programs or any(name not in found for name in manifest.needs):
                continue
            with Lab(load_region("two_hosts"), [manifest, *(found[name] for name in manifest.needs)]) as lab:
                rows += _rows(manifest, bare, lab, budget)
    return rows


def _rows(manifest: Manifest, bare: Lab, lab: Lab, budget: Budget) -> Iterator[Row]:
    for direction, without, with_it in zip(("ENI → underlay", "underlay → ENI"), _ways(bare), _ways(lab), strict=True):
        seconds = SECONDS * budget.seconds / TURNS
        base, more = [], []
        for _ in range(TURNS):
            base.append(1e3 / mpps(*without, seconds))
            more.append(1e3 / mpps(*with_it, seconds))
        cost = statistics.median(b - a for a, b in zip(base, more, strict=True))
        note = f"{statistics.median(more):.0f} ns a packet instead of {statistics.median(base):.0f}"
        yield Row(f"{manifest.name}, {direction}", cost, "ns", note=note)


def _ways(lab: Lab) -> tuple[Way, Way]:
    """The engines of both hosts, and the packets of one flow as they enter there."""
    model = lab.region.model
    sender, receiver = (model.interface_of(model.instance(name)) for name in (SENDER, RECEIVER))
    far, near = (lab.switches[model.hosts[eni.host_id].name].engine for eni in (sender, receiver))
    sent = lab.send(SENDER, udp(PACKET))
    link = lab.region.links[0]
    ports = {link.host_a: link.port_a, link.host_b: link.port_b}
    frame = bytes.fromhex((ROUTER_MAC + sender.mac).replace(":", "")) + b"\x08\x00" + bytes(udp(PACKET))
    outward = [(sender.port, frame)] * BURST
    inward = [(ports[receiver.host_id], sent.underlay[0])] * BURST
    check(far, outward[:1], ports[sender.host_id])
    check(near, inward[:1], receiver.port)
    return (far, outward), (near, inward)
