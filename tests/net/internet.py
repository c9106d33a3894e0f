"""The topology `internet` with real programs: curl, ping, traceroute, dig, tracepath, and an edge that loses power."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Any

from topologies.emulation import Emulation, running
from topologies.internet import FAR, NS, WWW, WWW6
from topologies.nodes import InstanceHost
from topologies.region import load_region

PUBLIC, WEB6, QUIET6 = "203.0.113.10", "2001:db8:10:1::5", "2001:db8:20:1::5"
BIG = 300_000  # bytes of a page that must be cut into packets of the narrow way's size
SOCKETS = 32
SERVER = """
import http.server, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = sys.argv[1].encode() * (int(self.path[1:] or 1))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
Server(("::", 80), Handler).serve_forever()
"""
ECHO = """
import socket
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.bind(("0.0.0.0", 7))
while True:
    data, sender = one.recvfrom(2000)
    one.sendto(data, sender)
"""
LOAD = """
import json, select, socket, sys, time
server, sockets, seconds = (sys.argv[1], 7), int(sys.argv[2]), float(sys.argv[3])
ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(sockets)]
begin = time.monotonic()
last, gaps, sent, got = [begin] * sockets, [0.0] * sockets, 0, 0
due = begin
while time.monotonic() - begin < seconds:
    if time.monotonic() >= due:
        for one in ends:
            one.sendto(b"x" * 64, server)
        sent += sockets
        due += 0.01
    for one in select.select(ends, [], [], max(0, due - time.monotonic()))[0]:
        one.recv(2000)
        got += 1
        now, index = time.monotonic(), ends.index(one)
        if last[index] - begin > 1.5:  # what is first is slower
            gaps[index] = max(gaps[index], now - last[index])
        last[index] = now
end = time.monotonic()
gaps = [max(gap, end - at) for gap, at in zip(gaps, last)]
print(json.dumps({"sent": sent, "got": got, "gaps": gaps}))
"""


def curl(node: InstanceHost, url: str, patience: int = 5) -> str:
    """What a page says, or curl's error."""
    return node.run("curl", "-sS", "-g", "--max-time", str(patience), url).strip()


def main() -> None:
    """Prints what was found."""
    found: dict[str, Any] = {}
    with running(load_region("internet")) as emulation, ExitStack() as ends:
        assert emulation.internet is not None
        outside, web, quiet = emulation.internet, emulation.instances["web"], emulation.instances["quiet"]
        www, far = outside["www"], outside["far"]
        for node, words in ((www, "internet "), (web, "instance "), (quiet, "quiet ")):
            ends.enter_context(node.background(sys.executable, "-c", SERVER, words))
            node.wait_for_listener(80)
        ends.enter_context(www.background(sys.executable, "-c", ECHO))
        dns = ("--address=/www.example.net/" + WWW, f"--listen-address={NS}", "--bind-interfaces", "--no-resolv")
        ends.enter_context(outside["ns"].background("dnsmasq", "--keep-in-foreground", "--user=root", *dns))
        time.sleep(0.5)
        found["started_in"] = emulation.started_in
        found["out"] = curl(web, f"http://{WWW}/")
        found["in"] = curl(www, f"http://{PUBLIC}/")
        found["out6"] = curl(web, f"http://[{WWW6}]/")
        found["in6"] = curl(www, f"http://[{WEB6}]/")
        found["quiet_out6"] = curl(quiet, f"http://[{WWW6}]/")
        found["quiet_in6"] = curl(www, f"http://[{QUIET6}]/", patience=2)
        found["quiet_out4"] = curl(quiet, f"http://{WWW}/", patience=2)
        found["app_out4"] = curl(emulation.instances["app"], f"http://{WWW}/", patience=2)
        found["ping"] = web.run("ping", "-c", "3", "-i", "0.1", "-W", "2", WWW)
        found["ping6"] = web.run("ping", "-c", "3", "-i", "0.1", "-W", "2", WWW6)
        found["dig"] = web.run("dig", f"@{NS}", "+short", "+tries=2", "+time=2", "www.example.net").strip()
        found["traceroute"] = hops(web.run("traceroute", "-n", "-q", "1", "-w", "2", "-m", "8", FAR))
        found["traceroute6"] = hops(web.run("traceroute", "-6", "-n", "-q", "1", "-w", "2", "-m", "8", WWW6))
        found["tracepath"] = web.run("tracepath", "-n", "-m", "8", FAR)
        found["big"] = len(curl(far, f"http://{PUBLIC}/{BIG // len('instance ')}", patience=15))
        found["mtu"] = web.run("ip", "route", "get", FAR)
        found |= failover(emulation)
    print(json.dumps(found))


def hops(output: str) -> list[str]:
    """The addresses that traceroute saw, hop by hop."""
    return re.findall(r"^ *\d+ +(\S+)", output, re.MULTILINE)


def failover(emulation: Emulation) -> dict[str, Any]:
    """Many flows and a download, while one of the two edges loses power."""
    assert emulation.internet is not None
    web, www = emulation.instances["web"], emulation.internet["www"]
    command = (sys.executable, "-c", LOAD, WWW, str(SOCKETS), "8")
    with web.output_of(*command) as load, www.output_of(
        "curl", "-sS", "--limit-rate", "200k", "--max-time", "20", "-o", "/dev/null", "-w", "%{size_download}",
        f"http://{PUBLIC}/100000",
    ) as download:  # fmt: skip
        time.sleep(3)
        emulation.internet.power_off("edge-a")
        assert load.stdout is not None
        assert download.stdout is not None
        lines = load.stdout.read().decode()
        size = download.stdout.read().decode()
    after = curl(web, f"http://{WWW}/")
    log = emulation.controller.log.read_text()
    return {"load": json.loads(lines), "download": size, "after": after, "edge_lost": "edge_lost host=edge-a" in log}


if __name__ == "__main__":
    try:
        main()
    except subprocess.TimeoutExpired as error:
        sys.exit(f"{error.cmd} took too long")
