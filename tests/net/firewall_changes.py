"""What becomes of flows when rules go, instances move and routers are killed; a part of the scene `firewall`."""

from __future__ import annotations

import re
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.net.firewall_tools import CHUNK, CHUNKS, STREAM, Region, wait_for

WEB, OPEN = "10.0.1.5", "10.0.1.7"
SENDS = ("iperf3", "-b", "20M", "-t", "300", "-c")
MEGABYTE = 1_000_000


def changes(region: Region) -> dict[str, Any]:
    """One after the other; `web` is on alpha at first."""
    return {
        "rule_gone": rule_gone(region),
        "rule_gone_untracked": rule_gone_untracked(region),
        "moved": moved(region, "gamma"),
        "router_killed": router_killed(region, "gamma"),
    }


def rule_gone(region: Region) -> dict[str, Any]:
    """The rule that let a transfer begin goes, and another one wants to begin; then the server moves to another host.

    No group admits the transfer any more, so only the record that moved with the interface lets it go on there.
    """
    with region.node("app").output_of(*SENDS, WEB):
        begun = wait_for(lambda: region.streamed("web") > MEGABYTE)
        group = region.group("web")
        rules = [rule["id"] for rule in group["ingress"] if rule["traffic"]["from_port"] == STREAM]
        region.act(f"security-groups/{group['id']}/revoke", {"rule_ids": rules})
        new = region.iperf("app", WEB, patience=2)
        before = region.streamed("web")
        lives = wait_for(lambda: region.streamed("web") > before + MEGABYTE)
        there = move(region, "web", "beta")
        before = region.streamed("web")
        lives_there = wait_for(lambda: region.streamed("web") > before + MEGABYTE)
    found = {"rules": len(rules), "begun": begun, "new": new, "lives": lives}
    return {**found, "moved": there, "lives_there": lives_there}


def move(region: Region, name: str, host: str) -> bool:
    """Moves an instance by the API alone; whether it is there."""
    instance = region.interface(name)["instance_id"]
    host_id = next(one["id"] for one in region.client.items("hosts") if one["name"] == host)
    region.client.call("PATCH", f"instances/{instance}", {"host_id": host_id})
    return wait_for(lambda: region.emulation.hypervisor.place(name) == host)


def rule_gone_untracked(region: Region) -> dict[str, Any]:
    """The same where everything is allowed both ways: no record keeps the flow."""
    with region.node("app").output_of(*SENDS, OPEN) as client:
        begun = wait_for(lambda: region.streamed("open") > MEGABYTE)
        group = region.group("everything")
        region.act(f"security-groups/{group['id']}/revoke", {"rule_ids": [rule["id"] for rule in group["ingress"]]})
        last = [region.streamed("open")]  # what was under way has arrived when this has been asked
        goes_on = wait_for(lambda: region.streamed("open") > last[0], patience=1.5)
        running = client.poll() is None
    return {"begun": begun, "goes_on": goes_on, "running": running, "drops": region.drops("open")}


def moved(region: Region, host: str) -> dict[str, int]:
    """An instance moves by the API alone, while it is pinged all the time; what was lost before the last answer."""
    with region.node("app").output_of("ping", "-i", "0.002", WEB) as ping, ThreadPoolExecutor(1) as reader:
        words = reader.submit(ping.communicate)
        pinged = region.answered("web", 100)
        there = move(region, "web", host)
        pinged_there = region.answered("web", 100)
        ping.send_signal(signal.SIGINT)
        answered = {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", words.result()[0].decode())}
    lost = max(answered) - len(answered)
    return {"pinged": pinged, "moved": there, "pinged_there": pinged_there, "answers": len(answered), "lost": lost}


def router_killed(region: Region, host: str) -> dict[str, Any]:
    """The router of a web server is killed in the middle of a slow download, and started again."""
    router = region.emulation.routers[host]
    done = ("-w", "%{size_download}", "-o", "/dev/null")
    with region.node("app").output_of("curl", "-sS", "--max-time", "60", *done, f"http://{WEB}/slow") as curl:
        region.answered("web", 10)
        router.kill()
        router.start()
        router.wait_until_ready()
        running = curl.poll() is None
        words = curl.communicate(timeout=70)[0].decode()
    return {"running": running, "size": words, "whole": str(CHUNK * CHUNKS)}
