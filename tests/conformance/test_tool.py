"""The conformance tool itself: finding programs, running work in processes, comparing, reporting."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.conformance.__main__ import main
from tests.conformance.checks import Tools, check_sample, check_wrong
from tests.conformance.pool import Failure, run
from tests.conformance.samples import error_line, refused_by_p4c, v1model_samples, wrong_samples
from tests.p4c.text import v1model


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the tool reads of a checkout of p4c."""
    data = tmp_path / "testdata"
    for folder in ("p4_16_samples", "p4_16_samples_outputs", "p4_16_errors", "p4_16_errors_outputs"):
        (data / folder).mkdir(parents=True)
    (tmp_path / "p4include").mkdir()
    for library in ("core.p4", "v1model.p4", "psa.p4"):
        (tmp_path / "p4include" / library).write_text("")
    (data / "p4_16_samples" / "good.p4").write_text(v1model("sm.egress_spec = 3;"))
    (data / "p4_16_samples" / "good.stf").write_text("packet 0 0102\nexpect 3 0102 $\n")
    (data / "p4_16_samples" / "other.p4").write_text("#include <psa.p4>\n")
    (data / "p4_16_samples_outputs" / "good.p4.p4info.txtpb").write_text('pkg_info { arch: "v1model" }')
    (data / "p4_16_errors" / "bad.p4").write_text("const bit<8> x = 1;\nconst bit<8> y = ;\n")
    (data / "p4_16_errors_outputs" / "bad.p4-stderr").write_text("bad.p4(2):syntax error, unexpected ;\n")
    (data / "p4_16_errors" / "foreign.p4").write_text("#include <psa.p4>\n")
    return tmp_path


def test_only_v1model_programs_are_samples_and_their_companions_are_found(checkout: Path):
    (sample,) = v1model_samples(checkout)
    assert (sample.name, sample.packets is None, sample.p4info is None) == ("good", False, False)


def test_wrong_programs_for_other_architectures_are_left_out(checkout: Path):
    (sample,) = wrong_samples(checkout)
    assert (sample.name, error_line(sample)) == ("bad", ("bad.p4", 2))


def test_programs_that_p4c_expects_to_fail_are_known(checkout: Path):
    (checkout / "backends" / "bmv2").mkdir(parents=True)
    listing = checkout / "backends" / "bmv2" / "CMakeLists.txt"
    listing.write_text("set (XFAIL_TESTS\n  # why\n  testdata/p4_16_samples/a-bmv2.p4 # so\n  )\n  testdata/x/b.p4\n")
    assert refused_by_p4c(checkout) == {"a-bmv2"}


def test_a_good_program_passes_all_its_checks(checkout: Path):
    (sample,) = v1model_samples(checkout)
    assert [(f.check, f.passed, f.reason) for f in check_sample(sample, Tools())] == [
        ("compiles, with packet test", True, ""),
        ("packet test", True, ""),
        ("P4Info", True, ""),
    ]


def test_a_wrong_program_must_be_rejected_on_the_line_that_p4c_names(checkout: Path):
    (sample,) = wrong_samples(checkout)
    assert [f.passed for f in check_wrong(sample)] == [True, True, True]
    (checkout / "testdata" / "p4_16_errors_outputs" / "bad.p4-stderr").write_text("bad.p4(1): error: x\n")
    assert [f.passed for f in check_wrong(sample)] == [True, False, False]


def test_an_accepted_wrong_program_is_a_finding(checkout: Path):
    (sample,) = wrong_samples(checkout)
    sample.path.write_text("const bit<8> x = 1;\n")
    assert [f.passed for f in check_wrong(sample)] == [False, False, False]


def test_the_tool_prints_rates_and_writes_what_falls_short(checkout: Path, capsys: pytest.CaptureFixture[str]):
    report = checkout / "build" / "report.txt"
    assert main(["--p4c-src", str(checkout), "--report", str(report)]) == 0
    assert "packet test                          1 /   1   100.0 %  97 %" in capsys.readouterr().out
    assert "== rejected: 1 of 1" in report.read_text()


def test_without_a_checkout_there_is_nothing_to_measure(tmp_path: Path):
    assert main(["--p4c-src", str(tmp_path)]) == 2


# --- the pool ---


def _double(number: int) -> int:
    return number * 2


def _sleep(seconds: float) -> str:
    time.sleep(seconds)
    return "done"


def _die(code: int) -> int:
    os._exit(code) if code else None
    return code


def test_every_item_has_its_result():
    assert dict(run(_double, [1, 2, 3, 4, 5], processes=2, seconds=10)) == {1: 2, 2: 4, 3: 6, 4: 8, 5: 10}


def test_an_item_that_hangs_is_given_up_and_the_others_go_on():
    found = dict(run(_sleep, [60.0, 0.0, 0.1], processes=2, seconds=1))
    assert (found[60.0], found[0.0], found[0.1]) == (Failure("takes longer than 1 s"), "done", "done")


def test_an_item_that_crashes_is_a_failure_and_the_others_go_on():
    found = dict(run(_die, [3, 0], processes=1, seconds=10))
    assert found == {3: Failure("crashed with exit code 3"), 0: 0}
