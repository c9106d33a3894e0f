"""What every switch on the underlay holds about its own place there."""

from __future__ import annotations

from collections.abc import Iterator

from controller.model import Model, PhysicalHost
from controller.p4rt import Entry


def host_entries(model: Model, host: PhysicalHost) -> Iterator[Entry]:
    """What a router holds about its own place on the underlay."""
    yield Entry("host_address", {"address": host.address}, "this_host")
    yield from _underlay(model, host)


def _underlay(model: Model, host: PhysicalHost) -> Iterator[Entry]:
    for route in model.underlay_routes_by_host.get(host.id, ()):
        yield Entry(
            "underlay_route",
            {"host": route.destination},
            "to_underlay",
            port=route.port,
            src=host.address,
            src_mac=route.mac,
            dst_mac=route.next_hop,
        )
