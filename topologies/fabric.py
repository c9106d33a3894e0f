"""The fabric of a region in Mininet: a Linux bridge that every router and the mapping service hang on."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mininet.link import Intf
from mininet.node import Node

from controller.mapping import Mapping as Mapped
from controller.mapping.server import MappingServer
from controller.plan.addresses import data_plane_address
from topologies.region import FABRIC_PORT, SERVICE_MAC, Region

_BRIDGE = "fabric"
_MTU = "9216"


def plug_in(region: Region, routers: Mapping[str, Node]) -> None:
    """Makes the bridge and plugs port 15 of every router into it; the bridge itself has the service's address."""
    _ip("link", "add", _BRIDGE, "address", SERVICE_MAC, "type", "bridge")
    for index, (name, router) in enumerate(routers.items(), start=1):
        own, far = f"{name}-fabric", f"fabric-{index}"
        _ip("link", "add", own, "type", "veth", "peer", "name", far)
        _ip("link", "set", far, "mtu", _MTU, "master", _BRIDGE, "up")
        Intf(own, node=router, port=FABRIC_PORT)
    _ip("link", "set", _BRIDGE, "mtu", _MTU, "up")
    # Routers check checksums, so the kernel must not leave them to a network card that is not there.
    subprocess.run(["ethtool", "-K", _BRIDGE, "tx", "off"], check=True, stdout=subprocess.DEVNULL)
    _ip("address", "add", f"{region.mapping.service}/16", "dev", _BRIDGE)
    for route in region.model.underlay_routes:
        if route.port == FABRIC_PORT:
            address = str(region.model.hosts[route.host_id].address)
            _ip("neighbour", "replace", address, "lladdr", route.mac, "dev", _BRIDGE, "nud", "permanent")


@contextmanager
def mapping_service(region: Region) -> Iterator[MappingServer | None]:
    """Runs the mapping service of an on-demand region in a thread."""
    if region.mapping.policy != "on-demand":
        yield None
        return
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    starting = MappingServer.start(str(region.mapping.service))
    server = asyncio.run_coroutine_threadsafe(starting, loop).result(timeout=10)
    for eni in region.model.network_interfaces.values():
        mapping = Mapped(region.model.hosts[eni.host_id].address, eni.number, version=1)
        for address in eni.addresses:
            server.service.load(region.model.vpcs[eni.vpc_id].number, data_plane_address(address), mapping)
    server.service.set_peerings(region.model.peerings())
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=5)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
