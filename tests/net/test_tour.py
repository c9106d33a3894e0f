"""The README's tour, line by line."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tour_of_the_readme_works() -> None:
    typed = re.findall(r"^mininet> (.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)

    done = subprocess.run(
        [sys.executable, "-m", "controller", "up", "two_tenants"],
        cwd=ROOT,
        input="\n".join([*typed, "exit", ""]),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    print(done.stdout, done.stderr)
    assert len(typed) >= 2
    assert done.returncode == 0
    assert (done.stdout + done.stderr).count(" 0% packet loss") == len(typed)
