"""The nodes of a region in Mininet: routers are switch processes, instances are namespaces that run real programs."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mininet.link import Intf
from mininet.node import Host, Switch

from controller.flow_records import CPU_PORT, TICK_PORT
from controller.model import NetworkInterface, Subnet
from controller.model.resources import Address, Network
from topologies.region import ROUTER_MAC

INSTANCE_MTU = 9001
UNDERLAY_MTU = 9216
OFFLOADS = ("tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
TICK_RATE = 100  # per second; a sweep of the flow table takes some 2,000
_THRIFT_PORT = 9090  # BMv2 opens one for each switch, whether it is used or not
_START_TIMEOUT = 30.0  # seconds until a switch process must answer

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

    def start(self, controllers: object = None) -> None:
        """Starts the process; its program comes later, over P4Runtime."""
        self.socket.unlink(missing_ok=True)
        command = [*self._executable, "--no-p4", "--device-id", str(self.device_id), "--log-file", str(self.log)]
        for number, interface in sorted(self.intfs.items()):
            if number > 0:
                command += ["--interface", f"{number}@{interface.name}"]
        if self._executable == SWITCHES["bmv2"]:
            command += ["--thrift-port", str(_THRIFT_PORT + self.device_id)]
        else:
            command += ["--tick-port", str(TICK_PORT), "--tick-rate", str(TICK_RATE)]
        command += ["--", "--grpc-server-addr", self.address, "--cpu-port", str(CPU_PORT)]
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

    def kill(self) -> None:
        """SIGKILL: the process can do nothing about it. Its interfaces stay."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

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
            self.command(*argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is not for it
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def output_of(self, *argv: str) -> Iterator[subprocess.Popen[bytes]]:
        """Runs a program beside what the block does; its output is the process's stdout."""
        process = subprocess.Popen(
            self.command(*argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def wait_for_listener(self, port: int) -> None:
        """Returns when something listens on the TCP port; EmulationError when nothing does in time."""
        deadline = time.monotonic() + _START_TIMEOUT
        while not self.run("ss", "-Hltn", f"sport = :{port}").strip():
            if time.monotonic() > deadline:
                raise EmulationError(f"nothing listens on port {port} of {self.name}")
            time.sleep(0.05)

    def configure(self, eni: NetworkInterface, subnet: Subnet, device: str = "") -> None:
        """Sets up an interface as DHCP and router advertisements would, and sends by it."""
        device = device or f"{self.name}-eth0"
        self.receive_by(eni, subnet, device)
        self.send_by(eni, subnet, device)
        self.has_device(device, eni, subnet)

    def receive_by(self, eni: NetworkInterface, subnet: Subnet, device: str) -> None:
        """Gives an interface MAC and addresses, so that what arrives there is taken; what is sent goes as before."""
        settings = ("accept_ra=0", "accept_dad=0", "router_solicitations=0")
        quiet = [f"net.ipv6.conf.{device}.{setting}" for setting in settings]
        self.must("sysctl", "-qw", f"net.ipv4.conf.{device}.rp_filter=0", "net.ipv4.conf.all.rp_filter=0", *quiet)
        lines = [
            "link set dev lo up",
            f"address flush dev {device}",
            f"link set dev {device} address {eni.mac} mtu {INSTANCE_MTU} up",
        ]
        for address, block in _places(eni, subnet):
            at_once = " nodad" if address.version == 6 else ""  # not tentative for a moment, as accept_dad leaves it
            lines.append(f"address add {address}/{block.prefixlen} dev {device} noprefixroute{at_once}")
            lines.append(f"neighbour replace {block[1]} lladdr {ROUTER_MAC} dev {device} nud reachable")
        self.must("ip", "-batch", "-", text="\n".join(lines))
        self.must("ethtool", "-K", device, *OFFLOADS)

    def send_by(self, eni: NetworkInterface, subnet: Subnet, device: str) -> None:
        """Lets everything that is sent go by an interface, from the next packet on."""
        lines = []
        for address, block in _places(eni, subnet):
            lines.append(f"route replace {block} dev {device} src {address}")
            lines.append(f"route replace default via {block[1]} dev {device} src {address}")
        self.must("ip", "-batch", "-", text="\n".join(lines))

    def free_device(self) -> str:
        """A name for one more interface."""
        present = self.run("ls", "/sys/class/net").split()
        return next(name for number in range(100) if (name := f"{str(self.name)[:9]}-eth{number}") not in present)

    def has_device(self, device: str, eni: NetworkInterface, subnet: Subnet) -> None:
        """Tells Mininet under which name the instance has its interface now, and with which addresses."""
        interface = self.intfs.get(0)
        if interface is None:
            interface = Intf(device, node=self, port=0, moveIntfFn=_stays)
        interface.name = device
        self.nameToIntf = {device: interface}
        interface.mac, interface.ip = eni.mac, str(eni.addresses[0])
        interface.prefixLen = str(subnet.cidr_block.prefixlen)

    def must(self, *argv: str, text: str = "") -> None:
        """Runs a program; EmulationError with what it printed when it fails."""
        done = subprocess.run(self.command(*argv), input=text.encode(), capture_output=True, check=False)
        if done.returncode:
            raise EmulationError(f"{self.name}: {' '.join(argv)}: {done.stderr.decode(errors='replace').strip()}")


def _places(eni: NetworkInterface, subnet: Subnet) -> Iterator[tuple[Address, Network]]:
    """The addresses of an interface, each with the range of the subnet that it is in."""
    for address in eni.addresses:
        block = next(block for block in subnet.blocks() if block.version == address.version)
        yield address, block


def _stays(*_: object) -> None:
    """For Mininet: the interface is in the namespace already."""
