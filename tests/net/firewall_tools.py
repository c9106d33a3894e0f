"""Real programs in the instances of an emulated region, and what its controller says; for the scene `firewall`."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from topologies.emulation import Emulation
from topologies.nodes import InstanceHost

PATIENCE = 30.0  # seconds for what must happen
STREAM = 5201  # iperf3's port
CHUNKS, CHUNK = 40, 20_000  # of a download that takes two seconds at least
SERVER = f"""
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        chunks = [bytes({CHUNK})] * {CHUNKS} if self.path == "/slow" else [sys.argv[1].encode()]
        self.send_response(200)
        self.send_header("Content-Length", str(sum(map(len, chunks))))
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(chunk)
            if len(chunks) > 1:
                time.sleep(0.05)
http.server.ThreadingHTTPServer(("", 80), Handler).serve_forever()
"""


def wait_for(condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Whether something comes true in time; asks again and again."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


class Region:
    """What runs in the instances of a region, by their names; background programs end with `ends`."""

    def __init__(self, emulation: Emulation, ends: ExitStack) -> None:
        self.emulation = emulation
        self.ends = ends
        self.client = emulation.controller.client()

    def node(self, name: str) -> InstanceHost:
        """An instance."""
        return self.emulation.instances[name]

    def serve(self, *names: str) -> None:
        """Starts a web server that says its instance's name, and iperf3, in these instances."""
        for name in names:
            self.ends.enter_context(self.node(name).background(sys.executable, "-c", SERVER, name))
            self.ends.enter_context(self.node(name).background("iperf3", "-s"))
        for name in names:
            self.node(name).wait_for_listener(80)
            self.node(name).wait_for_listener(STREAM)

    def page(self, name: str, address: str, patience: int = int(PATIENCE)) -> str:
        """What curl gets, or its error."""
        return self.node(name).run("curl", "-sS", "--max-time", str(patience), f"http://{address}/").strip()

    def ping(self, name: str, address: str) -> str:
        """How many of three pings are answered."""
        output = self.node(name).run("ping", "-c", "3", "-i", "0.2", "-W", "2", address)
        found = re.search(r"(\d+) received", output)
        return found[1] if found else output

    def dig(self, name: str, address: str) -> str:
        """What dig says of a name server that nobody runs."""
        return self.node(name).run("dig", f"@{address}", "+tries=1", "+time=2", "www.example.net")

    def iperf(self, name: str, address: str, *options: str, patience: int = int(PATIENCE)) -> dict[str, Any]:
        """What iperf3 says after a second of sending: bytes that arrived, datagrams that did not, or its error."""
        timeout = ("--connect-timeout", str(1000 * patience))
        words = self.node(name).run("iperf3", "-c", address, "-t", "1", "-J", *timeout, *options)
        report = json.loads(words[words.index("{") :])  # it may warn of large datagrams before
        end = report.get("end", {})
        total = end.get("sum_received") or end.get("sum") or {}
        return {
            "bytes": total.get("bytes", 0),
            "packets": total.get("packets", 0),
            "lost": total.get("lost_packets", 0),
            "error": report.get("error", ""),
        }

    def streamed(self, name: str) -> int:
        """The bytes that connections to iperf3 in an instance have brought by now."""
        output = self.node(name).run("ss", "-Htni", "state", "established", "sport", "=", f":{STREAM}")
        return sum(map(int, re.findall(r"bytes_received:(\d+)", output)))

    def act(self, path: str, body: object) -> None:
        """Changes something by the API; returns when every router has it."""
        self.client.call("POST", path, body)
        self.emulation.controller.wait_until_applied()

    def group(self, name: str) -> dict[str, Any]:
        """A security group."""
        return next(group for group in self.client.items("security-groups") if group["name"] == name)

    def interface(self, name: str) -> dict[str, Any]:
        """The interface of an instance, as the API tells it."""
        eni = self.emulation.region.model.interface_of(self.emulation.region.model.instance(name))
        return self.client.call("GET", f"network-interfaces/{eni.id}")["resource"]

    def drops(self, name: str) -> dict[str, int]:
        """How many packets of an instance, or to it, its router has dropped, by reason."""
        found = self.client.listed("drops", {"network_interface_id": self.interface(name)["id"]})
        return {one["reason"]: one["packets"] for one in found}

    def sent(self, name: str) -> int:
        """How many packets an instance has sent since it is where it is."""
        query = {"network_interface_id": self.interface(name)["id"]}
        return sum(one["packets_out"] for one in self.client.listed("traffic", query))

    def answered(self, name: str, packets: int) -> bool:
        """Whether an instance, which is being asked something all the time, sends so many packets more."""
        before = self.sent(name)
        return wait_for(lambda: self.sent(name) > before + packets)
