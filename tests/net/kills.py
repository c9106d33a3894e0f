"""Kills a switch, the controller, and both, under running pings, and starts them again; started by its test."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from topologies.emulation import Emulation, running
from topologies.region import load_region

WEB = "10.0.1.5"
DEADLINE = 30.0  # seconds until everything must talk again


@contextmanager
def pinging(emulation: Emulation, found: dict[str, Any], name: str) -> Iterator[None]:
    """red-app on beta pings red-web on alpha while the block runs; notes how many before the last answer had none."""
    with emulation.instances["red-app"].output_of("ping", "-i", "0.02", "-W", "2", WEB) as process:
        yield
        time.sleep(0.5)
        process.send_signal(2)
        assert process.stdout is not None
        output = process.stdout.read().decode()
    sent = re.search(r"(\d+) packets transmitted", output)
    answered = {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", output)}
    last = max(answered)
    found[name] = {"sent": int(sent[1]) if sent else 0, "last": last, "lost": last - len(answered)}


def talks_again(emulation: Emulation, sender: str, address: str) -> float:
    """Seconds until a ping is answered; -1 when none is in time."""
    begin = time.monotonic()
    while time.monotonic() - begin < DEADLINE:
        if " 1 received" in emulation.instances[sender].run("ping", "-c", "1", "-W", "1", address):
            return time.monotonic() - begin
    return -1


def silent(emulation: Emulation, sender: str, address: str) -> bool:
    """Whether no ping is answered."""
    return " 0 received" in emulation.instances[sender].run("ping", "-c", "2", "-i", "0.1", "-W", "1", address)


def rewritten(emulation: Emulation) -> list[int]:
    """How many entries the last start of the controller wrote, switch by switch."""
    log = emulation.controller.log.read_text().rpartition("listening ")[2]
    return [int(number) for number in re.findall(r"switch_ready .* wrote=(\d+)", log)]


def main() -> None:
    """Prints what was found. blue-app and blue-db are on gamma, the red ones on alpha and beta."""
    found: dict[str, Any] = {}
    with running(load_region("two_tenants")) as emulation:
        gamma, controller = emulation.routers["gamma"], emulation.controller
        found["before"] = [talks_again(emulation, *pair) for pair in (("red-app", WEB), ("blue-app", WEB))]
        with pinging(emulation, found, "switch_killed"):
            gamma.kill()
            found["gamma_silent"] = silent(emulation, "blue-app", WEB)
            gamma.start()
            found["gamma_back"] = talks_again(emulation, "blue-app", WEB)
        with pinging(emulation, found, "controller_killed"):
            controller.kill()
            time.sleep(1)
            found["without_controller"] = talks_again(emulation, "blue-app", WEB)
            controller.start()
            controller.wait_until_ready()
            controller.wait_until_applied()
        found["rewritten"] = rewritten(emulation)
        with pinging(emulation, found, "both_killed"):
            gamma.kill()
            controller.kill()
            controller.start()
            gamma.start()
            controller.wait_until_ready()
            found["both_back"] = talks_again(emulation, "blue-app", WEB)
        with pinging(emulation, found, "moved"):
            time.sleep(0.5)
            emulation.hypervisor.move("red-web", "gamma")
        found["foreign"] = silent(emulation, "red-app", "10.0.1.7")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
