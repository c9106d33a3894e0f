"""python -m tests.oracle --sequences 100000 --seed 1

Puts seeded random packet sequences through the vrouter's flow tracking and through Linux nf_conntrack, and explains every
difference. Exits with 1 when one is left. Needs root for the kernel's part; `--without-kernel` leaves it out.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from topologies import sandbox

from .campaign import BATCH, Report, campaign
from .explain import Model, opinions
from .linux import Linux
from .linux_run import run
from .ours import SOURCES, Ours, compile_tracker
from .packets import Sequence, Wait
from .shrink import shrunk
from .verdicts import Timeouts

_SHOWN = 5  # unexplained sequences that are shrunk and printed


def main(argv: list[str]) -> int:
    """Runs the oracle; the exit status."""
    options = _options(argv)
    if not options.without_kernel:
        sandbox.enter("tests.oracle", argv)
    model = Model(Timeouts(), options.loose)
    with tempfile.TemporaryDirectory() as folder:
        program = compile_tracker(SOURCES, Path(folder))
        ours = Ours(program, model.timeouts, loose=model.loose, pairs=BATCH)
    kernel = None if options.without_kernel else Linux(model.timeouts, loose=model.loose)
    print(f"{Ours.name} against {kernel.name if kernel else 'the specification'}, seed {options.seed}")
    began = time.monotonic()
    numbers = range(options.first, options.first + options.sequences)
    report = campaign(model, ours, kernel, options.seed, numbers)
    print(report.text())
    print(f"{time.monotonic() - began:.0f} seconds")
    _show(report, model, ours, kernel)
    return 1 if report.unexplained else 0


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.oracle", description=__doc__)
    parser.add_argument("--sequences", type=int, default=1000, help="how many (default 1000)")
    parser.add_argument("--seed", type=int, default=1, help="other seeds, other sequences (default 1)")
    parser.add_argument("--first", type=int, default=0, help="number of the first sequence (default 0)")
    parser.add_argument("--loose", action="store_true", help="pick TCP flows up in their middle, here and there")
    parser.add_argument("--without-kernel", action="store_true", help="compare with the specification alone; no root")
    return parser.parse_args(argv)


def _show(report: Report, model: Model, ours: Ours, kernel: Linux | None) -> None:
    """The first unexplained sequences, made short."""
    for found in report.unexplained[:_SHOWN]:

        def fails(sequence: Sequence) -> bool:
            return bool(_judged(model, sequence, ours, kernel).unexplained)

        def differs(sequence: Sequence) -> bool:
            return list(ours.run([sequence])[0]) != model.verdicts(sequence)

        waits = any(isinstance(step, Wait) for step in found.sequence.steps)
        short = shrunk(found.sequence, differs if differs(found.sequence) else fails) if not waits or differs(
            found.sequence
        ) else found.sequence
        print(f"\nunexplained:\n{_judged(model, short, ours, kernel).table()}")


def _judged(model: Model, sequence: Sequence, ours: Ours, kernel: Linux | None):
    theirs = run(kernel, [sequence])[0] if kernel else None
    return opinions(model, sequence, ours.run([sequence])[0], theirs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
