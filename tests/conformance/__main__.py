"""Measures the compiler and the engine with p4c's own test programs, read from a checkout of p4lang/p4c.

    python -m tests.conformance --p4c-src DIR [--only NAME] [--suite samples|errors] [--bmv2 SIMPLE_SWITCH]

Prints a table of rates, and for each check what falls short, grouped by reason; FILE gets the whole list.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

from tests.conformance.checks import Finding, Tools, check_sample, check_wrong
from tests.conformance.pool import Failure, run
from tests.conformance.report import print_table, write_list
from tests.conformance.samples import Sample, large_samples, refused_by_p4c, v1model_samples, wrong_samples


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 if all goals are met, 1 if not, 2 if there is nothing to measure."""
    parser = argparse.ArgumentParser(
        prog="tests.conformance", description="Measures compiler and engine with p4c's own test programs."
    )
    parser.add_argument("--p4c-src", type=Path, required=True, metavar="DIR", help="a checkout of p4lang/p4c")
    parser.add_argument("--only", metavar="NAME", help="only programs of that name; * and ? are wildcards")
    parser.add_argument("--suite", choices=["samples", "errors"], help="only that part")
    parser.add_argument("--bmv2", type=Path, metavar="FILE", help="run packet tests on that simple_switch too")
    parser.add_argument("--p4c", type=Path, metavar="FILE", help="ask that p4c-bm2-ss about what we cannot compile")
    parser.add_argument("--compare", action="store_true", help="with --p4c: random packets through both JSONs (slow)")
    parser.add_argument("--report", type=Path, default=Path("build/conformance.txt"), metavar="FILE")
    parser.add_argument("--processes", type=int, default=2, metavar="N")
    parser.add_argument("--seconds", type=float, default=60, metavar="S", help="limit for one program")
    given = parser.parse_args(argv)
    if not (given.p4c_src / "testdata").is_dir():
        print(f"{given.p4c_src}: no testdata folder; name a checkout of p4lang/p4c", file=sys.stderr)
        return 2
    start = time.monotonic()
    findings: list[Finding] = []
    if given.suite != "errors":
        check = partial(check_sample, tools=Tools(given.bmv2, given.p4c, given.compare))
        samples = v1model_samples(given.p4c_src) + large_samples(given.p4c_src)
        findings += _measure(given, samples, check)
    if given.suite != "samples":
        findings += _measure(given, wrong_samples(given.p4c_src), check_wrong)
    findings.sort(key=lambda finding: (finding.check, finding.name))
    write_list(findings, refused_by_p4c(given.p4c_src), given.report)
    met = print_table(findings)
    print(f"{time.monotonic() - start:.0f} s; what falls short stands in {given.report}")
    return 0 if met else 1


def _measure(
    given: argparse.Namespace, samples: list[Sample], check: Callable[[Sample], list[Finding]]
) -> list[Finding]:
    wanted = [s for s in samples if given.only is None or fnmatch(s.name, given.only)]
    findings: list[Finding] = []
    for sample, outcome in run(check, wanted, processes=given.processes, seconds=given.seconds):
        if isinstance(outcome, Failure):
            kind = "rejected" if check is check_wrong else "compiles, no packet test"
            kinds = ["compiles, with packet test", "packet test"] if sample.packets else [kind]
            findings += [Finding(k, sample.name, False, outcome.reason, outcome.reason) for k in kinds]
        else:
            findings += outcome
    return findings


if __name__ == "__main__":
    sys.exit(main())
