"""A controller that compiles its program, and switches without ports, in processes of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from finsy.proto import p4r, p4r_grpc

from controller.commands.client import Client, ClientError, Configuration
from tests.controller.service.processes import SEED, Machines, Process, entries_of
from topologies import programs

PLUGINS = Path(__file__).parents[2] / "pipeline" / "plugins"


class Running(Machines):
    """Machines whose controller takes plugins; `folder` may hold more of them."""

    def __init__(self, folder: Path, hosts: tuple[str, ...]) -> None:
        super().__init__(folder, hosts, programs.compiled("vrouter"))
        listen = ["--listen", f"unix:{folder}/api.sock", "--seed", SEED]
        serve = ["controller", "serve", "--store", str(self.store), *listen]
        self.controller = Process("controller", serve, folder, self._answers)

    def call(self, verb: str, path: str, body: object = None) -> dict[str, Any]:
        """What the operator's request is answered."""
        return self.client().call(verb, path, body)

    def refusal(self, verb: str, path: str, body: object = None) -> ClientError:
        """How the operator's request is refused."""
        with pytest.raises(ClientError) as refused:
            self.call(verb, path, body)
        return refused.value

    def refusal_as(self, secret: str, verb: str, path: str) -> ClientError:
        """How a request of somebody else is refused."""
        with pytest.raises(ClientError) as refused:
            Client(Configuration(f"unix:{self.folder}/api.sock", secret)).call(verb, path)
        return refused.value

    def metrics(self) -> str:
        """What Prometheus would get."""
        transport = httpx.HTTPTransport(uds=f"{self.folder}/api.sock")
        token = self.store.with_name("region.db.token").read_text().strip()
        with httpx.Client(transport=transport, headers={"Authorization": f"Bearer {token}"}) as client:
            return client.get("http://controller/metrics").text

    def tables(self, host: str) -> Mapping[str, int]:
        """How many entries the tables of a switch have, by full name; asked without the controller."""
        with grpc.insecure_channel(self.address(host)) as channel:
            stub = p4r_grpc.P4RuntimeStub(channel)
            what = p4r.GetForwardingPipelineConfigRequest(device_id=1)
            names = {
                table.preamble.id: table.preamble.name
                for table in stub.GetForwardingPipelineConfig(what, timeout=30).config.p4info.tables
            }
        entries = (p4r.TableEntry.FromString(key) for key in entries_of(self.address(host)))
        return Counter(names[entry.table_id] for entry in entries)


@contextmanager
def started(folder: Path, *hosts: str) -> Iterator[Running]:
    """A controller and switches, with a VPC that has an instance on each host."""
    machines = Running(folder, hosts)
    try:
        for process in (machines.controller, *machines.switches.values()):
            process.start()
        for process in (machines.controller, *machines.switches.values()):
            process.wait()
        _region(machines, hosts)
        yield machines
    finally:
        machines.end()


def _region(machines: Running, hosts: tuple[str, ...]) -> None:
    call = machines.call
    call("PATCH", "region", {"mapping_policy": "preload"})
    account = call("POST", "accounts", {"name": "shop"})["resource"]["id"]
    vpc = call("POST", "vpcs", {"cidr_block": "10.0.0.0/16", "account_id": account})["resource"]["id"]
    subnet = call("POST", "subnets", {"vpc_id": vpc, "cidr_block": "10.0.0.0/24"})["resource"]["id"]
    for index, name in enumerate(hosts, start=1):
        body = {"name": name, "address": f"172.31.0.{index}", "switch": machines.address(name)}
        host = call("POST", "hosts", body)["resource"]["id"]
        call("POST", "instances", {"subnet_id": subnet, "host_id": host, "name": f"on-{name}"})
    machines.settled()
