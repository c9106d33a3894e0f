"""Runs cases built with sanitizers: packets mutated in C, a control thread beside, and spoiled JSON.

python -m tests.engine.fuzz_worker PACKETS MUTANTS CASE.json...        with libasan preloaded, as tests.engine.fuzz does

Prints a line of JSON before and after each case; a sanitizer ends the process.
"""

from __future__ import annotations

import ctypes
import json
import random
import struct
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from switch.engine import ActionCall, BadConfig, BuildFailed, BuildOptions, Engine
from switch.engine.build import build_library, open_library
from switch.engine.codegen import generate
from switch.engine.program import read_program

from .churn import Churn
from .spoil import spoiled
from .walker import Walker

CPU_PORT = 255
DRIVER = Path(__file__).parent / "fuzz_driver.c"
SANITIZED = BuildOptions(sanitize=True)
SEED = struct.Struct("<III")
CHUNKS = 20  # the walker makes new packets for each
SEEDS = 150  # in a chunk
WARM_UP = 60  # control operations before the first packet
PAUSE_S = 0.002  # between control operations
MOST = 8192  # bytes of a seed


@dataclass(frozen=True)
class Case:
    """A program, entries that make it work, and packets that get through it, all bytes in hexadecimal."""

    name: str
    config: str
    entries: tuple[tuple[str, str, str | None, int, str, str], ...] = ()  # table, key, mask, priority, action, data
    packets: tuple[tuple[int, str], ...] = ()

    def save(self, folder: Path) -> Path:
        """Writes the case to a file in `folder`."""
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(asdict(self)))
        return path


def load(path: Path) -> Case:
    """A case that was saved, or a bare program in BMv2 JSON."""
    found = json.loads(path.read_text())
    return Case(**found) if "config" in found else Case(path.stem, path.read_text())


class Runner:
    """The C driver, and one program under it."""

    def __init__(self, engine: Engine, case: Case, seed: int) -> None:
        self._engine = engine
        self._case = case
        self._rng = random.Random(seed)
        self._walker = Walker(engine.program, case.config, self._rng)
        own = random.Random(seed + 1)
        self._churn = Churn(engine, Walker(engine.program, case.config, own), own)
        self._driver = open_library(build_library("fuzz", [DRIVER], SANITIZED))
        self._driver.fuzz_run.restype = ctypes.c_uint64
        self._run = ctypes.cast(engine.library.p4e_run, ctypes.c_void_p)
        self._stop = threading.Event()
        self._failed: list[BaseException] = []

    def run(self, packets: int) -> int:
        """Runs so many packets and returns how many came out."""
        for table, key, mask, priority, action, data in self._case.entries:
            call, bits = ActionCall(action, bytes.fromhex(data)), None if mask is None else bytes.fromhex(mask)
            self._engine.tables[table].insert(bytes.fromhex(key), bits, priority, call)
        for _ in range(WARM_UP):
            self._churn.step()
        control = threading.Thread(target=self._control)
        control.start()
        out = 0
        try:
            for _ in range(CHUNKS):
                out += self._chunk(packets // CHUNKS)
        finally:
            self._stop.set()
            control.join()
        for error in self._failed:
            raise error
        return out

    def _chunk(self, packets: int) -> int:
        seeds = [(port, bytes.fromhex(data)[:MOST]) for port, data in self._case.packets]
        walked = SEEDS if not seeds else SEEDS // 2
        ports = (0, 1, 2, 3, CPU_PORT, self._rng.randrange(512))
        seeds += [(self._rng.choice(ports), self._walker.packet()[:MOST]) for _ in range(walked)]
        records, at = [], 0
        for port, data in seeds:
            records.append(SEED.pack(port, len(data), at))
            at += len(data)
        out = self._driver.fuzz_run(
            self._run,
            ctypes.c_void_p(self._engine.pointer),
            b"".join(records),
            ctypes.c_uint32(len(seeds)),
            b"".join(data for _, data in seeds),
            ctypes.c_uint64(packets),
            ctypes.c_uint64(self._rng.getrandbits(64)),
        )
        self._engine.poll_events()
        return int(out)

    def _control(self) -> None:
        try:
            while not self._stop.is_set():
                self._churn.step()
                time.sleep(PAUSE_S)
        except BaseException as error:
            self._failed.append(error)


def check_law(engine: Engine, name: str) -> None:
    """Raises unless every packet is accounted for."""
    stats = engine.stats()
    dropped = sum(value for key, value in stats.items() if key.startswith("dropped_"))
    if stats["in"] + stats["generated"] != stats["out"] + stats["to_cpu"] + stats["consumed"] + dropped:
        raise AssertionError(f"{name}: packets are not accounted for: {stats}")


def spoil(case: Case, mutants: int, seed: int = 3) -> tuple[int, int]:
    """Reads mutants of the program; returns how many were refused, and how many became C."""
    rng, root, refused = random.Random(seed), json.loads(case.config), 0
    for _ in range(mutants):
        text = json.dumps(spoiled(root, rng))
        try:
            generate(read_program(text))
        except BadConfig:
            refused += 1
    return refused, mutants - refused


def run(case: Case, packets: int, mutants: int, seed: int = 7) -> dict:
    """Everything for one case; returns figures."""
    start = time.monotonic()
    refused, generated = spoil(case, mutants)
    found = {"case": case.name, "refused": refused, "generated": generated, "packets": 0, "out": 0}
    try:
        engine = Engine(case.config, cpu_port=CPU_PORT, seed=seed, options=SANITIZED)
    except (BadConfig, BuildFailed) as error:
        return {**found, "error": str(error)[:200]}
    with engine:
        built = time.monotonic()
        out = Runner(engine, case, seed).run(packets)
        check_law(engine, case.name)
        taken = {"build_s": round(built - start, 1), "run_s": round(time.monotonic() - built, 1)}
        return {**found, "packets": engine.stats()["in"], "out": out, **taken}


def main(packets: int, mutants: int, paths: list[Path]) -> None:
    """Runs all cases and says so."""
    for path in paths:
        print(json.dumps({"begin": path.stem}), flush=True)
        print(json.dumps(run(load(path), packets, mutants)), flush=True)
    print("clean", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
