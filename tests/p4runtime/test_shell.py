"""p4runtime-shell 0.0.6, unchanged, against a running server.

It needs an older protobuf than ours, so it has an environment of its own: `.venv-shell` in the repository root, made
from `requirements-shell.lock` by the Makefile. Without it the test is skipped.
"""

import subprocess
import time
from pathlib import Path

import pytest

from switch.p4runtime.server import P4RuntimeServer

from .world import DATA, FakeTarget

PYTHON = Path(__file__).parents[2] / ".venv-shell" / "bin" / "python"
WANTED = """\
version 1.4.1
routes 1
counter 12
direct 0
meter 3
Error(s) during Write:
	* At index 0: ALREADY_EXISTS, 'table 'route': entry {dst=0x0a000000/8} exists already'
routes 0
"""


@pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-shell with p4runtime-shell 0.0.6")
def test_a_script_of_p4runtime_shell_runs_unchanged() -> None:
    target = FakeTarget()
    server = P4RuntimeServer(target, "127.0.0.1:0")
    server.start()
    command = [PYTHON, DATA / "shell_script.py", server.address, DATA / "everything.p4info.txtpb"]
    done = subprocess.run([*command, DATA / "everything.json"], capture_output=True, text=True, timeout=60)
    deadline = time.monotonic() + 5
    while not target.sent and time.monotonic() < deadline:
        time.sleep(0.01)
    server.stop()
    assert done.stdout == WANTED, done.stderr
    assert target.sent == [(3 << 7).to_bytes(2, "big") + b"from the shell"]
