"""Compiling generated C with the system compiler, cached by content, compiler and CPU."""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import cache as caching
from .compiler import identity, run_compiler
from .errors import BuildFailed

RUNTIME = Path(__file__).parent / "runtime"
SOURCES = (
    "index.c",
    "entry.c",
    "trie.c",
    "blocks.c",
    "stab.c",
    "ranged.c",
    "tuple.c",
    "table.c",
    "table_read.c",
    "profile.c",
    "cells.c",
    "pages.c",
    "registers.c",
    "events.c",
    "reclaim.c",
    "replication.c",
    "value_set.c",
    "algorithms.c",
    "engine.c",
    "adopt.c",
    "process.c",
)
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-std=c11", "-D_GNU_SOURCE", "-fno-strict-aliasing")
# Hand-written code compiles without warnings; what a program makes of generated code is the program's business.
LENIENT = ("-w",)
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g", "-O1")


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to compile, and what the compiler may use. `cache` None means the user's cache directory."""

    compiler: str = "cc"
    optimize: tuple[str, ...] = ("-O2", "-march=native")
    sanitize: bool = False
    trace: bool = False  # code that can explain a packet; slower
    cache: Path | None = None
    seconds: int = 120
    memory_bytes: int = 4 << 30


def build_engine(text: str, options: BuildOptions) -> Path:
    """The shared library for a generated translation unit; compiles it unless it is cached."""
    cache = caching.open_cache(options.cache)
    flags = (*_flags(options), *LENIENT, *(("-DP4E_TRACE",) if options.trace else ()))
    runtime = _runtime_object(cache, options)
    key = caching.digest(text.encode(), runtime.name.encode(), " ".join(flags).encode(), *_headers())
    target = cache / f"engine-{key}.so"
    with caching.entry(target) as missing:
        if missing:
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                source = Path(scratch) / "program.c"
                source.write_text(text)
                _compile([*flags, f"-I{RUNTIME}", "-shared", str(source), str(runtime)], target, options)
    return target


def build_library(name: str, sources: Sequence[Path], options: BuildOptions, link: Sequence[str] = ()) -> Path:
    """A shared library of hand-written C, built and cached the same way."""
    cache = caching.open_cache(options.cache)
    flags = _flags(options)
    own = (identity(options.compiler), name.encode(), " ".join((*flags, *link)).encode())
    beside = sorted({header for path in sources for header in path.parent.glob("*.h")})
    key = caching.digest(*own, *(path.read_bytes() for path in (*sources, *beside)), *_headers())
    target = cache / f"{name}-{key}.so"
    with caching.entry(target) as missing:
        if missing:
            _compile([*flags, f"-I{RUNTIME}", "-shared", *map(str, sources)], target, options, link)
    return target


def open_library(path: Path) -> ctypes.CDLL:
    """Loads what was built; its calls release the GIL and keep errno.

    A file that cannot be loaded leaves the cache, so that the next call compiles it anew; raises BuildFailed.
    """
    try:
        return ctypes.CDLL(str(path), use_errno=True)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise BuildFailed(f"the compiled code cannot be loaded: {error}") from None


def _flags(options: BuildOptions) -> tuple[str, ...]:
    tuned = SANITIZE if options.sanitize else options.optimize
    return (*WARNINGS, *tuned, "-fPIC", "-fvisibility=hidden", "-pthread")


def _runtime_object(cache: Path, options: BuildOptions) -> Path:
    """The hand-written runtime as one relocatable object, compiled once for all programs."""
    flags = _flags(options)
    sources = [(RUNTIME / name).read_bytes() for name in SOURCES]
    key = caching.digest(identity(options.compiler), " ".join(flags).encode(), *sources, *_headers())
    target = cache / f"runtime-{key}.o"
    with caching.entry(target) as missing:
        if missing:
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                whole = Path(scratch) / "runtime.c"
                whole.write_text("".join(f'#include "{name}"\n' for name in SOURCES))
                _compile([*flags, f"-I{RUNTIME}", "-c", str(whole)], target, options)
    return target


def _headers() -> Iterator[bytes]:
    for path in sorted(RUNTIME.glob("*.h")):
        yield path.name.encode()
        yield path.read_bytes()


def _compile(arguments: Sequence[str], target: Path, options: BuildOptions, link: Sequence[str] = ()) -> None:
    """Compiles into `target`, which appears whole or not at all."""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        output = Path(scratch) / target.name
        command = [*arguments, "-o", str(output), *link]
        run_compiler(options.compiler, command, options.seconds, options.memory_bytes)
        output.replace(target)
