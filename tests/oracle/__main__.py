"""python -m tests.oracle --sequences 100000 --seed 1

Puts seeded random packet sequences through the vrouter's flow tracking and through Linux nf_conntrack, and explains
every difference. Exits with 1 when one is left. Needs root for the kernel's part; `--without-kernel` leaves it out.

With `--mutations N`, the chosen broken trackers and N more drawn at random are run instead; exits with 1 when one of
the chosen ones is not noticed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from topologies import sandbox

from .campaign import BATCH, Campaign, Report
from .explain import Model
from .generator import sequence
from .linux import Linux
from .mutations import drawn
from .ours import SOURCES, Ours, compile_tracker
from .seeded import seeded
from .survey import survey
from .verdicts import Timeouts

_SHOWN = 5  # unexplained sequences that are shrunk and printed
_SURVEYED = 3000  # sequences that a mutant has to get right


def main(argv: list[str]) -> int:
    """Runs the oracle; the exit status."""
    options = _options(argv)
    model = Model(Timeouts(), options.loose)
    if options.mutations is not None:
        return _mutations(options, model)
    if not options.without_kernel:
        sandbox.enter("tests.oracle", argv)
    with tempfile.TemporaryDirectory() as folder:
        program = compile_tracker(SOURCES, Path(folder))
        ours = Ours(program, model.timeouts, loose=model.loose, pairs=BATCH)
    kernel = None if options.without_kernel else Linux(model.timeouts, loose=model.loose)
    print(f"{Ours.name} against {kernel.name if kernel else 'the specification'}, seed {options.seed}", flush=True)
    began = time.monotonic()
    campaign = Campaign(model, ours, kernel, options.seed, options.longest_wait)
    report = campaign.run(range(options.first, options.first + options.sequences))
    print(report.text())
    print(f"{time.monotonic() - began:.0f} seconds")
    _show(campaign, report)
    return 1 if report.unexplained else 0


def _options(argv: list[str]) -> argparse.Namespace:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m tests.oracle", description=__doc__, formatter_class=form)
    parser.add_argument("--sequences", type=int, default=1000, help="how many (default 1000)")
    parser.add_argument("--seed", type=int, default=1, help="other seeds, other sequences (default 1)")
    parser.add_argument("--first", type=int, default=0, help="number of the first sequence (default 0)")
    parser.add_argument("--longest-wait", type=int, metavar="SECONDS", help="leave out sequences that wait longer")
    parser.add_argument("--loose", action="store_true", help="pick TCP flows up in their middle, here and there")
    parser.add_argument("--without-kernel", action="store_true", help="compare with the specification alone; no root")
    parser.add_argument("--mutations", type=int, metavar="N", help="run broken trackers instead")
    return parser.parse_args(argv)


def _show(campaign: Campaign, report: Report) -> None:
    """The first unexplained sequences, made short."""
    for found in report.unexplained[:_SHOWN]:
        print(f"\nunexplained:\n{campaign.shortened(found).table()}", flush=True)


def _mutations(options: argparse.Namespace, model: Model) -> int:
    sequences = [sequence(options.seed, number, loose=model.loose) for number in range(_SURVEYED)]
    mutants = [*seeded(), *(("", mutant) for mutant in drawn(options.seed, options.mutations))]
    fates = []
    for fate in survey(model, mutants, sequences):
        fates.append(fate)
        print(fate, flush=True)
    alive = [fate for fate in fates if fate.compiled]
    noticed = [fate for fate in alive if fate.caught_by is not None]
    print(f"{len(noticed)} of {len(alive)} broken trackers noticed")
    return 0 if all(fate.caught_by is not None for fate in fates if fate.what) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
