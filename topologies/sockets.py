"""Where instances are plugged in: the far ends of the wires at the ENI ports of every router."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Mapping

from mininet.link import Intf

from controller.model import NetworkInterface, Subnet
from controller.model.model import FIRST_ENI_PORT
from topologies.nodes import INSTANCE_MTU, EmulationError, InstanceHost, Router

SPARE = 4  # ports of each router that nobody is plugged into at first; a switch takes no new ones while it runs

_UP_WITHIN = 5.0  # seconds

Port = tuple[str, int]  # host name and port of its router


class Sockets:
    """The spare wires by port. A wire's end is in this network namespace, or in that of the instance that has it."""

    def __init__(self) -> None:
        self._spare: dict[Port, str] = {}

    def add(self, routers: Mapping[str, Router], taken: Iterable[Port]) -> None:
        """Makes spare wires at every router, behind the ports that are taken."""
        used = set(taken)
        lines: list[str] = []
        for name in routers:
            first = max([port for host, port in used if host == name], default=FIRST_ENI_PORT - 1) + 1
            for port in range(first, first + SPARE):
                near, far = f"{name}-eth{port}", _far(name, port)
                lines.append(f"link add {near} mtu {INSTANCE_MTU} type veth peer name {far} mtu {INSTANCE_MTU}")
                lines.append(f"link set dev {far} up")
                self._spare[(name, port)] = far
        _ip(lines)
        for name, port in self._spare:
            Intf(f"{name}-eth{port}", node=routers[name], port=port)

    def free(self, host: str) -> bool:
        """Whether one more instance can be plugged in at a host."""
        return any(name == host for name, _ in self._spare)

    def plug(self, instance: InstanceHost, port: Port, eni: NetworkInterface, subnet: Subnet) -> str:
        """Gives an instance the end of a wire, where it receives from then on; returns the interface's name."""
        far = self._spare.get(port)
        if far is None:
            raise EmulationError(
                f"{port[0]} has no free socket at port {port[1]}: its switch took {SPARE} at its start"
            )
        device = instance.free_device()
        _ip([f"link set dev {far} netns {instance.pid} name {device}"])
        del self._spare[port]
        instance.receive_by(eni, subnet, device)
        _wait_until_up(f"{port[0]}-eth{port[1]}")
        return device

    def unplug(self, instance: InstanceHost, port: Port, device: str) -> None:
        """Takes the wire back, so that something else can be plugged in there."""
        far = _far(*port)
        instance.must("ip", "link", "set", "dev", device, "down")
        instance.must("ip", "address", "flush", "dev", device)
        instance.must("ip", "link", "set", "dev", device, "netns", "1", "name", far)
        _ip([f"link set dev {far} up"])
        self._spare[port] = far


def _wait_until_up(device: str) -> None:
    """The kernel takes a moment to see that the far end is there; what is sent before is lost."""
    deadline = time.monotonic() + _UP_WITHIN
    while b"state UP" not in subprocess.run(["ip", "link", "show", device], capture_output=True, check=True).stdout:
        if time.monotonic() > deadline:
            raise EmulationError(f"{device} does not come up")
        time.sleep(0.01)


def _far(host: str, port: int) -> str:
    return f"{host}-s{port}"


def _ip(lines: Iterable[str]) -> None:
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines).encode(), check=True)
