"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path


def describe() -> dict[str, str]:
    """The machine as it is now: date, processor, kernel, compiler, load average."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "CPU": _cpu(),
        "cores": f"{len(os.sched_getaffinity(0))} of {os.cpu_count()}",
        "kernel": platform.release(),
        "compiler": _first_line("cc", "--version"),
        "Python": platform.python_version(),
        "load average at start": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def busy() -> bool:
    """Whether others already use so much of the machine that absolute figures say little."""
    return os.getloadavg()[0] > 0.5


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model"))]
    return names[0] if names else platform.machine()


def _first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return "none"
    return done.stdout.partition("\n")[0]
