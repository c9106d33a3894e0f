"""Plugins loaded into and out of a running region through the API: all of it or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.controller.plugins.running import PLUGINS, Running, started


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("running")
    more = folder / "plugins"
    shutil.copytree(PLUGINS / "tollgate", more / "tollgate")
    shutil.copytree(PLUGINS / "beacon", more / "beacon")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("P4VPC_PLUGINS", str(more))
        with started(folder, "alpha", "beta") as machines:
            yield machines


@pytest.fixture
def toll(running: Running) -> Iterator[Running]:
    """With the plugin tollgate."""
    running.call("PUT", "plugins/tollgate")
    yield running
    running.call("DELETE", "plugins/tollgate")


def permits(running: Running) -> list[dict[str, Any]]:
    return list(running.client().items("toll-permits"))


def test_loading_writes_what_the_plugin_plans_and_keeps_the_rest(running: Running) -> None:
    before = running.tables("alpha")

    answer = running.call("PUT", "plugins/tollgate")

    assert [(one["name"], one["state"]) for one in answer["switches"]] == [("alpha", "kept"), ("beta", "kept")]
    assert running.tables("alpha") == {**before, "tollgate.from_eni.permit": 1}
    assert [permit["state"] for permit in permits(running)] == ["available", "available"]

    running.call("DELETE", "plugins/tollgate")

    assert running.tables("alpha") == before


def test_its_resources_are_stored_with_history_and_reach_the_switches(toll: Running) -> None:
    permit = permits(toll)[0]

    closed = toll.call("POST", f"toll-permits/{permit['id']}/close", {})["resource"]
    toll.settled()

    assert closed["is_open"] is False
    assert sum(toll.tables(host)["tollgate.from_eni.permit"] for host in ("alpha", "beta")) == 1
    newest = next(toll.client().items("history", {"resource_id": permit["id"]}))
    assert (newest["action"], newest["before"]["is_open"]) == ("CloseTollPermit", True)


def test_a_plugin_that_does_not_compile_changes_nothing(running: Running) -> None:
    broken = running.folder / "plugins" / "beacon" / "beacon.p4"
    text = broken.read_text()
    before = running.tables("alpha")
    revision = running.settled()["revision"]
    broken.write_text(text.replace("own.number == 13", "own.colour == 13"))

    error = running.refusal("PUT", "plugins/beacon")
    broken.write_text(text)

    assert error.code == "InvalidPlugin.Refused"
    assert "beacon.p4:3:" in str(error)
    assert "colour" in str(error)
    assert running.tables("alpha") == before
    assert running.settled()["revision"] == revision


def test_a_plugin_in_conflict_with_one_that_is_loaded_changes_nothing(toll: Running) -> None:
    manifest = toll.folder / "plugins" / "beacon" / "plugin.toml"
    text = manifest.read_text()
    manifest.write_text(text.replace("BEACON_UNLUCKY", "TOLLGATE_CLOSED"))

    error = toll.refusal("PUT", "plugins/beacon")
    manifest.write_text(text)

    assert "both bring a drop reason called TOLLGATE_CLOSED" in str(error)
    assert str(error).count("plugin.toml:") == 2
    assert not [one for one in toll.call("GET", "plugins")["items"] if one["loaded"] and one["name"] == "beacon"]


def test_a_change_is_refused_while_the_plugin_is_not_loaded(running: Running) -> None:
    eni = next(iter(running.client().items("network-interfaces")))["id"]

    error = running.refusal("POST", "toll-permits", {"network_interface_id": eni})

    assert error.code == "UnsupportedOperation"


def test_a_plugin_that_came_later_brings_its_routes(running: Running) -> None:
    folder = running.folder / "plugins" / "turnpike"
    shutil.copytree(PLUGINS / "tollgate", folder)
    (folder / "tollgate.p4").rename(folder / "turnpike.p4")
    for path in folder.glob("*.*"):
        text = path.read_text().replace("tollgate", "turnpike").replace("TOLLGATE", "TURNPIKE")
        text = text.replace("Toll", "Turn").replace("toll", "turn")
        path.write_text(text)

    running.call("PUT", "plugins/turnpike")

    assert len(list(running.client().items("turn-permits"))) == 2
    assert running.tables("beta")["turnpike.from_eni.permit"] == 1
    for permit in running.client().items("turn-permits"):  # nobody would know what they are
        running.call("DELETE", f"turn-permits/{permit['id']}")
    running.call("DELETE", "plugins/turnpike")
    shutil.rmtree(folder)


def test_after_a_restart_the_same_plugins_are_loaded(toll: Running) -> None:
    toll.controller.kill()
    toll.controller.start()
    toll.controller.wait()
    toll.settled()

    assert [one["name"] for one in toll.call("GET", "plugins")["items"] if one["loaded"]] == ["tollgate"]
    held = sum(toll.tables(host)["tollgate.from_eni.permit"] for host in ("alpha", "beta"))
    assert held == sum(permit["is_open"] for permit in permits(toll)) > 0


def test_only_operators_load_plugins(running: Running) -> None:
    account = next(iter(running.client().items("accounts")))["id"]
    secret = running.call("POST", "tokens", {"account_id": account})["secret"]

    error = running.refusal_as(secret, "PUT", "plugins/tollgate")

    assert error.code == "UnauthorizedOperation"


def test_metrics_tell_of_drops_and_of_plugins(toll: Running) -> None:
    text = toll.metrics()

    assert 'p4vpc_tollgate_fee{currency="none"} 3.5' in text
    assert 'p4vpc_switch_ready{host="alpha"} 1.0' in text


def test_changed_sources_are_loaded_again_and_resources_stay(toll: Running) -> None:
    ids = {permit["id"] for permit in permits(toll)}
    source = toll.folder / "plugins" / "tollgate" / "plugin.py"
    source.write_text(source.read_text().replace("number: int\n", 'number: int\n    colour: str = "grey"\n', 1))

    toll.call("PUT", "plugins/tollgate")

    assert {(permit["id"], permit["colour"]) for permit in permits(toll)} == {(one, "grey") for one in ids}


def test_sources_that_do_not_know_what_is_stored_are_refused(running: Running) -> None:
    shutil.copy(PLUGINS / "tollgate" / "plugin.py", running.folder / "plugins" / "tollgate" / "plugin.py")

    error = running.refusal("PUT", "plugins/tollgate")

    assert "existing TollPermit.colour is no field of it" in str(error)
