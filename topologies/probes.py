"""Real programs that probe a running region, and what they found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from topologies.emulation import Emulation


@dataclass(frozen=True)
class Proof:
    """A claim, whether it was proved, and the figure that shows it."""

    claim: str
    proved: bool
    figure: str


class Capture:
    """Captures what crosses a host's first underlay link, by tshark, while the block runs."""

    def __init__(self, emulation: Emulation, host: str, folder: Path) -> None:
        self._interface = emulation.routers[host].intfs[1].name
        self._file = folder / f"{host}.pcap"

    def __enter__(self) -> Self:
        command = ["tshark", "-q", "-i", self._interface, "-w", str(self._file), "-a", "duration:60"]
        self._tshark = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert self._tshark.stderr is not None
        for line in self._tshark.stderr:
            if b"Capture started" in line:
                break
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wait_until_written()
        self._tshark.terminate()
        self._tshark.communicate()

    def _wait_until_written(self) -> None:
        """tshark writes what it has seen with some delay: waits until the file has not grown for a while."""
        size, since, deadline = -1, time.monotonic(), time.monotonic() + 5
        while time.monotonic() - since < 0.7 and time.monotonic() < deadline:
            if (now := self._file.stat().st_size) != size:
                size, since = now, time.monotonic()
            time.sleep(0.05)

    def decoded(self, *fields: str) -> list[str]:
        """The Geneve packets, one line each, with these tshark fields separated by tabs."""
        command = ["tshark", "-r", str(self._file), "-Y", "geneve", "-T", "fields", "-E", "occurrence=a"]
        for field in fields:
            command += ["-e", field]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def ping(emulation: Emulation, instance: str, address: str, claim: str, count: int = 20) -> Proof:
    """Whether every one of `count` pings is answered."""
    output = emulation.instances[instance].run("ping", "-c", str(count), "-i", "0.05", "-W", "2", address)
    found = re.search(r"(\d+) received", output)
    received = int(found[1]) if found else 0
    times = re.search(r"= [\d.]+/([\d.]+)/", output)
    figure = f"{received} of {count} answered" + (f", {times[1]} ms on average" if times else "")
    return Proof(claim, received == count, figure)


def moved(emulation: Emulation, client: str, instance: str, to: str, address: str, count: int = 500) -> Proof:
    """Whether an instance loses no ping while it moves to another host by the controller's API."""
    claim = f"{instance} moves to {to} while {client} pings it 100 times a second"
    node = emulation.instances[client]
    with node.output_of("ping", "-i", "0.01", "-c", str(count), "-W", "2", address) as process:
        time.sleep(1)
        seconds = emulation.hypervisor.move(instance, to)
        assert process.stdout is not None
        output = process.stdout.read().decode()
    found = re.search(r"(\d+) received", output)
    lost = count - int(found[1]) if found else count
    slowest = re.search(r"= [\d.]+/[\d.]+/([\d.]+)/", output)
    times = f"slowest {slowest[1] if slowest else '?'} ms; all routers knew after {seconds * 1e3:.0f} ms"
    figure = f"{lost} of {count} lost, {times}"
    return Proof(claim, lost == 0, figure)


def fetch(emulation: Emulation, client: str, server: str, address: str, folder: Path) -> str:
    """What curl gets from a web server that an instance runs over a folder."""
    web = emulation.instances[server]
    with web.background(sys.executable, "-m", "http.server", "80", "--directory", str(folder)):
        web.wait_for_listener(80)
        curl = ("curl", "--silent", "--show-error", "--max-time", "20", f"http://{address}/")
        return emulation.instances[client].run(*curl)


def throughput(emulation: Emulation, client: str, server: str, address: str, seconds: int = 3) -> Proof:
    """What iperf3 moves over one TCP connection."""
    claim = f"iperf3 from {client} to {server}, TCP, MTU 9001, no offloads"
    with emulation.instances[server].background("iperf3", "-s", "-1"):
        emulation.instances[server].wait_for_listener(5201)
        output = emulation.instances[client].run("iperf3", "-c", address, "-t", str(seconds), "-J")
    try:
        rate = json.loads(output)["end"]["sum_received"]["bits_per_second"] / 1e9
    except (ValueError, KeyError):
        return Proof(claim, False, output.strip()[-80:])
    return Proof(claim, rate > 0, f"{rate:.2f} Gbit/s")
