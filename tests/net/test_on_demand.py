"""On-demand mapping with real kernels: the mapping service on a UDP socket, the first packet by the gateway."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from topologies import sandbox

ROOT = Path(__file__).parents[2]


def test_not_even_the_first_packet_is_lost() -> None:
    command = sandbox.command([sys.executable, "-m", "tests.net.on_demand"])

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    print(done.stdout, done.stderr)
    assert done.returncode == 0
    assert "10 packets transmitted, 10 received" in done.stdout
    assert "2 packets transmitted, 0 received" in done.stdout
