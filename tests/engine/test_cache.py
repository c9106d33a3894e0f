"""The compiler and the cache: keys, limits, privacy, damage, pruning."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from switch.engine import BuildFailed, BuildOptions, Engine
from switch.engine.build import RUNTIME, build_engine, build_library, open_library
from switch.engine.cache import entry, prune
from switch.engine.codegen import generate
from switch.engine.compiler import run_compiler
from switch.engine.program import read_program

from .programs import reflector

TEXT = generate(read_program(reflector().text())).text
QUICK = ("-O0",)
SLEEPER = '#!/bin/sh\nif [ "$1" = --version ]; then echo 1; exit; fi\nsleep 60 &\necho $! > PIDFILE\nwait\n'


def script(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_the_cache_is_used_and_private(tmp_path: Path) -> None:
    options = BuildOptions(cache=tmp_path / "cache", optimize=QUICK)
    first = build_engine(TEXT, options)
    number = first.stat().st_ino
    assert build_engine(TEXT, options) == first
    assert first.stat().st_ino == number
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    assert build_engine(TEXT + "\n", options) != first


def test_a_cache_that_others_may_write_is_refused(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    with pytest.raises(BuildFailed, match="alone"):
        build_engine("", BuildOptions(cache=cache))


def test_a_compiler_that_fails_or_is_missing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="compiler failed"):
        build_engine("this is no C", BuildOptions(cache=tmp_path / "a"))
    with pytest.raises(BuildFailed, match="no compiler"):
        build_engine("", BuildOptions(cache=tmp_path / "b", compiler="no-such-compiler"))


def wrapped_compiler(tmp_path: Path, version: str) -> BuildOptions:
    """The system compiler under another name and version."""
    text = f'#!/bin/sh\n[ $1 = --version ] && echo {version} && exit\nexec cc "$@"\n'
    return BuildOptions(cache=tmp_path / "cache", optimize=QUICK, compiler=script(tmp_path / "mycc", text))


def test_another_compiler_or_another_version_of_it_compiles_anew(tmp_path: Path) -> None:
    sources, plain = [RUNTIME / "io_frame.c"], BuildOptions(cache=tmp_path / "cache", optimize=QUICK)
    one, other = build_library("frame", sources, plain), build_engine(TEXT, plain)

    for version in ("one", "two"):
        options = wrapped_compiler(tmp_path, version)
        assert build_library("frame", sources, options) != one
        assert build_engine(TEXT, options) != other
    assert len(list((tmp_path / "cache").glob("frame-*.so"))) == 3


def test_another_cpu_compiles_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources, options = [RUNTIME / "io_frame.c"], BuildOptions(cache=tmp_path / "cache", optimize=QUICK)
    one, other = build_library("frame", sources, options), build_engine(TEXT, options)

    monkeypatch.setattr("switch.engine.compiler._cpu", lambda: b"another")

    assert build_library("frame", sources, options) != one
    assert build_engine(TEXT, options) != other


def test_a_compiler_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    compiler = script(tmp_path / "slow", SLEEPER.replace("PIDFILE", str(pid)))

    start = time.monotonic()
    with pytest.raises(BuildFailed, match="longer than 1 s"):
        run_compiler(compiler, ["x.c"], seconds=1, memory_bytes=1 << 30)

    assert time.monotonic() - start < 10
    state = Path("/proc", pid.read_text().strip(), "stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] in "ZX"


def test_a_compiler_that_wants_too_much_memory_fails(tmp_path: Path) -> None:
    (tmp_path / "big.c").write_text("char big[] = {" + "1," * 2_000_000 + "};")

    with pytest.raises(BuildFailed, match="compiler failed"):
        run_compiler("cc", ["-c", str(tmp_path / "big.c"), "-o", str(tmp_path / "big.o")], 60, 100 << 20)


def test_programs_compile_in_several_threads_at_once(tmp_path: Path) -> None:
    options, made = BuildOptions(cache=tmp_path / "cache", optimize=QUICK), []
    threads = [threading.Thread(target=lambda: made.append(build_engine(TEXT, options))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 4
    assert len(set(made)) == 1


def test_code_that_cannot_be_loaded_is_reported_and_compiled_anew(tmp_path: Path) -> None:
    options = BuildOptions(cache=tmp_path / "cache", optimize=QUICK)
    path = build_engine(TEXT, options)
    path.write_bytes(b"no library")

    with pytest.raises(BuildFailed, match="cannot be loaded"):
        Engine(reflector().text(), options=options)

    with Engine(reflector().text(), options=options) as engine:
        assert engine.process(0, b"x") == [(1, b"x")]


def test_a_library_that_cannot_be_loaded_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="cannot be loaded"):
        open_library(tmp_path / "none.so")


def aged(path: Path, days: float, size: int = 1) -> Path:
    path.write_bytes(bytes(size))
    os.utime(path, (now := time.time() - days * 86400, now))
    return path


def test_what_nobody_asked_for_in_a_long_time_leaves_the_cache(tmp_path: Path) -> None:
    old, young, lock = (aged(tmp_path / name, days) for name, days in (("a.so", 31), ("b.so", 29), ("lock-00", 99)))

    prune(tmp_path)

    assert (old.exists(), young.exists(), lock.exists()) == (False, True, True)


def test_a_cache_that_is_too_big_loses_what_was_used_least_recently(tmp_path: Path) -> None:
    files = [aged(tmp_path / f"{days}.so", days, 1000) for days in (0, 1, 2, 3)]

    prune(tmp_path, max_bytes=2500)

    assert [path.exists() for path in files] == [True, True, False, False]


def test_what_was_just_used_stays_even_in_a_cache_that_is_too_big(tmp_path: Path) -> None:
    files = [aged(tmp_path / f"{days}.so", days, 1000) for days in (0, 0.001)]

    prune(tmp_path, max_bytes=10)

    assert [path.exists() for path in files] == [True, True]


def test_what_a_killed_compiler_left_goes(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    aged(tmp_path / "scratch" / "program.c", 1)
    os.utime(tmp_path / "scratch", (now := time.time() - 86400, now))

    prune(tmp_path)

    assert not (tmp_path / "scratch").exists()


def test_an_entry_that_is_asked_for_counts_as_used(tmp_path: Path) -> None:
    path = aged(tmp_path / "a.so", 29)

    with entry(path) as missing:
        assert not missing

    assert time.time() - path.stat().st_mtime < 60
