"""How a router tracks the flows of its interfaces: how strictly, for how long, how many."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Literal

from controller.model import Model, NetworkInterface, PhysicalHost
from controller.p4rt import Entry

Tracking = Literal["off", "strict", "loose"]
PERSPECTIVES = ("flow_out", "flow_in")  # the same policy, looked up where a packet leaves an interface and enters one


@dataclass(frozen=True)
class Timeouts:
    """Seconds that a flow is remembered after its last packet, by its state; defaults of AWS and Linux."""

    syn_sent: int = 120
    syn_recv: int = 60
    established: int = 432_000
    fin_wait: int = 120
    close_wait: int = 60
    last_ack: int = 30
    time_wait: int = 120
    close: int = 10
    retransmitting: int = 300
    unacknowledged: int = 300
    udp_single: int = 30
    udp_stream: int = 180
    icmp: int = 30
    other: int = 600
    fragments: int = 30


@dataclass(frozen=True)
class FlowPlan:
    """The region's way of tracking flows.

    `limit` is how many flows an interface may have at a time. `pickup_seconds` is how long after a start a router,
    which then knows no flows, picks TCP flows up in their middle. `key` is secret: each router's table is hashed with
    a secret of its own made from it.
    """

    tracking: Tracking = "strict"
    limit: int = 262_144
    pickup_seconds: int = 60
    timeouts: Timeouts = field(default_factory=Timeouts)
    key: bytes = b""

    def secret(self, host: PhysicalHost) -> int:
        """The 128 bits that key the hash of a host's flow table."""
        digest = hashlib.blake2b(host.id.encode(), key=self.key, digest_size=16, person=b"flows")
        return int.from_bytes(digest.digest(), "big")


def flow_entries(model: Model, host: PhysicalHost, plan: FlowPlan) -> Iterator[Entry]:
    """The tracking policy of each interface of a host."""
    for eni in model.interfaces_on(host):
        yield from flow_policy_entries(eni, host, plan)


def flow_policy_entries(eni: NetworkInterface, host: PhysicalHost, plan: FlowPlan) -> Iterator[Entry]:
    """The tracking policy of an interface; none when its flows are not tracked."""
    if plan.tracking == "off":
        return
    parameters = {
        "tracking": plan.tracking.upper(),
        "limit": plan.limit,
        "pickup_until": plan.pickup_seconds * 1_000_000,
        "secret": plan.secret(host),
        **asdict(plan.timeouts),
    }
    for perspective in PERSPECTIVES:
        yield Entry(f"{perspective}.policy", {"eni": eni.number}, f"{perspective}.track", **parameters)
