"""Mininet's command line for a region."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict

from mininet.cli import CLI
from mininet.log import error

from topologies.emulation import Emulation, InstanceHost
from topologies.nodes import EmulationError


class RegionConsole(CLI):
    """`INSTANCE COMMAND ...` runs a command in an instance; names of instances in it become their addresses.

    A name means something inside its own VPC only: another VPC may have the same addresses.
    """

    identchars = CLI.identchars + "-"  # instances may have a hyphen in their names

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation
        model = emulation.region.model
        self._vpcs = {i.name: model.vpcs[model.interface_of(i).vpc_id].name for i in model.instances.values()}
        super().__init__(emulation.net)

    def default(self, line: str) -> None:
        """Runs a command in a node; refuses the name of an instance that the node cannot mean."""
        first, *rest = line.split()
        foreign = next((word for word in rest if self._apart(first, word)), None)
        if foreign is None:
            super().default(line)
        else:
            error(f"*** {foreign} is in another VPC than {first}: its name means nothing there\n")

    def do_pingall(self, line: str) -> None:
        """Ping between all instances of each VPC."""
        for vpc, nodes in self.vpcs().items():
            print(f"*** VPC {vpc}")
            self.mn.ping(nodes, timeout=line or None)

    def do_move(self, line: str) -> None:
        """Move an instance to another host while it runs: move INSTANCE HOST"""
        words = line.split()
        if len(words) != 2:
            error("*** move INSTANCE HOST\n")
            return
        try:
            seconds = self._emulation.hypervisor.move(*words)
        except EmulationError as problem:
            error(f"*** {problem}\n")
        else:
            print(f"*** {words[0]} is on {words[1]}; every router knew after {seconds * 1e3:.0f} ms")

    def do_p4vpc(self, line: str) -> None:
        """Ask or change the region's controller: p4vpc list instances"""
        command = [sys.executable, "-m", "controller", *line.split()]
        sys.stdout.flush()
        subprocess.run(command, env=self._emulation.controller.environment(), check=False)

    def vpcs(self) -> dict[str, list[InstanceHost]]:
        """The instances by the name of their VPC."""
        found: defaultdict[str, list[InstanceHost]] = defaultdict(list)
        for name, vpc in self._vpcs.items():
            if name in self.mn:
                found[vpc].append(self.mn[name])
        return dict(found)

    def _apart(self, one: str, other: str) -> bool:
        return one in self._vpcs and other in self._vpcs and self._vpcs[one] != self._vpcs[other]
