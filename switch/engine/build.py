"""Compiling generated C with the system compiler, cached by content, compiler and CPU."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import resource
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import BuildFailed

RUNTIME = Path(__file__).parent / "runtime"
SOURCES = (
    "index.c",
    "entry.c",
    "trie.c",
    "blocks.c",
    "tuple.c",
    "table.c",
    "table_read.c",
    "profile.c",
    "cells.c",
    "events.c",
    "reclaim.c",
    "replication.c",
    "value_set.c",
    "algorithms.c",
    "engine.c",
    "process.c",
)
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-std=c11", "-D_GNU_SOURCE", "-fno-strict-aliasing")
# Hand-written code compiles without warnings; what a program makes of generated code is the program's business.
LENIENT = ("-w",)
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g", "-O1")


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to compile. `cache` None means the user's cache directory."""

    compiler: str = "cc"
    optimize: tuple[str, ...] = ("-O2", "-march=native")
    sanitize: bool = False
    cache: Path | None = None
    seconds: int = 120
    memory_bytes: int = 4 << 30


def build_engine(text: str, options: BuildOptions) -> Path:
    """The shared library for a generated translation unit; compiles it unless it is cached."""
    cache = open_cache(options.cache)
    flags = _flags(options)
    runtime = _runtime_object(cache, flags, options)
    key = _digest(text.encode(), runtime.name.encode(), *_headers())
    target = cache / f"engine-{key}.so"
    with _locked(cache, target.name):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                source, output = Path(scratch) / "program.c", Path(scratch) / "engine.so"
                source.write_text(text)
                paths = ["-shared", str(source), str(runtime), "-o", str(output)]
                _compile([*flags, *LENIENT, f"-I{RUNTIME}", *paths], options)
                output.replace(target)
    return target


def build_library(name: str, sources: Sequence[Path], options: BuildOptions, link: Sequence[str] = ()) -> Path:
    """A shared library of hand-written C, built and cached the same way."""
    cache = open_cache(options.cache)
    flags = _flags(options)
    own = (_identity(options.compiler), name.encode(), " ".join((*flags, *link)).encode())
    key = _digest(*own, *(path.read_bytes() for path in sources), *_headers())
    target = cache / f"{name}-{key}.so"
    with _locked(cache, target.name):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                output = Path(scratch) / "library.so"
                paths = [str(path) for path in sources]
                _compile([*flags, f"-I{RUNTIME}", "-shared", *paths, "-o", str(output), *link], options)
                output.replace(target)
    return target


def open_cache(wanted: Path | None) -> Path:
    """The cache directory, private to the user; BuildFailed when somebody else could write there."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = wanted if wanted is not None else base / "p4vpc" / "engine"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid() or info.st_mode & 0o022:
        raise BuildFailed(f"{path} is not a directory of this user alone")
    if info.st_mode & 0o077:
        path.chmod(0o700)
    return path


def _flags(options: BuildOptions) -> tuple[str, ...]:
    tuned = SANITIZE if options.sanitize else options.optimize
    return (*WARNINGS, *tuned, "-fPIC", "-fvisibility=hidden", "-pthread")


def _runtime_object(cache: Path, flags: tuple[str, ...], options: BuildOptions) -> Path:
    """The hand-written runtime as one relocatable object, compiled once for all programs."""
    sources = [RUNTIME / name for name in SOURCES]
    key = _digest(
        _identity(options.compiler), " ".join(flags).encode(), *(s.read_bytes() for s in sources), *_headers()
    )
    target = cache / f"runtime-{key}.o"
    with _locked(cache, target.name):
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                whole, output = Path(scratch) / "runtime.c", Path(scratch) / "runtime.o"
                whole.write_text("".join(f'#include "{name}"\n' for name in SOURCES))
                _compile([*flags, f"-I{RUNTIME}", "-c", str(whole), "-o", str(output)], options)
                output.replace(target)
    return target


def _headers() -> Iterator[bytes]:
    for path in sorted(RUNTIME.glob("*.h")):
        yield path.name.encode()
        yield path.read_bytes()


def _identity(compiler: str) -> bytes:
    """What tells one compiler and CPU from another."""
    found = shutil.which(compiler)
    if found is None:
        raise BuildFailed(f"no compiler {compiler!r}")
    info = os.stat(found)
    clean = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    version = subprocess.run([found, "--version"], capture_output=True, timeout=10, check=False, env=clean).stdout
    return b"\0".join([os.path.realpath(found).encode(), str(info.st_size).encode(), version, _cpu()])


def _cpu() -> bytes:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor().encode()
    wanted = ("model name", "flags", "Features", "CPU part")
    seen = dict(line.split(":", 1) for line in lines if line.startswith(wanted) and ":" in line)
    return repr(sorted(seen.items())).encode()


def _digest(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8))
        total.update(part)
    return total.hexdigest()[:40]


@contextmanager
def _locked(cache: Path, name: str) -> Iterator[None]:
    """Holds the lock of one cache entry, so that two processes do not compile the same thing at once."""
    with open(cache / f"{name}.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _compile(arguments: list[str], options: BuildOptions) -> None:
    compiler = shutil.which(options.compiler)
    if compiler is None:
        raise BuildFailed(f"no compiler {options.compiler!r}")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (options.seconds, options.seconds))
        resource.setrlimit(resource.RLIMIT_AS, (options.memory_bytes, options.memory_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    try:
        done = subprocess.run(
            [compiler, *arguments],
            capture_output=True,
            text=True,
            timeout=options.seconds,
            check=False,
            preexec_fn=limit,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired:
        raise BuildFailed(f"the compiler took longer than {options.seconds} s") from None
    if done.returncode != 0:
        raise BuildFailed(f"the compiler failed ({done.returncode}):\n{done.stderr[-8000:]}")
