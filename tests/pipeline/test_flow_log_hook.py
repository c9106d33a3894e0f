"""The hook at the end of the vrouter: plugins there see what was dropped, and change nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controller.loader import PluginError, read_manifest
from tests.pipeline.flow_log_lab import FOLDER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the plugin."""
    return Path(shutil.copytree(FOLDER / "flow_log", tmp_path / "flow_log"))


@pytest.mark.parametrize("line", ["verdict = true", 'exclusive = ["meta.drop"]', 'shared = ["meta.track.mark"]'])
def test_who_looks_on_may_not_ask_for_more(folder: Path, line: str) -> None:
    manifest = folder / "plugin.toml"
    manifest.write_text(manifest.read_text().replace('[hooks."vrouter.end"]', f'[hooks."vrouter.end"]\n{line}'))

    with pytest.raises(PluginError, match="neither drops nor writes"):
        read_manifest(folder)


def test_who_only_looks_on_is_accepted(folder: Path) -> None:
    hook = read_manifest(folder).hook("vrouter.end")

    assert hook is not None
    assert not hook.verdict
