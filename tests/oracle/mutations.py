"""Broken trackers: small changes to the P4 of flow tracking, each of which the oracle has to notice.

A mutant is one token changed, or one statement gone, in the files that decide about flows. Those in seeded.toml are
chosen: each breaks a rule that matters. Others are drawn at random, for a survey of what the sequences can tell apart.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from switch.engine.build import BuildOptions

from .explain import Model
from .ours import SOURCES, OracleError, Ours, compile_tracker
from .packets import Sequence
from .verdicts import Verdict

UNCONCERNED = ("flow_control.p4", "flow_meta.p4", "flow_packets.p4", "flow_sweep.p4")  # no packet's fate
QUICKLY_BUILT = BuildOptions(optimize=("-O1",))
_OPERATORS = (
    (r"==", "!="), (r"!=", "=="), (r"&&", "||"), (r"\|\|", "&&"), (r"\bafter\(", "before("), (r"\bbefore\(", "after("),
    (r" - 1\b", ""), (r" \+ 1\b", ""), (r">=", ">"), (r"<=", "<"), (r" > ", " >= "), (r" < ", " <= "), (r"<<", ">>"),
    (r"\.sender\b", ".receiver"), (r"\.receiver\b", ".sender"), (r"= 1;", "= 0;"), (r"= 0;", "= 1;"),
    (r"^ +meta\.(state|track)\.[\w.]+ = [^{}]*;$", ""), (r"\bif \((?!.*\belse\b)", "if (false && "),
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: in a file below p4src, the text of a line and what it becomes."""

    file: str
    line: int  # from 1
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.before.strip()!r} --> {self.after.strip()!r}"


def lines_of(sources: Path = SOURCES) -> Iterator[Mutant]:
    """Each line of flow tracking, as it is."""
    for path in sorted(sources.glob("*/flow_*.p4")):
        if path.name not in UNCONCERNED:
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                yield Mutant(str(path.relative_to(sources)), number, line, line)


def candidates(sources: Path = SOURCES) -> Iterator[Mutant]:
    """All mutants there are, in order."""
    for place in lines_of(sources):
        code = place.before.partition("//")[0].rstrip()
        if not code or code.lstrip().startswith(("#", "const", "control", "action", "register", "bit<")):
            continue
        for pattern, replacement in _OPERATORS:
            for match in re.finditer(pattern, code):
                yield replace(place, after=code[: match.start()] + replacement + code[match.end() :])


def drawn(seed: int, count: int, sources: Path = SOURCES) -> list[Mutant]:
    """Some of them, by chance."""
    every = list(candidates(sources))
    return Random(seed).sample(every, min(count, len(every)))


def compiled(mutant: Mutant, model: Model, folder: Path, pairs: int, origin: Path = SOURCES) -> Ours | None:
    """The tracker with the change; None if it does not compile."""
    sources = folder / "p4src"
    shutil.copytree(origin, sources)
    target = sources / mutant.file
    lines = target.read_text().splitlines()
    if lines[mutant.line - 1] != mutant.before:
        raise OracleError(f"{mutant.file} has changed since the mutant was made")
    lines[mutant.line - 1] = mutant.after
    target.write_text("\n".join(lines) + "\n")
    try:
        program = compile_tracker(sources, folder)
    except subprocess.CalledProcessError:
        return None
    return Ours(program, model.timeouts, loose=model.loose, pairs=pairs, options=QUICKLY_BUILT)


def caught_by(mutant: Ours, sequences: list[Sequence], specified: list[list[Verdict]]) -> int | None:
    """The index of the first sequence that the mutant judges otherwise than specified."""
    try:
        judged = mutant.run(sequences)
    except OracleError:
        return 0  # packets dropped for a reason that tracking does not have
    pairs = zip(judged, specified, strict=True)
    return next((index for index, (ours, right) in enumerate(pairs) if ours != right), None)
