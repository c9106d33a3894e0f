"""Writes the compiler's results: all files or none, each at once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_all(files: Mapping[Path, bytes]) -> None:
    """Writes each file beside its place and then moves all to their places; raises OSError, with nothing moved."""
    staged: list[tuple[Path, Path]] = []
    try:
        for path, content in files.items():
            _make_folder(path.parent)
            if path.is_dir():
                raise IsADirectoryError(21, "is a directory", str(path))
            if path.exists() and not path.is_file():  # a device or pipe: written to, not replaced
                path.write_bytes(content)
            else:
                staged.append((_stage(path, content), path))
        for temporary, path in staged:
            os.replace(temporary, path)
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as problem:
        raise NotADirectoryError(problem.errno, "is no folder", problem.filename) from problem


def _stage(path: Path, content: bytes) -> Path:
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as problem:  # the user knows the file, not what was to stand beside it
        raise OSError(problem.errno, problem.strerror, str(path)) from problem
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
