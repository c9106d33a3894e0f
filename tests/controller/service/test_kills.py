"""kill -9 of the controller, a switch, or both in the middle of changes: afterwards every switch is as planned."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from controller.commands.client import Client, ClientError
from tests.controller.service.processes import Machines
from topologies import programs

HOSTS = ("alpha", "beta", "gamma")


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    """A controller and three switches with a VPC; its first two instances talk to each other and are left alone."""
    machines = Machines(tmp_path, HOSTS, programs.compiled("vrouter"))
    try:
        for process in (machines.controller, *machines.switches.values()):
            process.start()
        for process in (machines.controller, *machines.switches.values()):
            process.wait()
        region(machines)
        yield machines
    finally:
        machines.end()


def region(machines: Machines) -> None:
    """Hosts with switches, an account, a VPC with a subnet and two instances."""
    client = machines.client()
    for index, name in enumerate(HOSTS, start=1):
        body = {"name": name, "address": f"172.31.0.{index}", "switch": machines.address(name)}
        client.call("POST", "hosts", body)
    client.call("PATCH", "region", {"mapping_policy": "preload"})
    quotas = {"instances": 10_000, "network_interfaces": 10_000}
    account = client.call("POST", "accounts", {"name": "shop", "quotas": quotas})["resource"]["id"]
    vpc = client.call("POST", "vpcs", {"cidr_block": "10.0.0.0/16", "account_id": account})["resource"]["id"]
    subnet = client.call("POST", "subnets", {"vpc_id": vpc, "cidr_block": "10.0.0.0/20"})["resource"]["id"]
    for host in hosts(client)[:2]:
        client.call("POST", "instances", {"subnet_id": subnet, "host_id": host})


def hosts(client: Client) -> list[str]:
    return [host["id"] for host in client.items("hosts")]


class Changes(threading.Thread):
    """Somebody who makes instances, moves and removes them, and remembers what was acknowledged."""

    def __init__(self, client: Client, seed: int) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._random = random.Random(seed)
        self._hosts = hosts(client)
        self._subnet = next(iter(client.items("subnets")))["id"]
        self.there: dict[str, str] = {}  # instance id to host id
        self.gone: set[str] = set()
        self.unsure: set[str] = set()
        self.ended = threading.Event()

    def run(self) -> None:
        """Until it is ended, or nobody answers."""
        while not self.ended.is_set():
            try:
                self._one()
            except ClientError:
                return

    def _one(self) -> None:
        verb = self._random.choice(["run", "run", "move", "terminate"])
        host = self._random.choice(self._hosts)
        instance = self._random.choice(sorted(self.there)) if self.there else ""
        if verb == "run" or not instance:
            made = self._client.call("POST", "instances", {"subnet_id": self._subnet, "host_id": host})["resource"]
            self.there[made["id"]] = made["host_id"]
            return
        self.unsure.add(instance)
        if verb == "move":
            self._client.call("PATCH", f"instances/{instance}", {"host_id": host})
            self.there[instance] = host
        else:
            self._client.call("DELETE", f"instances/{instance}")
            del self.there[instance]
            self.gone.add(instance)
        self.unsure.discard(instance)


def check(machines: Machines, changes: Changes) -> None:
    """Nothing acknowledged is lost, and every switch holds its plan."""
    machines.settled()
    found = {instance["id"]: instance["host_id"] for instance in machines.client().items("instances")}
    sure = {instance: host for instance, host in changes.there.items() if instance not in changes.unsure}
    assert {instance: found.get(instance) for instance in sure} == sure
    assert not changes.gone & found.keys()
    machines.matches_the_plan()  # what moves leave behind goes a moment after they are acknowledged


@pytest.mark.timeout(600)
def test_after_kill_9_of_anything_in_the_middle_of_changes_every_switch_is_as_planned(machines: Machines) -> None:
    machines.settled()
    randomly = random.Random(20)
    victims: list[list[Any]] = [
        [machines.controller],
        [machines.switches["beta"]],
        [machines.controller, machines.switches["alpha"]],
        [machines.controller],
        [machines.switches["gamma"], machines.controller],
    ]
    for number, killed in enumerate(victims):
        changes = Changes(machines.client(), number)
        changes.start()
        time.sleep(randomly.uniform(0.3, 1.5))
        for process in killed:
            process.kill()
        if machines.controller not in killed:
            time.sleep(0.3)
        changes.ended.set()
        changes.join()
        for process in killed:
            process.start()
        for process in killed:
            process.wait()
        check(machines, changes)


def test_a_restarted_controller_writes_nothing_to_switches_that_are_right(machines: Machines) -> None:
    machines.settled()
    machines.controller.kill()
    before = machines.controller.log.stat().st_size

    machines.controller.start()
    machines.controller.wait()
    machines.settled()

    lines = machines.controller.log.read_text()[before:].splitlines()
    ready = [line for line in lines if line.startswith("switch_ready")]
    assert len(ready) == len(HOSTS)
    assert all(line.endswith("wrote=0") for line in ready)


def test_a_switch_that_is_away_keeps_what_concerns_it_pending_and_nothing_else(machines: Machines) -> None:
    machines.settled()
    client = machines.client()
    client.call("PATCH", "region", {"mapping_policy": "on-demand"})
    machines.settled()
    subnet = next(iter(client.items("subnets")))["id"]
    alpha, beta, _ = hosts(client)
    by_id = {host["id"]: host["name"] for host in client.items("hosts")}

    machines.switches[by_id[beta]].kill()
    there = client.call("POST", "instances", {"subnet_id": subnet, "host_id": alpha})["resource"]["id"]
    away = client.call("POST", "instances", {"subnet_id": subnet, "host_id": beta})["resource"]["id"]

    assert state(client, there, "available") == "available"
    assert state(client, away, "pending") == "pending"
    machines.switches[by_id[beta]].start()
    assert state(client, away, "available") == "available"


def state(client: Client, instance: str, wanted: str) -> str:
    """The state of an instance, given a while to become as wanted."""
    deadline = time.monotonic() + 60
    while True:
        found = client.call("GET", f"instances/{instance}")["resource"]["state"]
        if found == wanted or time.monotonic() > deadline:
            return found
        with suppress(ClientError):
            time.sleep(0.1)
