"""Running the system compiler, under limits, and telling one compiler and CPU from another."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .errors import BuildFailed

# The shell sets the limits and becomes the compiler. Code that Python runs between fork and exec (preexec_fn) may
# deadlock in a process with threads, as a switch is one.
LIMITED = 'ulimit -c 0 && ulimit -t "$1" && ulimit -v "$2" && shift 2 && exec "$@"'


def run_compiler(compiler: str, arguments: Sequence[str], seconds: int, memory_bytes: int) -> None:
    """Runs the compiler; each of its processes may use so much memory and processor time, all `seconds` of time.

    Raises BuildFailed with what it printed.
    """
    limits = [str(seconds), str(memory_bytes // 1024)]
    command = ["/bin/sh", "-c", LIMITED, "sh", *limits, _find(compiler), *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=_environment(),
        start_new_session=True,
    ) as process:
        try:
            _, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise BuildFailed(f"the compiler took longer than {seconds} s") from None
        finally:  # the driver's children too
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    if process.returncode != 0:
        raise BuildFailed(f"the compiler failed ({process.returncode}):\n{said.decode(errors='replace')[-8000:]}")


def identity(compiler: str) -> bytes:
    """What tells one compiler and CPU from another."""
    found = _find(compiler)
    try:
        version = subprocess.run(
            [found, "--version"], capture_output=True, timeout=10, check=False, env=_environment()
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildFailed(f"the compiler {found} does not tell its version: {error}") from None
    return b"\0".join([os.path.realpath(found).encode(), str(os.stat(found).st_size).encode(), version, _cpu()])


def _find(compiler: str) -> str:
    found = shutil.which(compiler)
    if found is None:
        raise BuildFailed(f"no compiler {compiler!r}")
    return found


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _cpu() -> bytes:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor().encode()
    wanted = ("model name", "flags", "Features", "CPU part")
    seen = dict(line.split(":", 1) for line in lines if line.startswith(wanted) and ":" in line)
    return repr(sorted(seen.items())).encode()
