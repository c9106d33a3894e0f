"""TLS to switches and to the API, with real certificates and real processes."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from controller.commands.client import Client, ClientError, Configuration
from tests.controller.service.certificates import Certificate, authority, signed
from tests.controller.service.processes import Machines, Process
from topologies import programs

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture
def ca(tmp_path: Path) -> Certificate:
    return authority(tmp_path, "ca")


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def switch(tmp_path: Path, ca: Certificate, port: int) -> Iterator[Process]:
    """A switch that wants TLS and a certificate from whoever talks to it."""
    own = signed(tmp_path, "switch", ca)
    command = ["switch", "--no-p4", "--grpc-server-addr", f"127.0.0.1:{port}", "--grpc-server-ssl"]
    command += ["--grpc-server-cacert", str(ca.path), "--grpc-server-cert", str(own.path)]
    command += ["--grpc-server-key", str(own.key), "--grpc-server-with-client-auth"]
    process = Process("switch", command, tmp_path, lambda: listens(port))
    process.start()
    try:
        process.wait()
        yield process
    finally:
        process.end()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def controller(folder: Path, *more: str) -> Machines:
    """A controller that runs."""
    machines = Machines(folder, [], programs.compiled("vrouter"), more)
    machines.controller.start()
    machines.controller.wait()
    return machines


def state(machines: Machines, address: str, wanted: str) -> tuple[str, str]:
    """State and error of a host's switch, given a while to become as wanted."""
    client = machines.client()
    client.call("POST", "hosts", {"name": "alpha", "address": "172.31.0.1", "switch": address})
    deadline = time.monotonic() + 30
    while True:
        (found,) = client.call("GET", "status")["switches"]
        if (found["state"] == wanted and (found["error"] or wanted == "ready")) or time.monotonic() > deadline:
            return found["state"], found["error"] or ""
        time.sleep(0.1)


def mutual(ca: Certificate, own: Certificate) -> list[str]:
    """The options that say who the controller is."""
    return ["--switch-ca", str(ca.path), "--switch-certificate", str(own.path), "--switch-key", str(own.key)]


def test_a_switch_is_programmed_when_both_sides_show_a_certificate(
    tmp_path: Path, ca: Certificate, switch: Process, port: int
) -> None:
    machines = controller(tmp_path, *mutual(ca, signed(tmp_path, "controller", ca)))
    try:
        assert state(machines, f"127.0.0.1:{port}", "ready") == ("ready", "")
    finally:
        machines.end()


def test_a_controller_with_a_strangers_certificate_is_not_let_in(
    tmp_path: Path, ca: Certificate, switch: Process, port: int
) -> None:
    stranger = authority(tmp_path, "stranger")
    machines = controller(tmp_path, *mutual(ca, signed(tmp_path, "controller", stranger)))
    try:
        assert state(machines, f"127.0.0.1:{port}", "connecting")[0] == "connecting"
    finally:
        machines.end()


def test_a_switch_with_a_strangers_certificate_is_not_believed(
    tmp_path: Path, ca: Certificate, switch: Process, port: int
) -> None:
    stranger = authority(tmp_path, "stranger")
    machines = controller(tmp_path, *mutual(stranger, signed(tmp_path, "controller", ca)))
    try:
        assert state(machines, f"127.0.0.1:{port}", "connecting")[0] == "connecting"
    finally:
        machines.end()


def test_a_switch_on_another_machine_is_not_spoken_to_in_the_clear(tmp_path: Path) -> None:
    machines = controller(tmp_path)
    try:
        found = state(machines, "192.0.2.1:9559", "connecting")
        assert found[0] == "connecting"
        assert "--switch-ca" in found[1]
    finally:
        machines.end()


@pytest.fixture
def secured(tmp_path: Path, ca: Certificate, port: int) -> Iterator[str]:
    """The address of an API with TLS."""
    own = signed(tmp_path, "api", ca)
    command = ["controller", "serve", "--store", str(tmp_path / "region.db"), "--listen", f"127.0.0.1:{port}"]
    command += ["--tls-certificate", str(own.path), "--tls-key", str(own.key)]
    process = Process("api", command, tmp_path, lambda: "listening" in (tmp_path / "api.log").read_text())
    process.start()
    try:
        process.wait()
        yield f"127.0.0.1:{port}"
    finally:
        process.end()


def test_the_api_is_reached_over_tls_by_who_knows_its_authority(tmp_path: Path, ca: Certificate, secured: str) -> None:
    token = (tmp_path / "region.db.token").read_text().strip()

    client = Client(Configuration(f"https://{secured}", token, str(ca.path)))

    assert client.call("GET", "status")["revision"] == 1


def test_the_api_is_not_believed_by_who_does_not(tmp_path: Path, secured: str) -> None:
    stranger = authority(tmp_path, "stranger")

    with pytest.raises(ClientError, match="certificate"):
        Client(Configuration(f"https://{secured}", "token", str(stranger.path))).call("GET", "status")


def test_the_api_does_not_answer_in_the_clear(secured: str) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://{secured}/v1/status", trust_env=False)


def test_certificates_that_do_not_fit_are_named_at_the_start(tmp_path: Path, ca: Certificate, port: int) -> None:
    stranger = authority(tmp_path, "stranger")
    command = ["controller", "serve", "--store", str(tmp_path / "region.db"), "--listen", f"127.0.0.1:{port}"]
    command += ["--tls-certificate", str(ca.path), "--tls-key", str(stranger.key)]
    process = Process("api", command, tmp_path, lambda: "cannot use" in (tmp_path / "api.log").read_text())

    process.start()

    process.wait()
    process.end()
