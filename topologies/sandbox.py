"""Namespaces of one's own: whatever happens inside vanishes with the process, by the kernel's hand.

A region's interfaces live in a network namespace that only its processes hold, and its processes in a PID namespace
whose first one dies when the parent does; temporary files lie in memory that is mounted for them only. So a kill at any
moment, SIGKILL too, leaves no interface, namespace, process or temporary file.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

_MARK = "P4VPC_SANDBOX"
_LISTENER = "P4VPC_LISTENER"  # the descriptor of a socket that was made outside
_SCRATCH = "/dev/shm"  # where the private tmpfs is mounted; short, because paths of Unix sockets are at most 107 bytes
_MOUNT = f'mount -t tmpfs -o mode=1777 p4vpc {_SCRATCH} && exec "$@"'


def inside() -> bool:
    """Whether this process runs in a sandbox already."""
    return os.environ.get(_MARK) == "1"


def command(argv: Sequence[str]) -> list[str]:
    """The command line that runs `argv` in a sandbox; needs root."""
    unshare = ["unshare", "--net", "--pid", "--mount", "--ipc", "--uts", "--fork", "--kill-child=KILL", "--mount-proc"]
    return [*unshare, "sh", "-c", _MOUNT, "sandbox", "env", f"{_MARK}=1", f"TMPDIR={_SCRATCH}", *argv]


def enter(module: str, argv: Sequence[str], *, port: int | None = None) -> socket.socket | None:
    """Runs the same module in a sandbox and exits with what it gave; returns at once when it is in one.

    This process stays as the parent: its end, by whatever signal, is the end of the sandbox. With `port`, what is
    returned listens on that TCP port of the loopback interface outside, or on a free one when it is taken.
    """
    if inside():
        # The first process of a PID namespace gets only the signals that it handles.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        return socket.socket(fileno=int(os.environ.pop(_LISTENER))) if _LISTENER in os.environ else None
    if os.geteuid() != 0:
        sys.exit("p4vpc: namespaces need root; run this with sudo")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the sandbox as well, which answers it
    environment, kept = dict(os.environ), ()
    if port is not None:
        listener = _listening(port)
        environment[_LISTENER], kept = str(listener.fileno()), (listener.fileno(),)
    child = subprocess.Popen(
        command([sys.executable, "-m", module, *argv]), env=environment, pass_fds=kept, preexec_fn=_die_with_parent
    )
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: child.kill())
    status = child.wait()
    sys.exit(128 - status if status < 0 else status)


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


def _die_with_parent() -> None:
    """In the child: be killed when the parent is (prctl PR_SET_PDEATHSIG), and answer Ctrl-C again."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
