"""What is checked about one program."""

from __future__ import annotations

import json
import subprocess
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from finsy.proto import p4i
from google.protobuf import text_format

from switch.p4c.compile import Pipeline
from switch.p4c.source import Diagnostic, Diagnostics
from tests.conformance.bmv2_runner import run_on_bmv2
from tests.conformance.differ import difference
from tests.conformance.runner import StfFailed, run_stf
from tests.conformance.samples import Sample, architectures, error_line
from tests.conformance.stf import parse_stf


@dataclass(frozen=True)
class Finding:
    """One check of one program. `reason` says what fell short; failures with the same `group` are listed together."""

    check: str
    name: str
    passed: bool
    reason: str = ""
    group: str = ""


@dataclass(frozen=True)
class Tools:
    """Programs of the original tool chain, where they are at hand."""

    simple_switch: Path | None = None
    p4c: Path | None = None  # p4c-bm2-ss
    compare: bool = False  # run random packets through p4c's JSON and ours


def check_sample(sample: Sample, tools: Tools) -> list[Finding]:
    """Compiles a correct program, compares its P4Info with p4c's, and runs its packet test."""
    pipeline = Pipeline(str(sample.path))
    config = pipeline.guard(pipeline.json)
    findings = list(_compiled(sample, pipeline.diagnostics, tools))
    if sample.packets is not None:
        check = "packet test, in a folder" if sample.folder else "packet test"
        findings.append(_attempt(check, sample, lambda: _packets(sample, config, None)))
        if tools.simple_switch is not None:
            findings.append(_attempt(f"{check} on BMv2", sample, lambda: _packets(sample, config, tools.simple_switch)))
    if sample.p4info is not None:
        findings.append(_attempt("P4Info", sample, lambda: _p4info(sample)))
    if tools.compare and tools.p4c is not None and config is not None:
        theirs = _p4c_json(sample, tools.p4c)
        if theirs is not None:
            findings.append(_attempt("behaves as p4c's JSON", sample, lambda: difference(json.dumps(config), theirs)))
    return findings


def _compiled(sample: Sample, diagnostics: Diagnostics, tools: Tools) -> Iterator[Finding]:
    check = (
        f"compiles, {'in a folder' if sample.folder else 'with packet test' if sample.packets else 'no packet test'}"
    )
    errors = diagnostics.errors
    if not errors:
        yield Finding(check, sample.name, passed=True)
        refused = False
    else:
        first = errors[0]
        severity = "" if first.severity == "error" else f"{first.severity}: "
        refused = tools.p4c is not None and _p4c_json(sample, tools.p4c) is None
        reason = f"{first.span.line}: {severity}{_message(first)}" + (" (p4c refuses it too)" if refused else "")
        yield Finding(check, sample.name, False, reason, severity + first.message)
    if tools.p4c is not None and not refused:
        yield Finding("compiles, of what p4c compiles", sample.name, not errors)


def _p4c_json(sample: Sample, p4c: Path) -> str | None:
    """What p4c-bm2-ss makes of a program; None if it refuses it."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.json"
        command = [str(p4c), "--Wdisable", "-o", str(output), str(sample.path)]
        done = subprocess.run(command, capture_output=True, check=False)
        return output.read_text() if done.returncode == 0 and output.exists() else None


def _message(item: Diagnostic) -> str:
    """The message; for an internal error also the place in the compiler."""
    frames = [line.strip() for line in item.details.splitlines() if line.strip().startswith("File ")]
    return item.message + (f" ({frames[-1].rpartition('/')[2]})" if frames else "")


def _attempt(check: str, sample: Sample, test: Callable[[], str]) -> Finding:
    """`test` gives "" or what is wrong; a crash of it is a finding, not the end of the run."""
    try:
        problem = test()
    except Exception as failure:
        where = traceback.extract_tb(failure.__traceback__)[-1]
        problem = f"{type(failure).__name__}: {failure} ({Path(where.filename).name}:{where.lineno})"
    return Finding(check, sample.name, not problem, problem, problem.splitlines()[0] if problem else "")


def _packets(sample: Sample, config: object, simple_switch: Path | None) -> str:
    if config is None:
        return "does not compile"
    assert sample.packets is not None
    statements = parse_stf(sample.packets.read_text())
    try:
        if simple_switch is None:
            run_stf(json.dumps(config), statements)
        else:
            run_on_bmv2(simple_switch, json.dumps(config), statements)
    except StfFailed as failure:
        return str(failure)
    return ""


def _p4info(sample: Sample) -> str:
    """Made without a back end, as p4c's golden files are: programs that BMv2 cannot run have P4Info too."""
    assert sample.p4info is not None
    pipeline = Pipeline(str(sample.path))
    found = pipeline.guard(pipeline.p4info)
    if found is None:
        return "does not compile"
    expected = text_format.Parse(sample.p4info.read_text(), p4i.P4Info(), allow_unknown_field=True)
    if found == expected:
        return ""
    ours, theirs = (text_format.MessageToString(m).splitlines() for m in (found, expected))
    for number, (left, right) in enumerate(zip(ours, theirs, strict=False), 1):
        if left != right:
            section = next((line for line in reversed(theirs[:number]) if line and line[0].isalpha()), "")
            return f"in {section.split(' ')[0]}: {left.strip()!r} instead of {right.strip()!r}"
    return f"{len(ours)} lines instead of {len(theirs)}"


def check_wrong(sample: Sample) -> list[Finding]:
    """A program that p4c rejects: ours must too, with a place, and at best on the same line."""
    diagnostics = _refuse(sample)
    errors = [d for d in diagnostics.errors if d.severity == "error" and d.span.line > 0]
    expected = error_line(sample)
    findings = [_rejected(sample, diagnostics, errors, expected)]
    if expected is not None:
        places = [(Path(d.span.file).name, d.span.line) for d in errors]
        if Path(expected[0]).stem in ("core", "v1model"):  # our own text, with lines of its own
            places = [(f, expected[1]) if f == expected[0] else (f, n) for f, n in places]
        same = expected in places
        reason = f"p4c: {expected[0]}:{expected[1]}, ours: " + ", ".join(f"{f}:{n}" for f, n in places[:3])
        group = "another line" if places else "not rejected"
        findings.append(Finding("rejected on p4c's line", sample.name, same, reason, group))
        findings.append(replace(findings[-1], check="first error on p4c's line", passed=expected in places[:1]))
    return findings


def _rejected(
    sample: Sample, diagnostics: Diagnostics, errors: list[Diagnostic], expected: tuple[str, int] | None
) -> Finding:
    if errors:
        return Finding("rejected", sample.name, passed=True)
    text = sample.messages.read_text(errors="replace") if sample.messages else ""
    said = next((line for line in text.splitlines() if "error" in line), "nothing")
    ours = diagnostics.errors[0] if diagnostics.errors else None
    group = f"{ours.severity}: {_message(ours)}" if ours else "accepted"
    line = f" (line {expected[1]})" if expected else ""
    return Finding("rejected", sample.name, False, f"{group}; p4c says{line}: {said}", group)


def _refuse(sample: Sample) -> Diagnostics:
    """The diagnostics of the front end and, where the program is for v1model, of all phases."""
    pipeline = Pipeline(str(sample.path))
    whole = "v1model.p4" in architectures(sample.path)
    pipeline.guard(pipeline.json if whole else pipeline.checked)
    return pipeline.diagnostics
