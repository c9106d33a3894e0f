"""Prints rates, and writes what falls short."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.conformance.checks import Finding

GOALS = {
    "compiles, with packet test": 97,
    "packet test": 97,
    "packet test on BMv2": 97,
    "compiles, no packet test": 95,
    "P4Info": 95,
    "rejected": 90,
    "rejected on p4c's line": 80,
}

_NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|\b[\w.\[\]]*\d[\w.\[\]]*\b|\b0x[0-9a-f]+\b")


def print_table(findings: Sequence[Finding]) -> bool:
    """Prints a line for each check and its largest groups of failures; whether all goals are met."""
    met = True
    print(f"{'check':32} {'passed':>11} {'rate':>8}  goal")
    for check, group in _by_check(findings).items():
        passed = sum(finding.passed for finding in group)
        rate = 100 * passed / len(group)
        goal = GOALS.get(check)
        met = met and (goal is None or rate >= goal)
        verdict = "" if goal is None else f"{goal} %" + ("" if rate >= goal else "  MISSED")
        print(f"{check:32} {passed:5} /{len(group):4} {rate:7.1f} %  {verdict}")
    return met


def write_list(findings: Sequence[Finding], refused: set[str], path: Path) -> None:
    """All that falls short, grouped by reason; `refused` are programs that p4c cannot compile for BMv2 either."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(_lines(findings, refused)) + "\n")


def _lines(findings: Sequence[Finding], refused: set[str]) -> Iterable[str]:
    for check, group in _by_check(findings).items():
        failed = [finding for finding in group if not finding.passed]
        yield f"== {check}: {len(group) - len(failed)} of {len(group)}"
        reasons: dict[str, list[Finding]] = defaultdict(list)
        for finding in failed:
            reasons[_NAMES.sub("*", finding.group)].append(finding)
        for reason, same in sorted(reasons.items(), key=lambda item: -len(item[1])):
            yield f"\n{len(same):4} x {reason}"
            for finding in same:
                mark = " (expected to fail by p4c's own tests)" if finding.name in refused else ""
                reason = "\n             ".join(finding.reason.splitlines()[:4])
                yield f"       {finding.name}{mark}: {reason}"
        yield ""


def _by_check(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    checks: dict[str, list[Finding]] = {check: [] for check in GOALS}
    for finding in findings:
        checks.setdefault(finding.check, []).append(finding)
    return {check: group for check, group in checks.items() if group}
