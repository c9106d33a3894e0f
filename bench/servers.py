"""Switch processes: ours and BMv2's, started, waited for and ended."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 60.0  # a switch may compile a program, on a busy machine
OURS = "p4vpc-switch"
BMV2 = "simple_switch_grpc"


class BenchError(Exception):
    """Something that should be measured did not work; the text is for the user."""


def executable(name: str) -> list[str]:
    """The words that start a switch."""
    return [sys.executable, "-m", "switch"] if name == OURS else [name]


def have_bmv2() -> bool:
    """Whether BMv2's switch is on PATH."""
    return shutil.which(BMV2) is not None


@contextmanager
def running(
    command: Sequence[str], ready: Callable[[subprocess.Popen[bytes]], bool], patience_s: float = PATIENCE_S
) -> Iterator[subprocess.Popen[bytes]]:
    """A process while the block runs, from when it is ready; BenchError with the end of its log when it dies."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + patience_s
            while not ready(process):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    words = log.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
                    raise BenchError(f"{' '.join(command)} did not start: {words[-1]}")
                time.sleep(0.02)
            yield process
        finally:
            _end(process)


def listens(namespace_pid: int, port: int) -> bool:
    """Whether something listens on a TCP port, in the network namespace of a process."""
    try:
        tables = [Path(f"/proc/{namespace_pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    except OSError:
        return False
    wanted = f":{port:04X}"
    sockets = [line.split() for table in tables for line in table.splitlines()[1:]]
    return any(words[1].endswith(wanted) and words[3] == "0A" for words in sockets)


def free_port() -> int:
    """A TCP port of the loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def compile_program(source: Path, folder: Path, *options: str) -> tuple[Path, Path]:
    """Compiles P4 with our compiler, so that both switches run the same JSON; returns JSON and P4Info."""
    config, info = folder / f"{source.stem}.json", folder / f"{source.stem}.p4info.txtpb"
    compiler = [sys.executable, "-m", "switch.p4c", *options]
    command = [*compiler, str(source), "-o", str(config), "--p4runtime-files", str(info)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if done.returncode:
        raise BenchError(f"{source.name} does not compile: {done.stderr[-500:]}")
    return config, info


def cpu_seconds(pid: int) -> float:
    """What a process has run so far, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """The memory that a process holds, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024 / 1e6


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
