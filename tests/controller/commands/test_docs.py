"""Every example in docs/api.md runs, and prints what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
END = "--- end of block"


def blocks() -> list[tuple[str, list[str]]]:
    """The shell blocks of the page, each with the lines that the page says it prints."""
    text = (ROOT / "docs/api.md").read_text()
    found = re.findall(r"^```sh\n(.*?)^```\n(?:```text\n(.*?)^```)?", text, re.MULTILINE | re.DOTALL)
    return [(script, printed.splitlines()) for script, printed in found]


def pattern(lines: list[str]) -> str:
    """What matches these lines, where … stands for anything, also for lines when it stands alone."""
    parts = [r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*?") + r"[ ]*\n" for line in lines]
    return "".join(parts)


def test_every_example_runs_and_prints_what_the_page_says(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "controller", "serve", "--store", str(tmp_path / "region.db")]
    controller = subprocess.Popen([*command, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        assert controller.stdout is not None
        listening = next(line for line in controller.stdout if line.startswith("listening"))
        script = "".join(f"{shell}echo '{END}'\n" for shell, _ in blocks())
        given = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LISTEN": re.search(r"address=(\S+)", listening)[1],  # type: ignore[index]
            "TOPOLOGIES": str(ROOT / "topologies"),
            "P4VPC_CONFIG": "/nonexistent",
            "COLUMNS": "240",
        }
        done = subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=tmp_path,
            env=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=200,
            check=False,
        )
    finally:
        controller.terminate()
        controller.wait()
    assert done.returncode == 0, done.stdout
    printed = done.stdout.split(f"{END}\n")
    for (shell, expected), found in zip(blocks(), printed, strict=False):
        assert re.fullmatch(pattern(expected), found), f"{shell}\nprinted:\n{found}\nthe page says:\n{expected}"
