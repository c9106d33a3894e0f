"""Folders to work in that do not pile up: what a killed process left behind, the next one removes."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_YOUNG = 60.0  # seconds in which a folder without a lock may be one that is about to be locked


@contextmanager
def workspace(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder PARENT/PREFIX..., removed at the end of the block, or by the next call when this process is killed.

    The kernel holds a lock on it as long as the process lives.
    """
    _clear(parent, prefix)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _clear(parent: Path, prefix: str) -> None:
    for folder in parent.glob(f"{prefix}*"):
        with suppress(OSError):  # somebody else's, or removed meanwhile
            if folder.is_dir() and time.time() - folder.stat().st_mtime > _YOUNG and not _is_locked(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_locked(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
