"""The HTTP/2 server's C under AddressSanitizer and UBSan, with clients that send rubbish."""

import subprocess
import sys
from pathlib import Path

from tests.engine.fuzz import environment

ROOT = Path(__file__).parents[2]


def test_rubbish_neither_crashes_the_server_nor_leaks() -> None:
    command = [sys.executable, "-m", "tests.p4runtime.fuzz_h2", "300"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300, check=False
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-3000:]
    assert "answers 1.4.1" in done.stdout
    assert [line for line in told.splitlines() if "p4h_" in line or "runtime error" in line] == []
