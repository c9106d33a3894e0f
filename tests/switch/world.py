"""Two hosts in network namespaces around a place for a switch; and a program that forwards port 0 to 1 and back."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import statistics
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RUNTIME = HERE.parent.parent / "switch" / "engine" / "runtime"


def run(*command: str, timeout: float = 30) -> str:
    """Runs a command to its end and returns what it printed; raises when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


def compile_c(source: Path, target: Path, *flags: str) -> Path:
    """Compiles one C file with the system compiler."""
    strict = ("-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror")
    run("cc", *strict, f"-I{RUNTIME}", *flags, "-o", str(target), str(source))
    return target


class LoopEngine:
    """A program in the form that PacketIO takes: forwards port p to port p ^ 1."""

    def __init__(self, directory: Path, cpu_port: int | None = None) -> None:
        path = compile_c(HERE / "loop_engine.c", directory / f"loop-{uuid.uuid4().hex[:8]}.so", "-shared", "-fPIC")
        self.library = ctypes.CDLL(str(path))
        self._state = ctypes.c_uint32(cpu_port or 0)
        self.pointer = 0 if cpu_port is None else ctypes.addressof(self._state)
        self.carry_offload = False
        self.adopted: list[Any] = []

    def adopt(self, old: Any) -> list[str]:
        """Remembers whose state it was offered."""
        self.adopted.append(old)
        return ["everything"]

    def poll_events(self) -> Sequence[Any]:
        """Nothing ever happens."""
        return ()


class World:
    """Hosts h0 (10.77.0.1) and h1 (10.77.0.2), each in a namespace, each on a veth whose other end is `ports[i]`.

    The switch side lives in a third namespace, so that nothing touches the machine's own; `inside` puts a command
    there, and `enter` this thread.
    """

    def __init__(self, mtu: int = 1500) -> None:
        tag = uuid.uuid4().hex[:5]
        self.hosts = (f"p4t{tag}h0", f"p4t{tag}h1")
        self.switch = f"p4t{tag}s"
        self.ports = (f"sw{tag}0", f"sw{tag}1")
        self.addresses = ("10.77.0.1", "10.77.0.2")
        for namespace in (*self.hosts, self.switch):
            run("ip", "netns", "add", namespace)
            run("ip", "-n", namespace, "link", "set", "lo", "up")
            run("ip", "netns", "exec", namespace, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        for index in (0, 1):
            self.connect(index, mtu)

    def connect(self, index: int, mtu: int = 1500) -> None:
        """Makes the veth of a host and brings both ends up."""
        host, port = self.hosts[index], self.ports[index]
        peer = ["peer", "name", "eth0", "netns", host]
        run("ip", "-n", self.switch, "link", "add", port, "mtu", str(mtu), "type", "veth", *peer)
        mac = f"02:00:00:00:00:0{index + 1}"
        run("ip", "-n", host, "link", "set", "eth0", "mtu", str(mtu), "address", mac)
        run("ip", "-n", host, "addr", "add", f"{self.addresses[index]}/24", "dev", "eth0")
        run("ip", "-n", host, "link", "set", "eth0", "up")
        run("ip", "-n", self.switch, "link", "set", port, "up")
        other = f"02:00:00:00:00:0{2 - index}"
        run("ip", "-n", host, "neigh", "replace", self.addresses[1 - index], "lladdr", other, "dev", "eth0")

    def offloads(self, state: str) -> None:
        """Turns checksum and segmentation offload of the hosts `on` or `off`."""
        for host in self.hosts:
            features = [word for feature in ("tx", "tso", "gso", "gro") for word in (feature, state)]
            run(*self.inside(host), "ethtool", "-K", "eth0", *features)

    def set_mtu(self, mtu: int) -> None:
        """Sets the MTU of all four interface ends."""
        for host, port in zip(self.hosts, self.ports, strict=True):
            run("ip", "-n", host, "link", "set", "eth0", "mtu", str(mtu))
            run("ip", "-n", self.switch, "link", "set", port, "mtu", str(mtu))

    def inside(self, namespace: str) -> list[str]:
        """The words in front of a command that runs in a namespace."""
        return ["ip", "netns", "exec", namespace]

    @contextlib.contextmanager
    def enter(self, namespace: str | None = None) -> Iterator[None]:
        """This thread (and sockets and threads made here) is in a namespace, by default the switch's."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        there = os.open(f"/run/netns/{namespace or self.switch}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _setns(there)
            yield
        finally:
            _setns(home)
            os.close(home)
            os.close(there)

    def ping(self, count: int = 5, interval: float = 0.01) -> float:
        """Median round trip from h0 to h1 in ms; fails when a reply is missing."""
        command = ["ping", "-n", "-c", str(count), "-i", str(interval), "-W", "1", self.addresses[1]]
        text = run(*self.inside(self.hosts[0]), *command)
        assert " 0% packet loss" in text, text
        return statistics.median(float(part.split()[0]) for part in text.split("time=")[1:])

    def iperf(self, seconds: float = 2, *options: str) -> dict[str, Any]:
        """iperf3's report of TCP from h0 to h1."""
        server = subprocess.Popen(
            [*self.inside(self.hosts[1]), "iperf3", "-s", "-1", "--forceflush"], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            for line in server.stdout:
                if "listening" in line:
                    break
            client = ["iperf3", "-J", "-c", self.addresses[1], "-t", str(seconds), *options]
            return json.loads(run(*self.inside(self.hosts[0]), *client, timeout=seconds + 30))
        finally:
            server.kill()
            server.wait()

    def close(self) -> None:
        """Removes everything."""
        for namespace in (*self.hosts, self.switch):
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")
