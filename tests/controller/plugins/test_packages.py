"""Plugins that other Python packages bring by entry point, and what is said of those that are broken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from controller.loader import PluginError, discover, read_manifest
from controller.loader.installed import Plugins
from controller.loader.objects import instantiate
from controller.loader.template import write_plugin

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "acme-{name}"
version = "1.0"

[project.entry-points."p4vpc.plugins"]
{name} = "acme_plugins.{name}"

[tool.hatch.build.targets.wheel]
packages = ["acme_plugins"]
"""


def test_a_package_brings_a_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, site = tmp_path / "source", tmp_path / "site"
    write_plugin("firewall", source / "acme_plugins")
    (source / "acme_plugins" / "__init__.py").write_text("")
    (source / "acme_plugins" / "firewall" / "__init__.py").write_text("")
    (source / "pyproject.toml").write_text(PROJECT.format(name="firewall"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", site, source], check=True, capture_output=True)
    monkeypatch.syspath_prepend(site)

    manifest = next(one for one in discover() if one.name == "firewall")
    plugin = instantiate(manifest)

    assert manifest.folder == site / "acme_plugins" / "firewall"
    assert type(plugin).__module__ == "acme_plugins.firewall.plugin"
    assert [kind.__name__ for kind in plugin.resources] == ["FirewallPort"]


def test_a_plugin_that_raises_is_named_with_its_line(tmp_path: Path) -> None:
    write_plugin("curfew", tmp_path)
    source = tmp_path / "curfew" / "plugin.py"
    source.write_text(source.read_text().replace('PROTOCOLS = {"tcp": 6', 'PROTOCOLS = 1 / 0, {"tcp": 6'))

    with pytest.raises(PluginError, match=r"plugin\.py:\d+: ZeroDivisionError"):
        instantiate(read_manifest(tmp_path / "curfew"))


def test_a_broken_plugin_does_not_keep_others_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plugin("curfew", tmp_path)
    write_plugin("broken", tmp_path)
    (tmp_path / "broken" / "plugin.toml").write_text("name = 3")
    monkeypatch.setenv("P4VPC_PLUGINS", str(tmp_path))

    found = Plugins.installed()

    assert "curfew" in found
    assert "broken" not in found
    assert [error.path.parent.name for error in found.broken] == ["broken"]


@pytest.mark.parametrize("name", ["Curfew", "9lives", "cur-few", "", "a/b", "x_"])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="a plugin's name is"):
        write_plugin(name, tmp_path)


def test_a_plugin_that_exists_is_not_written_over(tmp_path: Path) -> None:
    write_plugin("curfew", tmp_path)

    with pytest.raises(PluginError, match="it exists already"):
        write_plugin("curfew", tmp_path)


def test_two_plugins_cannot_bring_one_kind(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_plugin(name, tmp_path)
        source = tmp_path / name / "plugin.py"
        source.write_text(source.read_text().replace(f"{name.capitalize()}Port", "SamePort"))

    with pytest.raises(PluginError, match=r"SamePort .* has a name or prefix of one"):
        Plugins([read_manifest(tmp_path / "one"), read_manifest(tmp_path / "two")])
