"""Namespaces of one's own: whatever happens inside vanishes with the process, by the kernel's hand.

A region's interfaces live in a network namespace that only its processes hold, and its processes in a PID namespace
whose first one dies when the parent does; temporary files lie in memory that is mounted for them only. So a kill at any
moment, SIGKILL too, leaves no interface, namespace, process or temporary file.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

_MARK = "P4VPC_SANDBOX"
_SCRATCH = "/dev/shm"  # where the private tmpfs is mounted; short, because paths of Unix sockets are at most 107 bytes
_MOUNT = f'mount -t tmpfs -o mode=1777 p4vpc {_SCRATCH} && exec "$@"'


def inside() -> bool:
    """Whether this process runs in a sandbox already."""
    return os.environ.get(_MARK) == "1"


def command(argv: Sequence[str]) -> list[str]:
    """The command line that runs `argv` in a sandbox; needs root."""
    unshare = ["unshare", "--net", "--pid", "--mount", "--ipc", "--uts", "--fork", "--kill-child=KILL", "--mount-proc"]
    return [*unshare, "sh", "-c", _MOUNT, "sandbox", "env", f"{_MARK}=1", f"TMPDIR={_SCRATCH}", *argv]


def enter(module: str, argv: Sequence[str]) -> None:
    """Replaces this process by the same module in a sandbox; returns at once when it is in one."""
    if inside():
        # The first process of a PID namespace gets only the signals that it handles.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        return
    if os.geteuid() != 0:
        sys.exit("p4vpc: namespaces need root; run this with sudo")
    line = command([sys.executable, "-m", module, *argv])
    os.execvp(line[0], line)
