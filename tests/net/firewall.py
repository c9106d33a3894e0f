"""The topology `firewall` with real programs: what groups and ACLs let pass, what becomes of flows; see its test."""

from __future__ import annotations

import json
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from controller.flow_records import TICK_PORT
from controller.p4rt import blocking
from controller.p4rt.session import Count
from tests.net.firewall_changes import changes
from tests.net.firewall_tools import Region, wait_for
from topologies.emulation import Emulation, running
from topologies.region import load_region

WEB, OPEN, SHUT, DB = "10.0.1.5", "10.0.1.7", "10.0.1.8", "10.0.2.5"
WEB6, SHUT6 = "fd00:10:0:1::5", "fd00:10:0:1::8"
BIG = 20_000  # bytes of a datagram, in three fragments
BIGS = 10
LATEST = (1 << 64) - 1  # an election id that is not below the controller's
CAME, WENT = ("received", "generated"), ("sent", "drops", "consumed")
BIG_DATAGRAMS = f"""
import socket
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range({BIGS}):
    one.sendto(bytes({BIG}), ("{WEB}", 5201))
"""


def groups(region: Region) -> dict[str, Any]:
    """curl, iperf3 and ping as security groups decide; what they refuse is silent, so that everything is at once."""
    return {
        "curl_allowed": region.page("app", WEB),
        "curl_from_guest": region.page("guest", WEB),
        "curl_denied": region.page("app", SHUT, patience=2),
        "iperf_allowed": region.iperf("app", WEB),
        "iperf_denied": region.iperf("guest", WEB, patience=2),
        "ping_allowed": region.ping("app", WEB),
        "ping_denied": region.ping("app", SHUT),
        "ping6_allowed": region.ping("app", WEB6),
        "ping6_denied": region.ping("app", SHUT6),
        "closed_port": region.dig("app", WEB),
        "closed_port_denied": region.dig("app", SHUT),
    }


def acls(region: Region) -> dict[str, Any]:
    """The same for the ACL of `db`, whose group lets everything in."""
    return {
        "curl_allowed": region.page("app", DB),
        "curl_denied": region.page("guest", DB, patience=2),
        "iperf_allowed": region.iperf("app", DB),
        "iperf_denied": region.iperf("guest", DB, patience=2),
        "ping_denied": region.ping("app", DB),
    }


def answers_need_a_rule(region: Region) -> dict[str, str]:
    """What curl says of `db` while no rule lets its answers out, and when one does again."""
    acl = next(acl for acl in region.client.items("network-acls") if not acl["is_default"])["id"]
    rule = {"rule_number": 100, "egress": True}
    region.act(f"network-acls/{acl}/delete-entry", rule)
    without = region.page("app", DB, patience=2)
    ports = {"protocol": "tcp", "from_port": 1024, "to_port": 65535, "cidr": "10.0.1.0/24", "allow": True}
    region.act(f"network-acls/{acl}/create-entry", rule | ports)
    return {"without": without, "with": region.page("app", DB)}


def fragments(region: Region) -> dict[str, Any]:
    """Datagrams in three fragments: of `app`, which the group of `web` lets in, and of `guest`."""
    report = region.iperf("app", WEB, "-u", "-l", str(BIG), "-b", "16M")
    before = region.drops("web")
    region.node("guest").run(sys.executable, "-c", BIG_DATAGRAMS)
    wait_for(lambda: region.drops("web").get("SECURITY_GROUP", 0) >= before.get("SECURITY_GROUP", 0) + BIGS)
    after = region.drops("web")
    return {"allowed": report, "refused": {reason: after[reason] - before.get(reason, 0) for reason in after}}


def conservation(emulation: Emulation) -> dict[str, dict[str, int]]:
    """What each router has counted, in the words of law 3, without ticks, which never end; ends the controller."""
    emulation.controller.stop()  # a switch is read by its primary
    return {name: _quiet_counts(emulation, name) for name in emulation.routers}


def _quiet_counts(emulation: Emulation, name: str) -> dict[str, int]:
    router = emulation.routers[name]
    with blocking.connect(router.address, device_id=router.device_id, election_id=LATEST) as switch:
        counts: dict[str, int] = {}

        def still() -> bool:
            before = dict(counts)
            counts.update({part: _packets(switch, part) for part in (*CAME, *WENT)})
            return counts == before

        wait_for(still)
        return counts | {"picked_up": switch.counter("flow_events").get(1, Count(0, 0)).packets}


def _packets(switch: blocking.Session, counter: str) -> int:
    ticks = TICK_PORT if counter != "drops" else None
    return sum(count.packets for cell, count in switch.counter(counter).items() if cell != ticks)


def at_once(**work: Future[dict[str, Any]]) -> dict[str, Any]:
    """What several of them found."""
    return {name: one.result() for name, one in work.items()}


def main() -> None:
    """Prints what was found."""
    with running(load_region("firewall")) as emulation, ExitStack() as ends:
        region = Region(emulation, ends)
        region.serve("web", "open", "shut", "db")
        with ThreadPoolExecutor() as pool:
            found = at_once(groups=pool.submit(groups, region), acls=pool.submit(acls, region))
        found["drops"] = {name: region.drops(name) for name in ("web", "shut", "db")}
        found["stateless"] = answers_need_a_rule(region)
        found["fragments"] = fragments(region)
        found |= changes(region)
        found["conservation"] = conservation(emulation)
        found["started_in"] = emulation.started_in
    print(json.dumps(found))


if __name__ == "__main__":
    main()
