"""Real processes on Unix sockets: switches and a controller that can be killed at any moment, and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import grpc
from finsy.proto import p4r, p4r_grpc

from controller.commands.client import Client, Configuration
from controller.loader.installed import Plugins
from controller.model import Model
from controller.p4rt import Program, Schema
from controller.plan import FlowPlan, MappingPlan, vrouter_entries
from controller.plan.desired import packed
from controller.store import Store
from controller.store.notes import secret_of

PATIENCE = 90.0  # seconds; the machine may be busy
SEED = "tests"


class Process:
    """A process that can be killed and started again."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, ready: Callable[[], bool]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = [sys.executable, "-m", *command]
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it; returns at once."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self) -> None:
        """Returns when it answers."""
        until(self._ready, f"{self.name} did not start:\n{self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """It hangs: connections stay open, and nothing is answered."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """It no longer hangs."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)

    def end(self) -> None:
        """Ends it if it runs."""
        if self._process is not None and self._process.poll() is None:
            self.go_on()
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


class Machines:
    """Switches by host name and a controller, all in one folder."""

    def __init__(self, folder: Path, hosts: Sequence[str], program: Program, more: Sequence[str] = ()) -> None:
        self.folder = folder
        self.program = program
        self.schema = Schema(program.p4info)
        self.store = folder / "region.db"
        self.switches = {name: self._switch(name, folder) for name in hosts}
        serve = ["controller", "serve", "--store", str(self.store), "--listen", f"unix:{folder}/api.sock"]
        serve += ["--program", str(program.config), "--p4info", str(program.p4info_file), "--seed", SEED, *more]
        self.controller = Process("controller", serve, folder, self._answers)

    def _switch(self, name: str, folder: Path) -> Process:
        address = self.address(name)
        command = ["switch", "--no-p4", "--grpc-server-addr", address]
        return Process(name, command, folder, lambda: _reached(address))

    def address(self, name: str) -> str:
        """Where a switch is."""
        return f"unix:{self.folder}/{name}.sock"

    def client(self) -> Client:
        """The operator's client."""
        token = self.store.with_name("region.db.token").read_text().strip()
        return Client(Configuration(f"unix:{self.folder}/api.sock", token))

    def settled(self) -> dict[str, Any]:
        """Waits until every switch holds the last revision; returns the status."""
        client, found = self.client(), {}

        def done() -> bool:
            nonlocal found
            found = client.call("GET", "status")
            states = {switch["state"] for switch in found["switches"]}
            return found["applied_revision"] == found["revision"] and states <= {"ready"}

        until(done, lambda: f"not settled: {found}\n{self.controller.log.read_text()[-3000:]}")
        return found

    def model(self) -> Model:
        """What the store holds, read from a copy."""
        copy = self.folder / "copy.db"
        for suffix in ("", "-wal"):
            source = self.store.with_name(self.store.name + suffix)
            target = copy.with_name(copy.name + suffix)
            target.unlink(missing_ok=True)
            if source.exists():
                shutil.copy(source, target)
        store = Store(copy, Plugins.installed().kinds)
        try:
            return Model(store.load()[1])
        finally:
            store.close()

    def planned(self, model: Model) -> dict[str, dict[bytes, bytes]]:
        """What each switch should hold, by host name."""
        settings, key = model.settings, secret_of(SEED)
        mapping = MappingPlan(
            settings.mapping_policy,  # type: ignore[arg-type]
            settings.mapping_service,
            settings.gateway_host_id,
            key,
        )
        return {
            host.name: dict(
                packed(self.schema.encode(entry)) for entry in vrouter_entries(model, host, mapping, FlowPlan(key=key))
            )
            for host in model.hosts.values()
            if host.switch
        }

    def held(self) -> dict[str, dict[bytes, bytes]]:
        """What each switch holds, asked without the controller."""
        return {name: entries_of(self.address(name)) for name in self.switches}

    def matches_the_plan(self) -> None:
        """Returns when every switch holds what is planned, neither more nor less."""
        planned = self.planned(self.model())
        different: list[str] = []

        def same() -> bool:
            held = self.held()
            different[:] = [line for name in held for line in difference(held[name], planned[name], self.schema)]
            return not different

        until(same, lambda: "\n".join(different), patience=15)

    def end(self) -> None:
        """Ends all processes."""
        self.controller.end()
        for switch in self.switches.values():
            switch.end()

    def _answers(self) -> bool:
        try:
            return bool(self.client().call("GET", "status"))
        except Exception:  # not yet
            return False


def entries_of(address: str, device_id: int = 1) -> dict[bytes, bytes]:
    """The entries of a switch."""
    with grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", -1)]) as channel:
        request = p4r.ReadRequest(device_id=device_id, entities=[p4r.Entity(table_entry=p4r.TableEntry())])
        answers = p4r_grpc.P4RuntimeStub(channel).Read(request, timeout=30)
        entries = [entity.table_entry for answer in answers for entity in answer.entities]
    return dict(packed(entry) for entry in entries if not entry.is_const and not entry.is_default_action)


def until(condition: Callable[[], bool], words: str | Callable[[], str], patience: float = PATIENCE) -> None:
    """Returns when the condition holds; AssertionError when it does not in time."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, words() if callable(words) else words
        time.sleep(0.05)


def difference(held: Mapping[bytes, bytes], planned: Mapping[bytes, bytes], schema: Schema) -> list[str]:
    """What is on one side only, as text."""
    found = []
    for sign, these, others in (("+", held, planned), ("-", planned, held)):
        for key, action in these.items():
            if others.get(key) != action:
                entry = p4r.TableEntry.FromString(key)
                entry.action.ParseFromString(action)
                found.append(f"{sign} {schema.decode(entry)}")
    return sorted(found)


def _reached(address: str) -> bool:
    with grpc.insecure_channel(address) as channel:
        try:
            p4r_grpc.P4RuntimeStub(channel).Capabilities(p4r.CapabilitiesRequest(), timeout=2)
        except grpc.RpcError:
            return False
        return True
