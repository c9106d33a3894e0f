"""A region's start in Mininet: until every switch holds its entries, and until instances talk.

python -m bench.region [NAME]     prints the seconds of one start as JSON (in a sandbox)
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

from bench.row import FULL, Budget, Row, at_most
from bench.servers import BenchError
from topologies import sandbox
from topologies.region import Region, load_region

needs = ("unshare", "mnexec", "ip", "ping", "ethtool")
SMALL, LARGE = "two_tenants", "region"
START_S = 120.0


def measure(budget: Budget = FULL) -> list[Row]:
    """two_tenants, and in a full run the eight switches and twelve instances of the goal; fresh processes each time."""
    rows: list[Row] = []
    for name, label, goal in (
        (SMALL, "3 switches, 5 instances", None),
        (LARGE, "8 switches, 12 instances, leaves and spines", at_most(15)),
    ):
        starts = [_start_in_sandbox(name) for _ in range(min(budget.rounds, 2))]
        held, talking = (statistics.median(times) for times in zip(*starts, strict=True))
        rows.append(Row(f"{label}: switches hold their entries", held, "s"))
        rows.append(Row(f"{label}: up and talking", talking, "s", goal, note="every instance answered a ping"))
        if not budget.wide:
            break
    return rows


def _start_in_sandbox(name: str) -> tuple[float, float]:
    command = sandbox.command([sys.executable, "-m", "bench.region", name])
    done = subprocess.run(command, capture_output=True, text=True, timeout=START_S, check=False)
    if done.returncode:
        raise BenchError(f"region {name}: {done.stderr[-500:]}")
    held, talking = json.loads(done.stdout.splitlines()[-1])
    return held, talking


def start(region: Region) -> tuple[float, float]:
    """Seconds until the switches hold their entries, and until each instance was pinged by another of its VPC.

    The first packet between two hosts may be lost while its source is looked up: what counts is when an answer comes.
    Raises BenchError when none does.
    """
    from topologies.emulation import running  # Mininet, which only this process needs

    with running(region) as emulation:
        held = time.monotonic()
        model = region.model
        for enis in model.interfaces_by_vpc.values():
            names = [model.instances[eni.instance_id].name for eni in enis]
            for sender, eni in zip([*names[1:], names[0]], enis, strict=True):
                until_answered = ("-c", "1", "-i", "0.2", "-w", "4")
                answer = emulation.instances[sender].run("ping", "-n", *until_answered, str(eni.addresses[0]))
                if " 0 received" in answer:
                    raise BenchError(f"{sender} does not reach {eni.addresses[0]}: {answer}")
        return emulation.started_in, emulation.started_in + time.monotonic() - held


def main() -> None:
    """Starts one region and says how long it took."""
    name = sys.argv[1] if len(sys.argv) > 1 else SMALL
    sandbox.enter("bench.region", sys.argv[1:])
    print(json.dumps(start(load_region(name))))


if __name__ == "__main__":
    main()
