"""Keeps instances where the controller has them: plugs them in, moves them, starts new ones and ends those that go.

A move loses no packet, because the instance receives at both hosts while it lasts: it is plugged in at the new one
first, sends by the new one when the controller says that all know, and leaves the old one when nothing is under way.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mininet.net import Mininet

from controller.commands.client import Client, ClientError
from controller.model import NetworkInterface, Subnet
from controller.model.codec import Codec
from controller.model.model import FIRST_ENI_PORT
from topologies.nodes import EmulationError, InstanceHost
from topologies.sockets import SPARE, Port, Sockets

_PERIOD = 0.1  # seconds between looks at the controller
_SETTLED_IN = 15.0  # seconds that a change may take to be everywhere
_UNDER_WAY = 0.5  # seconds that packets may be under way to the old host


@dataclass(frozen=True)
class Plugged:
    """An instance's interface, the port that it is plugged into, and its name inside."""

    eni_id: str
    port: Port
    device: str


class Hypervisor:
    """What runs instances. `instances` and `plugged` are by instance name; both follow the controller."""

    def __init__(
        self,
        net: Mininet,
        client: Client,
        sockets: Sockets,
        instances: dict[str, InstanceHost],
        plugged: Mapping[str, Plugged],
    ) -> None:
        self._net = net
        self._client = client
        self._sockets = sockets
        self._instances = instances
        self._plugged = dict(plugged)
        self._codec = Codec()
        self._revision = -1
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.problem = ""  # what went wrong last

    def start(self) -> None:
        """Follows the controller from now on, in a thread."""
        self._revision = self._client.call("GET", "status")["revision"]
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_SETTLED_IN)

    def move(self, name: str, host: str) -> float:
        """Moves an instance by the controller's API; EmulationError names what is wrong.

        Returns when it is over: the seconds from the request until no router acted on the old place any more.
        """
        with self._lock:
            hosts = self._hosts()
            if name not in self._plugged:
                raise EmulationError(f"no instance is called {name!r} (there are {', '.join(self._plugged)})")
            if host not in hosts.values():
                raise EmulationError(f"no host is called {host!r} (there are {', '.join(hosts.values())})")
            if self._plugged[name].port[0] == host:
                raise EmulationError(f"{name} is on {host} already")
            if not self._sockets.free(host):
                raise EmulationError(f"{host} has no free socket: its switch took {SPARE} at its start")
            eni, subnet = self._interface(self._plugged[name].eni_id)
            port = (host, self._next_port(hosts, host))
            ahead = Plugged(eni.id, port, self._sockets.plug(self._instances[name], port, eni, subnet))
            begin = time.monotonic()
            try:
                host_id = next(host_id for host_id, known in hosts.items() if known == host)
                self._client.call("PATCH", f"instances/{eni.instance_id}", {"host_id": host_id})
            except ClientError as error:
                self._sockets.unplug(self._instances[name], port, ahead.device)
                raise EmulationError(str(error)) from None
            return self._relocate([name], hosts, ahead) - begin

    def place(self, name: str) -> str:
        """The host that an instance is on: after a move, when the old one has nothing of it any more."""
        return self._plugged[name].port[0]

    def _run(self) -> None:
        while not self._end.wait(_PERIOD):
            try:
                with self._lock:
                    self._follow()
            except (ClientError, EmulationError, OSError) as error:
                self.problem = str(error)  # a controller that is away comes back

    def _follow(self) -> None:
        revision = self._client.call("GET", "status")["revision"]
        if revision == self._revision:
            return
        hosts = self._hosts()
        wanted = {
            eni["id"]: eni
            for eni in self._client.items("network-interfaces")
            if eni["instance_id"] and eni["host_id"] in hosts and eni["device_index"] == 0
        }
        for name, plugged in list(self._plugged.items()):
            if plugged.eni_id not in wanted:
                self._end_instance(name)
        known = {plugged.eni_id: name for name, plugged in self._plugged.items()}
        moving: list[str] = []
        for eni_id, document in wanted.items():
            port = (hosts[document["host_id"]], document["port"])
            if eni_id not in known:
                self._start_instance(document["instance_id"], eni_id, port)
            elif self._plugged[known[eni_id]].port != port:
                moving.append(known[eni_id])
        if moving:
            self._relocate(moving, hosts)
        self._revision = revision

    def _relocate(self, names: Sequence[str], hosts: Mapping[str, str], ahead: Plugged | None = None) -> float:
        """Takes instances to where the controller has them now, all at the same time.

        Each is plugged in there, and the controller, which waits for that, is told; each sends by the new port when all
        know it, and leaves the old one. What is plugged in `ahead` is left as it is, if the controller chose that port.
        Returns when all knew, on the monotonic clock.
        """
        now: dict[str, Plugged] = {}
        for name in names:
            eni, subnet = self._interface(self._plugged[name].eni_id)
            port = (hosts[eni.host_id], eni.port)
            if ahead is not None and ahead.port == port:
                now[name] = ahead
            else:
                now[name] = Plugged(eni.id, port, self._sockets.plug(self._instances[name], port, eni, subnet))
                if ahead is not None:
                    self._sockets.unplug(self._instances[name], ahead.port, ahead.device)
            self._client.call("PUT", f"network-interfaces/{eni.id}/plugged")
        for name, there in now.items():
            eni, subnet = self._until_available(there.eni_id)
            self._instances[name].send_by(eni, subnet, there.device)
            self._instances[name].has_device(there.device, eni, subnet)
        known = time.monotonic()
        time.sleep(_UNDER_WAY)
        for name, there in now.items():
            before = self._plugged[name]
            self._sockets.unplug(self._instances[name], before.port, before.device)
            self._plugged[name] = there
        return known

    def _start_instance(self, instance_id: str, eni_id: str, port: Port) -> None:
        eni, subnet = self._interface(eni_id)
        name = self._described("instances", instance_id)["name"] or instance_id
        if name in self._net:
            name = instance_id
        node = self._net.addHost(name, cls=InstanceHost, ip=None)
        assert isinstance(node, InstanceHost)
        device = self._sockets.plug(node, port, eni, subnet)
        node.send_by(eni, subnet, device)
        node.has_device(device, eni, subnet)
        self._instances[name] = node
        self._plugged[name] = Plugged(eni_id, port, device)

    def _end_instance(self, name: str) -> None:
        plugged, node = self._plugged.pop(name), self._instances.pop(name)
        self._sockets.unplug(node, plugged.port, plugged.device)
        self._net.delHost(node)

    def _until_available(self, eni_id: str) -> tuple[NetworkInterface, Subnet]:
        deadline = time.monotonic() + _SETTLED_IN
        while self._described("network-interfaces", eni_id)["state"] != "available":
            if time.monotonic() > deadline:
                raise EmulationError(f"the move of {eni_id} is not over after {_SETTLED_IN:.0f} s")
            time.sleep(0.01)
        return self._interface(eni_id)

    def _interface(self, eni_id: str) -> tuple[NetworkInterface, Subnet]:
        eni = self._decoded(NetworkInterface, self._described("network-interfaces", eni_id))
        subnet = self._decoded(Subnet, self._described("subnets", eni.subnet_id))
        return eni, subnet

    def _described(self, path: str, resource_id: str) -> dict[str, Any]:
        return self._client.call("GET", f"{path}/{resource_id}")["resource"]

    def _decoded(self, kind: type[Any], document: Mapping[str, Any]) -> Any:
        names = {field.name for field in dataclasses.fields(kind)}
        return self._codec.decode(kind.__name__, {name: document[name] for name in names})

    def _hosts(self) -> dict[str, str]:
        """Names by id."""
        return {host["id"]: host["name"] for host in self._client.items("hosts")}

    def _next_port(self, hosts: Mapping[str, str], host: str) -> int:
        """The port that the controller will choose, as far as one can know."""
        used = {eni["port"] for eni in self._client.items("network-interfaces") if hosts.get(eni["host_id"]) == host}
        return next(port for port in range(FIRST_ENI_PORT, 512) if port not in used)
