"""Random and mutated packets through many programs built with sanitizers; a campaign that can be taken up again.

python -m tests.engine.fuzz --golden DIR --packets 1000000      every BMv2 JSON in DIR, and this project's programs

What is found goes to build/fuzz.jsonl as it comes; cases that stand there with the same program, engine and budget are
not run again. build/fuzz.md is the report. The exit code is 1 when anything was found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from switch.engine.build import RUNTIME
from switch.p4c.__main__ import main as p4c

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "build" / "fuzz.jsonl"
OWN = ("bench/*.p4", "tests/switch/*.p4", "tests/p4runtime/data/*.p4", "tests/conformance/**/*.p4")
VROUTER = (ROOT / "p4src" / "vrouter.p4", ROOT / "p4src" / "without_plugins")
GROUP = 20  # cases of one process
SECONDS = 1800  # for one process
TAIL = 3000  # characters kept of what a sanitizer says


def environment() -> dict[str, str]:
    """The environment in which a sanitized engine can be loaded."""
    found = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    return {
        **os.environ,
        "LD_PRELOAD": found.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1:malloc_context_size=12",
        "LSAN_OPTIONS": "exitcode=0",  # the interpreter leaks by design: only what names our code counts
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",
    }


def leaks(told: str) -> list[str]:
    """The lines of a leak report that name our C."""
    return [line.strip() for line in told.splitlines() if "p4e_" in line or " io_" in line]


@dataclass(frozen=True)
class Campaign:
    """Cases and their budget; `results` is where it stands."""

    packets: int
    mutants: int
    results: Path

    def key(self, path: Path) -> str:
        """Equal for runs that would do the same."""
        digest = hashlib.sha256(f"{self.packets} {self.mutants}".encode())
        for part in (path, *sorted(RUNTIME.iterdir()), *sorted((RUNTIME.parent / "codegen").glob("*.py"))):
            digest.update(part.read_bytes())
        return digest.hexdigest()[:16]

    def known(self) -> dict[str, dict]:
        """What was found before, by case."""
        if not self.results.exists():
            return {}
        return {found["case"]: found for found in map(json.loads, self.results.read_text().splitlines())}

    def run(self, paths: Sequence[Path]) -> list[dict]:
        """Runs what has not been run; returns what was found for all."""
        self.results.parent.mkdir(exist_ok=True)
        known = self.known()
        keys = {path.stem: self.key(path) for path in paths}
        left = [path for path in paths if known.get(path.stem, {}).get("key") != keys[path.stem]]
        while left:
            done = 0
            for found in self._process(left[:GROUP]):
                found["key"] = keys[found["case"]]
                known[found["case"]] = found
                with self.results.open("a") as file:
                    file.write(json.dumps(found) + "\n")
                done += 1
                print(f"{found['case']}: {_words(found)}", flush=True)
            left = left[max(done, 1) :]
        return [known[path.stem] for path in paths if path.stem in known]

    def _process(self, paths: Sequence[Path]) -> Iterator[dict]:
        """What one process finds: a line for each case until one ends it."""
        command = [sys.executable, "-m", "tests.engine.fuzz_worker", str(self.packets), str(self.mutants)]
        with tempfile.TemporaryFile("w+") as told:
            process = subprocess.Popen(
                [*command, *map(str, paths)],
                cwd=ROOT,
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=told,
                text=True,
            )
            assert process.stdout is not None
            current, last = None, {}
            for line in process.stdout:
                found = json.loads(line) if line.startswith("{") else {}
                if "begin" in found:
                    current = found["begin"]
                elif found:
                    yield found
                    current, last = None, found
            code = process.wait(SECONDS)
            told.seek(0)
            text = told.read()
            if current is not None:
                yield {"case": current, "crash": code, "told": text[-TAIL:]}
            elif leaks(text):
                yield {**last, "leaks": leaks(text)[:20]}


def _words(found: dict) -> str:
    if "crash" in found:
        return f"FOUND: the process ended with {found['crash']}\n{found['told']}"
    if "leaks" in found:
        return f"FOUND: leaks in this or one of the cases before it\n{found['leaks']}"
    if "error" in found:
        return f"does not load: {found['error']}"
    return f"{found['packets']:,} packets, {found['out']:,} came out, in {found['run_s']} s"


def report(results: Sequence[dict], packets: int) -> str:
    """The campaign as a page."""
    ran = [found for found in results if found.get("packets")]
    bad = [found for found in results if "crash" in found or "leaks" in found]
    refused = [found for found in results if "error" in found]
    mutants = sum(found.get("refused", 0) + found.get("generated", 0) for found in results)
    lines = [
        "# Fuzzing the engine",
        "",
        f"{len(ran)} programs, {packets:,} packets each, {sum(found['packets'] for found in ran):,} in all; "
        f"{sum(found['out'] for found in ran):,} came out. {mutants:,} spoiled programs, "
        f"{sum(found.get('refused', 0) for found in results):,} refused by name. "
        f"{len(refused)} programs do not load. Found: {len(bad)}.",
        "",
        *(f"- {found['case']}: {_words(found)}" for found in (*bad, *refused)),
    ]
    return "\n".join(lines) + "\n"


def own_programs(folder: Path) -> list[Path]:
    """This project's programs, compiled into `folder`."""
    sources = sorted({path for pattern in OWN for path in ROOT.glob(pattern)})
    targets: list[Path] = []
    for source, includes in (*((path, path.parent) for path in sources), VROUTER):
        target = folder / f"own-{source.parent.name}-{source.stem}.json"
        if p4c([str(source), "-I", str(includes), "-o", str(target)]) in (0, None):
            targets.append(target)
    return targets


def main() -> int:
    """Runs the campaign and writes its report."""
    parser = argparse.ArgumentParser(prog="python -m tests.engine.fuzz", description=__doc__)
    parser.add_argument("--golden", type=Path, action="append", default=[], help="a folder of BMv2 JSON")
    parser.add_argument("--packets", type=int, default=1_000_000, help="for each program")
    parser.add_argument("--mutants", type=int, default=20, help="spoiled copies of each program that are read")
    parser.add_argument("--results", type=Path, default=OUTPUT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = own_programs(Path(folder))
        paths += [path for golden in given.golden for path in sorted(golden.glob("*.json"))]
        results = Campaign(given.packets, given.mutants, given.results).run(paths)
    text = report(results, given.packets)
    given.results.with_suffix(".md").write_text(text)
    print(text)
    return int(any("crash" in found or "leaks" in found for found in results))


if __name__ == "__main__":
    sys.exit(main())
