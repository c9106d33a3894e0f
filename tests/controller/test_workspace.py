"""Folders to work in: gone at the end, and after a kill with the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from controller.workspace import workspace

HOLDER = """
import sys
from pathlib import Path
from controller.workspace import workspace
with workspace(Path(sys.argv[1]), ".work-") as folder:
    (folder / "half").write_text("half")
    print(folder.name, flush=True)
    sys.stdin.read()
"""


def holder(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that works in a folder, an hour old."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(parent)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    folder = parent / process.stdout.readline().strip()
    os.utime(folder, (0, 0))
    return process, folder


def test_a_workspace_is_gone_at_its_end(tmp_path: Path) -> None:
    with workspace(tmp_path, ".work-") as folder:
        (folder / "file").write_text("text")

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_one(tmp_path: Path) -> None:
    process, folder = holder(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert folder.exists()

    with workspace(tmp_path, ".work-") as mine:
        assert list(tmp_path.iterdir()) == [mine]


def test_a_workspace_in_use_stays(tmp_path: Path) -> None:
    process, folder = holder(tmp_path)

    with workspace(tmp_path, ".work-") as mine:
        assert set(tmp_path.iterdir()) == {mine, folder}

    process.communicate("", timeout=10)
    assert process.returncode == 0
