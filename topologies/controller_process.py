"""The controller of an emulated region: a `p4vpc serve` process, and what its users and tests ask of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from controller.commands.client import Client, ClientError, Configuration
from controller.mapping.protocol import PORT as MAPPING_PORT
from controller.model.codec import Codec
from topologies.apply import region_settings
from topologies.nodes import EmulationError
from topologies.region import Region

_START_TIMEOUT = 60.0  # seconds; Python on a busy machine
_PAUSE = 0.02
_PLUG_WAIT = 5.0  # seconds that a move waits for the hypervisor, which tells when the instance is plugged in


class ControllerProcess:
    """`p4vpc serve` on a Unix socket in a folder; it can be killed and started again."""

    def __init__(self, folder: Path, mapping_service: IPv4Address | None, plugins: Sequence[str] = ()) -> None:
        self.socket = folder / "api.sock"
        self.log = folder / "controller.log"
        self._store = folder / "region.db"
        self._plugins = plugins
        self._mapping_service = mapping_service
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    @property
    def token(self) -> str:
        """The operator's."""
        return self._store.with_name("region.db.token").read_text().strip()

    @property
    def endpoint(self) -> str:
        """Where the API is, inside the sandbox."""
        return f"unix:{self.socket}"

    def environment(self) -> dict[str, str]:
        """What makes `p4vpc` talk to it."""
        return {**os.environ, "P4VPC_ENDPOINT": self.endpoint, "P4VPC_TOKEN": self.token}

    def client(self) -> Client:
        """The operator's client."""
        return Client(Configuration(self.endpoint, self.token))

    def start(self) -> None:
        """Starts the process; `wait_until_ready` when it is needed."""
        self.socket.unlink(missing_ok=True)
        command = [sys.executable, "-m", "controller", "serve", "--store", str(self._store), "--listen", self.endpoint]
        command += ["--plug-wait", str(_PLUG_WAIT)]
        for name in self._plugins:
            command += ["--plugin", name]
        if self._mapping_service is not None:
            command += ["--mapping", f"{self._mapping_service}:{MAPPING_PORT}"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # a session of its own: Ctrl-C is not for the controller
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def wait_until_ready(self) -> None:
        """Returns when the API answers."""
        self._until(self._answers, "did not answer")

    def kill(self) -> None:
        """SIGKILL: the process can do nothing about it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends the process."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.kill()

    def apply(self, region: Region, switches: Mapping[str, tuple[str, int]]) -> int:
        """Brings the controller to a region; `switches` are address and device id by host. Returns the revision."""
        codec = Codec()
        hosts = {host.id: host for host in region.model.hosts.values()}
        described = []
        for part in (*region.model.resources(), region_settings(region.mapping)):
            if part.id in hosts:
                address, device_id = switches[hosts[part.id].name]
                part = replace(hosts[part.id], switch=address, device_id=device_id)
            described.append({"kind": type(part).__name__, **codec.encode(part)})
        return self.client().call("PUT", f"stacks/{region.name}", {"resources": described})["revision"]

    def status(self) -> dict[str, Any]:
        """What `GET /v1/status` says."""
        return self.client().call("GET", "status")

    def wait_until_applied(self) -> dict[str, Any]:
        """Returns the status when every switch holds the region."""
        found: dict[str, Any] = {}

        def applied() -> bool:
            found.update(self.status())
            return found["applied_revision"] == found["revision"]

        self._until(applied, "did not program the switches")
        return found

    def _answers(self) -> bool:
        try:
            return self.socket.exists() and bool(self.status())
        except (ClientError, OSError):
            return False

    def _until(self, condition: Callable[[], bool], failure: str) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        while not condition():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                raise EmulationError(f"the controller {failure}:\n{self.log.read_text()[-2000:]}")
            time.sleep(_PAUSE)
