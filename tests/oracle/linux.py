"""Linux nf_conntrack as a judge: a forwarding namespace between two TUN interfaces, whose verdict nftables writes down.

The verdict on a packet goes into its DSCP field, so every packet carries its own out again, and nothing is dropped for
its verdict. Only in a namespace of its own (topologies/sandbox.py); needs root, iproute2 and nft.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from dataclasses import asdict
from pathlib import Path

from .addresses import LOCAL_RANGES, REMOTE_RANGES
from .tun import Tun
from .verdicts import Timeouts, Verdict, verdict_in

INSIDE, OUTSIDE = "inside", "outside"  # the ENI's side, the remote side
_FAMILIES = {"ipv4": "ip", "ipv6": "ip6"}
_RULES = """
table inet oracle {{
    chain forward {{
        type filter hook forward priority filter; policy accept;
        meta nfproto ipv4 jump ipv4
        meta nfproto ipv6 jump ipv6
    }}
{chains}
}}
"""
_CHAIN = """
    chain {name} {{
        ct state invalid {family} dscp set {INVALID} accept
        ct state untracked {family} dscp set {UNTRACKED} accept
        ct state related {family} dscp set {RELATED} accept
        ct state new ct mark 0 ct mark set 1 {family} dscp set {FIRST} accept
        ct direction reply {family} dscp set {REPLY} accept
        {family} dscp set {ORIGINAL}
    }}"""
_TIMEOUTS = {"udp": "udp_timeout", "udp_stream": "udp_timeout_stream", "generic": "generic_timeout"}
_FRAGMENT_MEMORY = 1 << 28
_NETLINK_NETFILTER = 12
_DELETE_ALL = struct.pack("=IHHII4x", 20, (1 << 8) | 2, 0x5, 1, 0)  # IPCTNL_MSG_CT_DELETE, of everything


class Linux:
    """The kernel's connection tracking in the namespace that this process runs in."""

    name = f"Linux {os.uname().release} nf_conntrack"

    def __init__(self, timeouts: Timeouts, *, loose: bool = False) -> None:
        self._inside, self._outside = Tun(INSIDE), Tun(OUTSIDE)
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        self._configure(timeouts, loose)
        while self._inside.receive() or self._outside.receive():
            pass

    def judge(self, packet: bytes, outbound: bool, fragment: bool) -> list[Verdict]:
        """Sends one packet through; returns the verdicts that came out, several when it completed a datagram."""
        source, target = (self._inside, self._outside) if outbound else (self._outside, self._inside)
        source.send(packet)
        verdicts = []
        while (out := target.receive()) is not None:
            if _is_ours(out):
                verdicts.append(verdict_in(out))
                if not fragment:
                    break
        return verdicts

    def forget(self) -> None:
        """Deletes all records."""
        self._netlink.send(_DELETE_ALL)
        answer = self._netlink.recv(4096)
        (error,) = struct.unpack_from("=i", answer, 16)
        if error:
            raise OSError(-error, os.strerror(-error))

    def records(self) -> list[str]:
        """The kernel's own list of its records."""
        return Path("/proc/net/nf_conntrack").read_text().splitlines()

    def close(self) -> None:
        """Removes the interfaces."""
        self._inside.close()
        self._outside.close()
        self._netlink.close()

    def _configure(self, timeouts: Timeouts, loose: bool) -> None:
        _run("ip", "-batch", "-", text=_INTERFACES)
        for name, value in _sysctls(timeouts, loose).items():
            Path("/proc/sys/net", name).write_text(str(value))
        numbers = {verdict.name: verdict.value for verdict in Verdict}
        chains = "".join(_CHAIN.format(name=name, family=family, **numbers) for name, family in _FAMILIES.items())
        _run("nft", "-f", "-", text=_RULES.format(chains=chains))


_INTERFACES = "\n".join(
    [
        f"link set {INSIDE} mtu 65535 txqueuelen 10000 addrgenmode none up",
        f"link set {OUTSIDE} mtu 65535 txqueuelen 10000 addrgenmode none up",
        *(f"route add {where} dev {INSIDE}" for where in LOCAL_RANGES),
        *(f"route add {where} dev {OUTSIDE}" for where in REMOTE_RANGES),
    ]
)


def _sysctls(timeouts: Timeouts, loose: bool) -> dict[str, int]:
    found = {
        "ipv4/ip_forward": 1,
        "ipv6/conf/all/forwarding": 1,
        "ipv4/conf/all/rp_filter": 0,
        f"ipv4/conf/{INSIDE}/rp_filter": 0,
        f"ipv4/conf/{OUTSIDE}/rp_filter": 0,
        "netfilter/nf_conntrack_tcp_loose": int(loose),
        "netfilter/nf_conntrack_icmpv6_timeout": timeouts.icmp,
        "netfilter/nf_conntrack_icmp_timeout": timeouts.icmp,
        "ipv4/ipfrag_max_dist": 0,
        "ipv4/ipfrag_high_thresh": _FRAGMENT_MEMORY,
        "netfilter/nf_conntrack_frag6_high_thresh": _FRAGMENT_MEMORY,
    }
    for name, seconds in asdict(timeouts).items():
        if name != "icmp":
            found[f"netfilter/nf_conntrack_{_TIMEOUTS.get(name, 'tcp_timeout_' + name)}"] = seconds
    found.pop("netfilter/nf_conntrack_tcp_timeout_syn_sent2")  # has none
    return found


def _is_ours(packet: bytes) -> bool:
    """Whether it is traffic of the pairs, and nothing that the kernel says on its own account."""
    return packet[12] == 10 if packet[0] >> 4 == 4 else packet[8:10] == b"\xfd\x00"


def _run(*command: str, text: str) -> None:
    subprocess.run(command, input=text, text=True, check=True)
