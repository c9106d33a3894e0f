"""Loads and unloads plugins under traffic in Mininet, and prints what ping and iperf3 saw; started by test_plugins."""

from __future__ import annotations

import json
import re
import sys
import time
from typing import Any

from topologies.emulation import Emulation, running
from topologies.region import load_region

ROUNDS = 1
PLUGINS = ("tollgate", "beacon")
PINGS = 1000  # a second
WEB = "10.0.1.5"

Report = dict[str, Any]


def reload(emulation: Emulation) -> list[str]:
    """Loads the plugins one after the other and takes them out again, so often; returns what became of the switches."""
    client = emulation.controller.client()
    states = []
    for _ in range(ROUNDS):
        for verb in ("PUT", "DELETE"):
            for name in PLUGINS:
                answer = client.call(verb, f"plugins/{name}")
                states += [switch["state"] for switch in answer["switches"]]
                time.sleep(0.2)
    return states


def flood(emulation: Emulation, seconds: float) -> Report:
    """A ping each millisecond while plugins come and go."""
    count = str(int((2 * seconds + 3) * PINGS))  # longer than it took before
    with emulation.instances["client"].output_of("ping", "-q", "-i", str(1 / PINGS), "-c", count, WEB) as ping:
        time.sleep(1)
        states = reload(emulation)
        at_end = ping.poll()
        words = ping.communicate(timeout=120)[0].decode()
    found = re.search(r"(\d+) packets transmitted, (\d+) received", words)
    assert found is not None, words
    return {"sent": int(found[1]), "received": int(found[2]), "states": states, "ended_before": at_end is not None}


def stream(emulation: Emulation, seconds: float) -> Report:
    """TCP connections that live through it all."""
    web, client = emulation.instances["web"], emulation.instances["client"]
    length = str(int(2 * seconds + 5))
    with web.background("iperf3", "-s"):
        web.wait_for_listener(5201)
        with client.output_of("iperf3", "-c", WEB, "-P", "4", "-t", length, "-J") as iperf:
            time.sleep(1)
            reload(emulation)
            at_end = iperf.poll()
            report = json.loads(iperf.communicate(timeout=120)[0])
    return {
        "error": report.get("error", ""),
        "connections": len(report["start"]["connected"]),
        "finished": [stream["sender"]["bytes"] for stream in report["end"]["streams"]],
        "gbps": report["end"]["sum_received"]["bits_per_second"] / 1e9,
        "ended_before": at_end is not None,
    }


def main() -> None:
    """Measures how long loading takes, then does it under traffic."""
    with running(load_region("two_hosts"), sys.argv[1]) as emulation:
        reload(emulation)  # the first time, programs are compiled
        begin = time.monotonic()
        reload(emulation)
        seconds = time.monotonic() - begin
        report = {"seconds": seconds, "flood": flood(emulation, seconds), "stream": stream(emulation, seconds)}
        print(json.dumps(report))


if __name__ == "__main__":
    main()
