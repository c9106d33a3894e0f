"""Explanations come true: a small number of random packets; `explain_verdicts` runs as many as one likes."""

from __future__ import annotations

from tests.pipeline.explain_verdicts import measure


def test_what_is_explained_is_what_happens() -> None:
    score = measure(packets=150, first_seed=7)

    assert score.wrong == []
    assert score.packets == 150
    assert score.fates["delivered"] > 0
    assert len(score.fates) > 4
