"""Goals, ratios of pairs, and the table."""

from __future__ import annotations

import time

import pytest

from bench import report
from bench.row import Budget, Row, at_least, at_most, median, ratio


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("a", 5.0, "Mpps", at_least(5)), True),
        (Row("a", 4.9, "Mpps", at_least(5)), False),
        (Row("a", 0.2, "ms", at_most(0.2)), True),
        (Row("a", 0.3, "ms", at_most(0.2)), False),
        (Row("a", 100.0, "kpps", at_least(8, "BMv2"), ratio=8.1), True),
        (Row("a", 100.0, "kpps", at_least(8, "BMv2"), ratio=7.9), False),
        (Row("a", 100.0, "kpps", at_least(8, "BMv2")), None),
        (Row("a", None, "kpps", at_least(8)), None),
        (Row("a", 100.0, "kpps"), None),
    ],
)
def test_a_goal_is_met_by_the_value_or_by_the_ratio(row: Row, met: bool | None) -> None:
    assert row.met is met


def test_a_ratio_is_the_median_of_pairs_and_not_that_of_medians() -> None:
    turns = {"ours": {0: 10.0, 1: 20.0, 2: 90.0}, "theirs": {0: 1.0, 1: 10.0, 2: 10.0}}

    assert ratio(turns, "ours", "theirs") == 9.0
    assert median(turns, "ours") == 20.0


def test_a_contender_that_did_not_run_has_neither_median_nor_ratio() -> None:
    turns = {"ours": {0: 10.0}}

    assert median(turns, "theirs") is None
    assert ratio(turns, "ours", "theirs") is None


def test_a_round_that_one_side_missed_makes_no_pair() -> None:
    turns = {"ours": {0: 10.0, 1: 20.0, 2: 30.0}, "theirs": {0: 10.0, 2: 10.0}}

    assert ratio(turns, "ours", "theirs") == 2.0


def test_no_round_begins_that_would_end_too_late() -> None:
    budget = Budget(rounds=5, seconds=1, entries=1, idle_seconds=1, stop_s=10)

    assert budget.may_go_on(time.monotonic() - 4, done=1)
    assert not budget.may_go_on(time.monotonic() - 6, done=1)
    assert budget.may_go_on(time.monotonic() - 60, done=0)


def test_the_page_has_the_machine_and_a_table_for_each_bench() -> None:
    rows = [Row("TCP | 1500", 1.234, "Gbit/s", at_least(4, "BMv2"), 3.5, "median of 5"), Row("ping", None, "ms")]

    page = report.markdown({"cores": "2 of 2"}, {"net": rows})

    assert page.splitlines() == [
        "# Measurements",
        "",
        "- cores: 2 of 2",
        "",
        "## net",
        "",
        "| what | value | ratio | goal | met | note |",
        "| --- | --- | --- | --- | --- | --- |",
        "| TCP \\| 1500 | 1.23 Gbit/s | 3.50 | ≥ 4 × BMv2 | NO | median of 5 |",
        "| ping | - |  |  |  |  |",
    ]
