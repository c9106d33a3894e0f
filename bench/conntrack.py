"""Linux forwarding packets of many flows between two namespaces, with nf_conntrack and without: what to compare with.

The kernel's work happens in the sender's own time, which includes sending: the time without tracking tells how much
that is. The kernel's limit on its table belongs to the machine and stays as it is, so there are as many flows as fit.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from bench.row import Budget, Row
from bench.servers import BenchError
from switch.engine.build import BuildOptions, build_library, open_library

INSIDE, NEAR, FAR, OUT, SINK = "flows-router", "flows-near", "flows-far", "flows-out", "flows-sink"
MAC, PORTS = "02:00:00:00:77:01", 34  # of the router's end; where ports begin in a frame
SENDER_MAC = "02:00:00:00:77:02"
SHARE = 0.7  # of the kernel's table
LIMIT = Path("/proc/sys/net/netfilter/nf_conntrack_max")
PACKET, QDISC_BYPASS = 263, 20  # socket options
RULES = """
table ip bench {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established accept
        ct state new udp dport 0-65535 accept
    }
}
"""
UNTRACKED = """
table ip bench {
    chain raw {
        type filter hook prerouting priority raw; policy accept;
        notrack
    }
}
"""

Send = Callable[[int, int], float]


def linux(budget: Budget) -> list[Row]:
    """Rows of the kernel; one that says why when it cannot be measured."""
    absent = [tool for tool in ("ip", "nft", "cc") if shutil.which(tool) is None]
    if absent or not LIMIT.exists():
        return [Row("Linux nf_conntrack", None, "", note=f"needs {', '.join(absent) or 'nf_conntrack'}")]
    flows = min(int(SHARE * int(LIMIT.read_text())), 10 * budget.entries)
    kernel = f"Linux {os.uname().release}"
    bare = _measured(UNTRACKED, flows)[1]
    first, again = _measured(RULES, flows)
    note = "veth to veth, one core, sending included"
    return [
        Row(f"{kernel}, forwarding alone", 1e3 / bare, "Mpps", note=f"{bare:.0f} ns/packet; {note}"),
        Row(f"{kernel} nf_conntrack, {flows:,} flows", 1e3 / again, "Mpps", note=f"{again:.0f} ns/packet; {note}"),
        Row(f"{kernel} nf_conntrack, first packets", 1e6 / first, "k/s", note=f"{first:.0f} ns/packet; {note}"),
    ]


def _measured(rules: str, flows: int) -> tuple[float, float]:
    """Nanoseconds for a first packet, and for a later one."""
    with _router(rules) as send:
        first = send(flows, flows)
        return first, min(send(flows, flows) for _ in range(3))


@contextmanager
def _router(rules: str) -> Iterator[Send]:
    """A forwarding namespace, from here to an interface that nobody listens on."""
    _run("ip", "netns", "add", INSIDE)
    try:
        _run("ip", "link", "add", NEAR, "type", "veth", "peer", "name", FAR, "netns", INSIDE, "address", MAC)
        _run("ip", "link", "add", SINK, "type", "veth", "peer", "name", OUT, "netns", INSIDE)
        _run("ip", "link", "set", NEAR, "up")
        _run("ip", "link", "set", SINK, "arp", "off", "up")
        for words in (
            f"link set {FAR} up",
            f"link set {OUT} up",
            f"address add 10.77.0.1/24 dev {FAR}",
            f"address add 10.78.0.1/24 dev {OUT}",
            f"neighbor add 10.78.0.2 lladdr 02:00:00:00:78:02 dev {OUT}",
        ):
            _run("ip", "-netns", INSIDE, *words.split())
        _run("ip", "netns", "exec", INSIDE, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        _run("ip", "netns", "exec", INSIDE, "nft", "-f", "-", text=rules)
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
            raw.setsockopt(PACKET, QDISC_BYPASS, 1)
            raw.bind((NEAR, 0))
            yield _sender(raw)
    finally:
        _run("ip", "netns", "del", INSIDE)


def _sender(raw: socket.socket) -> Send:
    library = open_library(build_library("conntrack", [Path(__file__).with_name("conntrack.c")], BuildOptions()))
    call = library.conntrack_send
    call.restype = ctypes.c_uint64
    call.argtypes = [ctypes.c_int, ctypes.c_char_p, *[ctypes.c_uint32] * 4, ctypes.c_uint64]
    network = IP(src="10.77.0.2", dst="10.78.0.2") / UDP(sport=1, dport=1, chksum=0)
    frame = bytes(Ether(src=SENDER_MAC, dst=MAC) / network / bytes(22))

    def send(flows: int, count: int) -> float:
        before = _swallowed()
        taken = call(raw.fileno(), frame, len(frame), PORTS, 1 << 16 | 1, flows, count)
        through = _swallowed() - before
        if through < 0.99 * count:
            raise BenchError(f"Linux forwarded {through} of {count} packets")
        return taken / count

    return send


def _swallowed() -> int:
    """Packets that came out, to nobody: the sink has no address."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    return next(int(line.split()[2]) for line in lines if line.strip().startswith(f"{SINK}:"))


def _run(*command: str, text: str = "") -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
