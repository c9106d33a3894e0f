"""Programs, packet I/O and mutated JSON under the sanitizers: a small budget of what `tests.engine.fuzz` can run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from controller.loader import discover
from switch.engine import ActionCall
from switch.p4c.__main__ import main as p4c
from topologies import programs
from topologies.lab import Lab
from topologies.lab_switch import LabSwitch
from topologies.packets import ping, tcp, udp
from topologies.region import load_region

from . import test_externs, test_life, test_parser
from .fuzz import environment, leaks
from .fuzz_worker import Case
from .programs import router

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "tests" / "pipeline" / "plugins"
PACKETS = "50000"  # for each program
MUTANTS = "5"
SMALL = {
    "simple-router": router,
    "life": test_life.program,
    "externs": test_externs.program,
    "stack": test_parser.stack_program,
    "varbit": test_parser.varbit_program,
}


def sanitized(module: str, *arguments: str) -> str:
    """Runs a module with the sanitizers' runtime preloaded; returns what it printed."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        command, env=environment(), cwd=ROOT, capture_output=True, text=True, check=False, timeout=250
    )
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert done.stdout.endswith("clean\n")
    assert leaks(done.stderr) == []
    return done.stdout


def vrouter_case() -> Case:
    """The vrouter with plugins, the entries of a region's first switch, and packets that it saw."""
    # Not veto: like tollgate's, its action is called refuse, and finsy trips over aliases of three parts.
    plugins = [plugin for plugin in discover(PLUGINS) if plugin.name != "veto"]
    with Lab(load_region("two_hosts"), plugins) as lab:
        seen: list[tuple[int, str]] = []
        switch: LabSwitch = lab.switches["alpha"]
        process = switch.process

        def watched(port: int, frame: bytes) -> list[tuple[int, bytes]]:
            seen.append((port, frame.hex()))
            return process(port, frame)

        switch.process = watched  # type: ignore[method-assign]
        there, back = "10.0.1.6:4000 > 10.0.1.5:53", "10.0.1.5:53 > 10.0.1.6:4000"
        for instance, path in (("client", there), ("web", back)):
            lab.send(instance, udp(path))
            lab.send(instance, tcp(path))
        lab.send("client", ping("10.0.1.6 > 10.0.1.5"))
        lab.send("web", ping("10.0.1.5 > 10.0.1.6"))
        lab.ask_mac("web", "10.0.1.1")
        entries = tuple(
            (name, entry.key.hex(), entry.mask.hex(), entry.priority, entry.action.action, entry.action.data.hex())
            for name, table in switch._running().tables.items()
            if table.spec.entries is None
            for entry in table.entries()
            if isinstance(entry.action, ActionCall)
        )
        return Case("vrouter", programs.compiled("vrouter", plugins).blob.decode(), entries, tuple(seen))


def compiled(path: Path, folder: Path) -> Case:
    """A program in P4."""
    target = folder / f"compiled_{path.stem}.json"
    assert p4c([str(path), "-o", str(target)]) in (0, None)
    return Case(path.stem, target.read_text())


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """All programs of the budget, saved."""
    folder = tmp_path_factory.mktemp("cases")
    found = [Case(name, make().text()) for name, make in SMALL.items()]
    found += [vrouter_case(), compiled(ROOT / "bench" / "router.p4", folder)]
    found.append(compiled(ROOT / "tests" / "p4runtime" / "data" / "everything.p4", folder))
    return [case.save(folder) for case in found]


def test_random_packets_and_updates_find_nothing(cases: list[Path]) -> None:
    told = sanitized("tests.engine.fuzz_worker", PACKETS, MUTANTS, *map(str, cases))

    assert '"error"' not in told
    assert '"out": 0' not in told


def test_segmentation_queues_and_the_packet_thread_find_nothing() -> None:
    told = sanitized("tests.engine.fuzz_io", "4")

    assert " 0 segments" not in told
    assert " 0 records" not in told
