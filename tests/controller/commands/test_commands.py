"""The command line against a running controller: a real server on a Unix socket, a real process for `serve`."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from typer.testing import CliRunner, Result

from controller.__main__ import build
from controller.commands.serve import ListenError, listening
from tests.controller.api.server import Api

NO_SURROUNDINGS = {"P4VPC_ENDPOINT": "", "P4VPC_TOKEN": "", "P4VPC_CONFIG": "/nonexistent", "COLUMNS": "200"}


class Shell:
    """Runs `p4vpc` with arguments against a controller."""

    def __init__(self, endpoint: str, api: Api) -> None:
        self.endpoint = endpoint
        self.api = api
        self._app = build()

    def run(self, *words: str, token: str | None = None) -> Result:
        """What the command does, as the first account unless another token is given."""
        given = {**NO_SURROUNDINGS, "P4VPC_ENDPOINT": self.endpoint, "P4VPC_TOKEN": token or self.api.blue}
        return CliRunner().invoke(self._app, list(words), env=given)

    def json(self, *words: str, token: str | None = None) -> Any:
        """The JSON that a command prints."""
        result = self.run(*words, "--output", "json", token=token)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    listener = listening(f"unix:{tmp_path}/api.sock", secure=False)
    api = Api(tmp_path / "p4vpc.db")
    server = uvicorn.Server(uvicorn.Config(api.app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield Shell(f"unix:{tmp_path}/api.sock", api)
    finally:
        server.should_exit = True
        thread.join()
        api.ledger.store.close()


def test_a_network_is_built_listed_and_taken_down(shell: Shell) -> None:
    vpc = shell.json("create", "vpc", "--cidr-block", "10.0.0.0/16", "--name", "shop")
    subnet = shell.json("create", "subnet", "--vpc-id", vpc["id"], "--cidr-block", "10.0.1.0/24")
    instance = shell.json("create", "instance", "--subnet-id", subnet["id"], "--name", "web")
    eni = shell.json("create", "network-interface", "--subnet-id", subnet["id"], "--no-source-dest-check")
    shell.json("create", "route", vpc["main_route_table_id"], "--destination", "192.0.2.0/24", "--target", eni["id"])

    assert eni["source_dest_check"] is False
    assert shell.json("attach", eni["id"], instance["id"])["instance_id"] == instance["id"]
    assert [one["id"] for one in shell.json("list", "network-interfaces", "--limit", "1")]
    assert len(shell.json("mapping", "show", vpc["id"])) == 2
    assert shell.json("rename", vpc["id"], "store")["name"] == "store"
    assert "shop" in shell.run("history", vpc["id"]).stdout
    for resource in (instance, eni, subnet, vpc):
        kind = {"i": "instance", "eni": "network-interface"}.get(resource["id"].split("-")[0]) or (
            "subnet" if resource is subnet else "vpc"
        )
        assert shell.run("delete", kind, resource["id"]).exit_code == 0
    assert shell.json("status")["resources"]["Vpc"] == 0


def test_tables_are_for_people(shell: Shell) -> None:
    vpc = shell.json("create", "vpc", "--cidr-block", "10.0.0.0/16", "--name", "shop")

    listed, described = shell.run("list", "vpcs"), shell.run("describe", vpc["id"])

    assert "cidr blocks" in listed.stdout
    assert vpc["id"] in listed.stdout
    assert "main_route_table_id" in described.stdout


def test_a_refusal_shows_code_and_field(shell: Shell) -> None:
    result = shell.run("create", "vpc", "--cidr-block", "10.0.0.0/8")

    assert result.exit_code == 1
    assert result.stderr.startswith("p4vpc: InvalidVpc.Range (cidr_block): ")
    assert shell.run("describe", "vpc-" + "0" * 17).stderr.startswith("p4vpc: InvalidVpcID.NotFound")


def test_an_id_of_no_kind_is_refused(shell: Shell) -> None:
    result = shell.run("describe", "moon-1")

    assert result.exit_code == 2
    assert "'moon-1' is not the id of a resource" in result.stderr


def test_operators_make_accounts_and_tokens(shell: Shell) -> None:
    operator = shell.api.operator
    account = shell.json("create", "account", "--name", "green", "--quotas", '{"vpcs": 0}', token=operator)
    secret = shell.json("create", "token", "--account-id", account["id"], token=operator)["secret"]

    result = shell.run("create", "vpc", "--cidr-block", "10.0.0.0/16", token=secret)

    assert "VpcLimitExceeded" in result.stderr
    assert "UnauthorizedOperation" in shell.run("list", "hosts").stderr


def test_a_description_is_applied_and_its_difference_shown(shell: Shell, tmp_path: Path) -> None:
    operator = shell.api.operator
    shell.run("delete", "host", shell.api.host, token=operator)
    path = tmp_path / "region.yaml"
    path.write_text(Path("topologies/two_hosts.yaml").read_text())

    rehearsed = shell.run("apply", "-f", str(path), "--dry-run", token=operator)
    applied = shell.run("apply", "-f", str(path), token=operator)
    again = shell.run("apply", "-f", str(path), token=operator)
    path.write_text(path.read_text().replace("10.0.1.6", "10.0.1.9"))
    changed = shell.run("apply", "-f", str(path), token=operator)

    assert "would change" in rehearsed.stdout
    assert "+ Vpc blue" in applied.stdout
    assert "0 resources changed" in again.stdout
    assert "addresses: ['10.0.1.6'] -> ['10.0.1.9']" in changed.stdout
    assert "1 resources changed" in changed.stdout
    instance = next(one for one in shell.json("list", "instances", token=operator) if one["name"] == "web")
    moved = shell.json("move", instance["id"], "--host", "beta", token=operator)
    assert moved["host_id"] != instance["host_id"]


def test_a_bad_description_names_file_and_place(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "region.yaml"
    path.write_text("name: x\nhosts: {alpha: {underlay: nowhere}}\nvpcs: {}\n")

    result = shell.run("apply", "-f", str(path), token=shell.api.operator)

    assert result.exit_code == 2
    assert f"{path}: hosts.alpha.underlay" in result.stderr


def test_endpoint_and_token_come_from_a_file(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'endpoint = "{shell.endpoint}"\ntoken = "{shell.api.blue}"\n')
    given = {**NO_SURROUNDINGS, "P4VPC_CONFIG": str(path)}

    assert CliRunner().invoke(build(), ["status"], env=given).exit_code == 0


def test_without_a_controller_the_message_says_so(tmp_path: Path) -> None:
    given = {**NO_SURROUNDINGS, "P4VPC_ENDPOINT": f"unix:{tmp_path}/none.sock", "P4VPC_TOKEN": "x"}
    result = CliRunner().invoke(build(), ["status"], env=given)

    assert result.exit_code == 2
    assert "is the controller running" in result.stderr
    assert "no token" in CliRunner().invoke(build(), ["status"], env=NO_SURROUNDINGS).stderr


@pytest.mark.parametrize(
    ("listen", "message"),
    [
        ("0.0.0.0:0", "give --tls-certificate"),
        ("192.0.2.1:80", "give --tls-certificate"),
        ("[::]:0", "give --tls-certificate"),
        ("localhost", "neither ADDRESS:PORT nor unix:PATH"),
        ("127.0.0.1:99999", "is no port"),
        ("unix:/nonexistent/folder/x.sock", "cannot listen"),
    ],
)
def test_the_api_listens_only_where_it_is_safe(listen: str, message: str) -> None:
    with pytest.raises(ListenError, match=message):
        listening(listen, secure=False)


def test_a_certificate_that_cannot_be_used_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    words = ["serve", "--store", f"{tmp_path}/s.db", "--listen", "127.0.0.1:0", "--tls-certificate"]

    result = CliRunner().invoke(build(), [*words, f"{tmp_path}/bad.pem"], env=NO_SURROUNDINGS)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"p4vpc: cannot use {tmp_path}/bad.pem")


def test_a_file_that_is_no_store_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "s.db").write_text("not a database at all")

    result = CliRunner().invoke(build(), ["serve", "--store", f"{tmp_path}/s.db", "--listen", "127.0.0.1:0"])

    assert result.exit_code == 2
    assert "no p4vpc store" in result.stderr


def started(folder: Path) -> tuple[subprocess.Popen[str], list[str]]:
    """A controller process, and what it printed until it listened."""
    command = [sys.executable, "-m", "controller", "serve", "--store", str(folder / "s.db"), "--listen"]
    process = subprocess.Popen([*command, f"unix:{folder}/api.sock"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines: list[str] = []
    while not (lines and lines[-1].startswith("listening")):
        line = process.stdout.readline()
        assert line, "the controller ended"
        lines.append(line)
    return process, lines


def answered(folder: Path, *words: str) -> Any:
    """What the command line gets from the process."""
    token = (folder / "s.db.token").read_text().strip()
    given = {**NO_SURROUNDINGS, "P4VPC_ENDPOINT": f"unix:{folder}/api.sock", "P4VPC_TOKEN": token}
    deadline = time.monotonic() + 20
    while True:
        result = CliRunner().invoke(build(), [*words, "--output", "json"], env=given)
        if result.exit_code == 0 or time.monotonic() > deadline:
            assert result.exit_code == 0, result.output
            return json.loads(result.stdout)
        time.sleep(0.1)


def test_a_controller_that_was_killed_starts_again_with_everything(tmp_path: Path) -> None:
    process, lines = started(tmp_path)
    account = answered(tmp_path, "create", "account", "--name", "blue")
    assert stat.S_IMODE(os.stat(tmp_path / "s.db.token").st_mode) == 0o600
    assert stat.S_IMODE(os.stat(tmp_path / "api.sock").st_mode) == 0o600
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert any(line.startswith("wrote_token") for line in lines)

    process, lines = started(tmp_path)

    assert not any(line.startswith("wrote_token") for line in lines)
    assert [one["id"] for one in answered(tmp_path, "list", "accounts")] == [account["id"]]
    assert answered(tmp_path, "status")["applied_revision"] == 2
    process.terminate()
    assert process.wait(timeout=20) in (0, -signal.SIGTERM)
