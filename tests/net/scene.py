"""Runs a scene, a module of this folder that starts a region, in a sandbox, and reads what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from topologies import sandbox

ROOT = Path(__file__).parents[2]


def found_by(module: str, *arguments: str) -> dict[str, Any]:
    """What `tests.net.MODULE` printed last, as JSON."""
    command = sandbox.command([sys.executable, "-m", f"tests.net.{module}", *arguments])
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    return json.loads(done.stdout.splitlines()[-1])
