"""A region's start in Mininet: until every switch holds its entries, and until instances talk.

python -m bench.region [NAME]     prints the seconds of one start as JSON (in a sandbox)
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from bench.row import FULL, Budget, Row, at_most
from bench.servers import BenchError
from topologies import sandbox
from topologies.description import (
    HostDescription,
    InstanceDescription,
    RegionDescription,
    SubnetDescription,
    VpcDescription,
)
from topologies.region import Region, build_region, load_region

needs = ("unshare", "mnexec", "ip", "ping", "ethtool")
SMALL, LARGE = "two_tenants", "large"
HOSTS, INSTANCES = 8, 12
START_S = 120.0


def measure(budget: Budget = FULL) -> list[Row]:
    """two_tenants, and in a full run the eight switches and twelve instances of the goal; fresh processes each time."""
    rows: list[Row] = []
    for name, label, goal in (
        (SMALL, "two_tenants (3 switches, 5 instances)", None),
        (LARGE, f"{HOSTS} switches, {INSTANCES} instances", at_most(15)),
    ):
        starts = [_start_in_sandbox(name) for _ in range(min(budget.rounds, 2))]
        held, talking = (statistics.median(times) for times in zip(*starts, strict=True))
        rows.append(Row(f"{label}: switches hold their entries", held, "s"))
        rows.append(Row(f"{label}: up and talking", talking, "s", goal, note="every instance answered a ping"))
        if not budget.wide:
            break
    return rows


def large_region() -> Region:
    """Hosts that are all linked with each other, and one VPC with instances on all of them."""
    hosts = {f"h{i}": HostDescription(underlay=IPv4Address("172.31.0.0") + i) for i in range(1, HOSTS + 1)}
    block = IPv4Network("10.0.0.0/16")
    instances = {
        f"i{i}": InstanceDescription(subnet="main", address=block[256 + 10 + i], host=f"h{i % HOSTS + 1}")
        for i in range(INSTANCES)
    }
    subnet = SubnetDescription(cidr=IPv4Network("10.0.1.0/24"))
    vpc = VpcDescription(cidr=block, subnets={"main": subnet}, instances=instances)
    links = list(combinations(hosts, 2))
    return build_region(RegionDescription(name=LARGE, hosts=hosts, links=links, vpcs={"main": vpc}))


def _start_in_sandbox(name: str) -> tuple[float, float]:
    command = sandbox.command([sys.executable, "-m", "bench.region", name])
    done = subprocess.run(command, capture_output=True, text=True, timeout=START_S, check=False)
    if done.returncode:
        raise BenchError(f"region {name}: {done.stderr[-500:]}")
    held, talking = json.loads(done.stdout.splitlines()[-1])
    return held, talking


def _start(region: Region) -> tuple[float, float]:
    """Seconds until the switches hold their entries, and until each instance was pinged by another of its VPC."""
    from topologies.emulation import running  # Mininet, which only this process needs

    with running(region) as emulation:
        held = time.monotonic()
        model = region.model
        for enis in model.interfaces_by_vpc.values():
            names = [model.instances[eni.instance_id].name for eni in enis]
            for sender, eni in zip([*names[1:], names[0]], enis, strict=True):
                answer = emulation.instances[sender].run("ping", "-n", "-c", "1", "-W", "2", str(eni.addresses[0]))
                if " 1 received" not in answer:
                    raise BenchError(f"{sender} does not reach {eni.addresses[0]}: {answer}")
        return emulation.started_in, emulation.started_in + time.monotonic() - held


def main() -> None:
    """Starts one region and says how long it took."""
    name = sys.argv[1] if len(sys.argv) > 1 else SMALL
    sandbox.enter("bench.region", sys.argv[1:])
    print(json.dumps(_start(large_region() if name == LARGE else load_region(name))))


if __name__ == "__main__":
    main()
