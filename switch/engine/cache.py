"""The cache of compiled code: private to the user, keyed by content, locked per key, pruned by age and size."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import BuildFailed

LOCKS = "lock-"  # so many lock files as a hexadecimal byte has values; they are never removed, for others may wait
MAX_AGE_S = 30 * 86400
MAX_BYTES = 1 << 30
IN_USE_S = 3600  # what was asked for so recently stays, whatever the size


def open_cache(wanted: Path | None) -> Path:
    """The cache directory, private to the user; BuildFailed when somebody else could write there."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = wanted if wanted is not None else base / "p4vpc" / "engine"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BuildFailed(f"no cache directory {path}: {error.strerror}") from None
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid() or info.st_mode & 0o022:
        raise BuildFailed(f"{path} is not a directory of this user alone")
    if info.st_mode & 0o077:
        path.chmod(0o700)
    return path


def digest(*parts: bytes) -> str:
    """A key of everything that a compiled file depends on."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8))
        total.update(part)
    return total.hexdigest()[:40]


@contextmanager
def entry(target: Path) -> Iterator[bool]:
    """Holds the lock of one cache entry; says whether it must be made, and prunes the cache when it was.

    So two processes do not compile the same thing at once. The entry counts as used now.
    """
    stripe = hashlib.sha256(target.name.encode()).hexdigest()[:2]
    with open(target.parent / f"{LOCKS}{stripe}", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        missing = not target.exists()
        if not missing:
            os.utime(target)
        yield missing
    if missing:
        prune(target.parent)


def prune(cache: Path, max_age_s: float = MAX_AGE_S, max_bytes: int = MAX_BYTES) -> None:
    """Removes what nobody asked for in `max_age_s`, then the least recently used beyond `max_bytes`."""
    now, found = time.time(), []
    for path in cache.iterdir():
        with suppress(FileNotFoundError):  # another process prunes too
            info = path.lstat()
            if path.name.startswith(LOCKS):
                continue
            if stat.S_ISDIR(info.st_mode):  # what a killed compiler left
                if now - info.st_mtime > IN_USE_S:
                    shutil.rmtree(path, ignore_errors=True)
            else:
                found.append((info.st_mtime, info.st_size, path))
    kept = 0
    for used, size, path in sorted(found, reverse=True):
        kept += size
        if now - used > max_age_s or (kept > max_bytes and now - used > IN_USE_S):
            path.unlink(missing_ok=True)
