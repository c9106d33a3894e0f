"""A region in Mininet: routers are switch processes, instances are namespaces that run real programs.

Runs inside a sandbox (`topologies.sandbox`), so that nothing needs to be cleaned up after a kill.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from mininet.link import Link
from mininet.net import Mininet
from mininet.node import Host, Node, Switch

from controller.model import NetworkInterface, Subnet
from controller.p4rt import Program, SwitchDevice
from controller.service import Controller
from topologies import fabric, programs, sandbox
from topologies.region import Region

INSTANCE_MTU = 9001
UNDERLAY_MTU = 9216
_THRIFT_PORT = 9090  # BMv2 opens one for each switch, whether it is used or not
_OFFLOADS = ("tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
_START_TIMEOUT = 30.0  # seconds until a switch process must answer

_Node = TypeVar("_Node", bound=Node)


# The switches that can run a region; both take the command line of simple_switch_grpc.
SWITCHES: Mapping[str, Sequence[str]] = {
    "p4vpc": (sys.executable, "-m", "switch"),
    "bmv2": ("simple_switch_grpc",),
}


class EmulationError(Exception):
    """The region could not be started; says what failed."""


class Router(Switch):
    """The embedded router of one physical host: a switch process, programmed over a Unix socket."""

    def __init__(self, name: str, folder: Path, device_id: int, executable: Sequence[str], **params: Any) -> None:
        super().__init__(name, dpid=f"{device_id:016x}", **params)
        self._executable = executable
        self.socket = folder / f"{name}.sock"
        self.log = folder / f"{name}.log"
        self.device_id = device_id
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where its P4Runtime server listens."""
        return f"unix:{self.socket}"

    def start(self, controllers: object) -> None:
        """Starts the process; its program comes later, over P4Runtime."""
        command = [*self._executable, "--no-p4", "--device-id", str(self.device_id), "--log-file", str(self.log)]
        for number, interface in sorted(self.intfs.items()):
            if number > 0:
                command += ["--interface", f"{number}@{interface.name}"]
        if self._executable == SWITCHES["bmv2"]:
            command += ["--thrift-port", str(_THRIFT_PORT + self.device_id)]
        command += ["--", "--grpc-server-addr", self.address]
        with self.log.with_suffix(".err").open("wb") as errors:
            self._process = subprocess.Popen(  # a session of its own: Ctrl-C is not for the switches
                command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True
            )

    def wait_until_ready(self) -> None:
        """Returns when the P4Runtime server listens; EmulationError with the log when it does not."""
        deadline = time.monotonic() + _START_TIMEOUT
        while not self.socket.exists():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                raise EmulationError(f"switch {self.name} did not start:\n{self.log.with_suffix('.err').read_text()}")
            time.sleep(0.02)

    def stop(self, deleteIntfs: bool = True) -> None:
        """Ends the process and removes its interfaces."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        super().stop(deleteIntfs)


class InstanceHost(Host):
    """The namespace of an instance, with its address, MAC and default route as the VPC gives them."""

    def command(self, *argv: str) -> list[str]:
        """The command line that runs `argv` in the namespace."""
        return ["mnexec", "-a", str(self.pid), *argv]

    def run(self, *argv: str, timeout: float = 60.0) -> str:
        """Runs a program to its end and returns what it printed, errors too."""
        done = subprocess.run(
            self.command(*argv), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False
        )
        return done.stdout.decode(errors="replace")

    @contextmanager
    def background(self, *argv: str) -> Iterator[subprocess.Popen[bytes]]:
        """Runs a program until the block ends."""
        process = subprocess.Popen(
            self.command(*argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def wait_for_listener(self, port: int) -> None:
        """Returns when something listens on the TCP port; EmulationError when nothing does in time."""
        deadline = time.monotonic() + _START_TIMEOUT
        while not self.run("ss", "-Hltn", f"sport = :{port}").strip():
            if time.monotonic() > deadline:
                raise EmulationError(f"nothing listens on port {port} of {self.name}")
            time.sleep(0.05)

    def configure(self, eni: NetworkInterface, subnet: Subnet) -> None:
        """Sets up the interface as DHCP and router advertisements would."""
        device = f"{self.name}-eth0"
        settings = ("accept_ra=0", "accept_dad=0", "router_solicitations=0")
        self.run("sysctl", "-qw", *(f"net.ipv6.conf.{device}.{setting}" for setting in settings))
        self.run("ip", "link", "set", "dev", "lo", "up")
        self.run("ip", "address", "flush", "dev", device)
        self.run("ip", "link", "set", "dev", device, "address", eni.mac, "mtu", str(INSTANCE_MTU), "up")
        self.run("ethtool", "-K", device, *_OFFLOADS)
        for address in eni.addresses:
            block = subnet.cidr_block if address.version == 4 else subnet.ipv6_cidr_block
            assert block is not None
            self.run("ip", "address", "add", f"{address}/{block.prefixlen}", "dev", device)
            self.run("ip", f"-{address.version}", "route", "replace", "default", "via", str(block[1]), "dev", device)


@dataclass(frozen=True)
class Emulation:
    """A running region; routers and instances by name."""

    region: Region
    net: Mininet
    routers: Mapping[str, Router]
    instances: Mapping[str, InstanceHost]
    started_in: float  # seconds until every switch held its entries
    entries: int  # table entries written


@contextmanager
def running(region: Region, switch: str = "p4vpc") -> Iterator[Emulation]:
    """Starts the region on one kind of `SWITCHES` and programs them; stops everything at the end."""
    if not sandbox.inside():
        raise EmulationError("a region runs inside topologies.sandbox")
    program = programs.compiled("vrouter")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="p4vpc-") as folder:
        Mininet.inited = True  # its initialisation raises system-wide limits, which a sandbox may not
        net = Mininet(controller=None, link=Link, autoSetMacs=False, build=False)
        try:
            routers = _routers(region, net, Path(folder), SWITCHES[switch])
            instances = _instances(region, net, routers)
            fabric.plug_in(region, routers)
            net.build()
            _configure(region, routers, instances)
            net.start()
            for router in routers.values():
                router.wait_until_ready()
            with fabric.mapping_service(region):
                written = asyncio.run(_program(region, program, routers))
                yield Emulation(region, net, routers, instances, time.monotonic() - begin, written)
        finally:
            net.stop()


def _routers(region: Region, net: Mininet, folder: Path, executable: Sequence[str]) -> dict[str, Router]:
    hosts = region.model.hosts
    routers: dict[str, Router] = {}
    for index, host in enumerate(hosts.values(), start=1):
        node = net.addSwitch(host.name, cls=Router, folder=folder, device_id=index, executable=executable)
        routers[host.name] = _added(node, Router)
    for link in region.links:
        ends = (routers[hosts[link.host_a].name], routers[hosts[link.host_b].name])
        net.addLink(*ends, port1=link.port_a, port2=link.port_b)
    return routers


def _instances(region: Region, net: Mininet, routers: Mapping[str, Router]) -> dict[str, InstanceHost]:
    instances: dict[str, InstanceHost] = {}
    for instance in region.model.instances.values():
        eni = region.model.interface_of(instance)
        node = _added(net.addHost(instance.name, cls=InstanceHost, ip=None), InstanceHost)
        net.addLink(node, routers[region.model.hosts[eni.host_id].name], port1=0, port2=eni.port)
        instances[instance.name] = node
    return instances


def _added(node: object, kind: type[_Node]) -> _Node:
    assert isinstance(node, kind)
    return node


def _configure(region: Region, routers: Mapping[str, Router], instances: Mapping[str, InstanceHost]) -> None:
    macs = {(route.host_id, route.port): route.mac for route in region.model.underlay_routes}
    for host in region.model.hosts.values():
        for number, interface in routers[host.name].intfs.items():
            if number == 0:
                continue
            mac = macs.get((host.id, number))
            settings = ["mtu", str(INSTANCE_MTU)] if mac is None else ["mtu", str(UNDERLAY_MTU), "address", mac]
            quiet = f"net.ipv6.conf.{interface.name}.disable_ipv6=1"
            subprocess.run(["sysctl", "-qw", quiet], check=True)
            subprocess.run(["ip", "link", "set", "dev", interface.name, *settings, "up"], check=True)
            subprocess.run(["ethtool", "-K", interface.name, *_OFFLOADS], check=True, stdout=subprocess.DEVNULL)
    for instance in region.model.instances.values():
        eni = region.model.interface_of(instance)
        instances[instance.name].configure(eni, region.model.subnets[eni.subnet_id])


async def _program(region: Region, program: Program, routers: Mapping[str, Router]) -> int:
    async with AsyncExitStack() as stack:
        devices = {}
        for host in region.model.hosts.values():
            router = routers[host.name]
            device = SwitchDevice(host.name, router.address, device_id=router.device_id)
            devices[host.id] = await stack.enter_async_context(device)
        written = await Controller(region.model, program, devices, region.mapping).reconcile()
    return sum(len(difference.insert) for difference in written.values())
