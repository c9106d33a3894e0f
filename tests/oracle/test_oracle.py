"""The flow tracker, Linux nf_conntrack and the specification agree; a broken tracker does not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .differences import Difference
from .explain import Model, explanations, opinions
from .generator import sequence
from .mutations import caught_by, compiled
from .ours import ROOT, SOURCES, Ours, compile_tracker
from .packets import Sequence, Tcp
from .script import parsed, text_of
from .seeded import seeded, seeds
from .shrink import shrunk
from .verdicts import Timeouts, Verdict

MODEL = Model(Timeouts())
PAIRS = 300


def no_kernel() -> str | None:
    """Why Linux cannot be asked here, or None."""
    if os.environ.get("P4VPC_REQUIRE_NET"):
        return None
    if os.geteuid() != 0:
        return "asking the kernel needs root"
    absent = [tool for tool in ("nft", "ip", "unshare") if shutil.which(tool) is None]
    if absent:
        return f"asking the kernel needs {', '.join(absent)}"
    tracking = Path("/proc/sys/net/netfilter/nf_conntrack_max").exists() and Path("/dev/net/tun").exists()
    return None if tracking else "this kernel has no nf_conntrack or no TUN interfaces"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    judge = Ours(compile_tracker(SOURCES, tmp_path_factory.mktemp("tracker")), MODEL.timeouts, pairs=PAIRS)
    yield judge
    judge.close()


@pytest.mark.skipif(no_kernel() is not None, reason=no_kernel() or "")
def test_every_difference_from_linux_is_explained() -> None:
    command = [sys.executable, "-m", "tests.oracle", "--sequences", "500", "--seed", "7", "--longest-wait", "4"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n0 sequences unexplained\n" in done.stdout
    assert "nf_conntrack" in done.stdout


def test_the_tracker_does_what_is_specified(ours: Ours) -> None:
    sequences = [sequence(8, number) for number in range(PAIRS)]

    assert ours.run(sequences) == [MODEL.verdicts(one) for one in sequences]


HANDSHAKE = """
    ipv4
    > tcp S seq 1000 win 1000
    < tcp SA seq 5000 ack 1001 win 1000
    > tcp A seq 1001 ack 5001 win 1000
"""
OPENED = [Verdict.FIRST, Verdict.REPLY, Verdict.ORIGINAL]


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("> tcp A seq 2001 ack 5001 win 1000", Verdict.ORIGINAL),  # at the right edge of the window
        ("> tcp A seq 2002 ack 5001 win 1000 len 1000", Verdict.INVALID),  # I: beyond it
        ("> tcp A seq 1 ack 5001 win 1000", Verdict.ORIGINAL),  # II: passes, ignored
        ("> tcp A seq 1001 ack 5002 win 1000", Verdict.INVALID),  # III: acknowledges what was not sent
        ("> tcp A seq 1001 ack 4294906297 win 1000", Verdict.ORIGINAL),  # IV: an old acknowledgement
        ("< tcp R seq 5001 win 0", Verdict.REPLY),
        ("< tcp R seq 5000 win 0", Verdict.INVALID),  # before what was acknowledged
        ("> tcp SF seq 1001 win 1000", Verdict.INVALID),
        ("> tcp A seq 1001 ack 5001 win 1000 flow 1", Verdict.INVALID),  # of no flow, and may not begin one
        ("< error 3/4 router about > tcp A seq 1001 ack 5001 win 1000", Verdict.RELATED),
        ("< error 3/4 router about > tcp A seq 1001 ack 5001 win 1000 flow 1", Verdict.INVALID),
        ("< error 3/4 about < tcp A seq 5001 ack 1001 win 1000", Verdict.INVALID),  # quotes the wrong direction
    ],
)
def test_an_open_connection_takes_what_fits_it(ours: Ours, line: str, verdict: Verdict) -> None:
    script = parsed(HANDSHAKE + line)

    assert ours.run([script]) == [[*OPENED, verdict]]
    assert MODEL.verdicts(script) == [*OPENED, verdict]


def test_a_record_that_has_expired_is_gone(ours: Ours) -> None:
    script = parsed(f"{HANDSHAKE}wait 13\n> tcp A seq 1001 ack 5001 win 1000")

    assert ours.run([script]) == [[*OPENED, Verdict.INVALID]]


def test_a_record_in_use_does_not_expire(ours: Ours) -> None:
    probes = "wait 7\n> tcp A seq 1001 ack 5001 win 1000\n" * 2
    script = parsed(f"{HANDSHAKE}{probes}")

    assert ours.run([script]) == [[*OPENED, Verdict.ORIGINAL, Verdict.ORIGINAL]]


def test_a_broken_tracker_is_noticed(tmp_path: Path) -> None:
    sequences = [sequence(1, number) for number in range(PAIRS)]
    specified = [MODEL.verdicts(one) for one in sequences]
    broken = compiled(seeds()[0].mutant(), MODEL, tmp_path, PAIRS)
    assert broken is not None

    assert caught_by(broken, sequences, specified) is not None
    broken.close()


def test_every_way_to_break_the_tracker_is_still_one() -> None:
    assert len(dict(seeded())) == len(seeds())


@pytest.mark.parametrize(
    ("way", "text", "differing"),
    [
        (
            Difference.REASSEMBLES,
            """ipv4
            > fragment 7 0+48 of > udp len 100
            > fragment 7 48+0 of > udp len 100""",
            [0, 1],
        ),
        (
            Difference.INVALID_LEAVES_TRACES,
            """ipv4
            > tcp S seq 2943813947 win 1000
            < tcp RA seq 30070 ack 3883125979 win 1000
            > tcp S seq 0 win 1000
            < tcp SA seq 2468975177 ack 1 win 1000
            < tcp FA seq 2468975178 ack 1 win 1000""",
            [4],
        ),
        (
            Difference.OWN_SYN_SENT2_TIMEOUT,
            """ipv4
            > tcp S seq 1 win 1000
            < tcp A seq 5 ack 9 win 1000
            < tcp S seq 5 win 1000
            < tcp S seq 5 win 1000
            wait 7
            > tcp SA seq 1 ack 6 win 1000""",
            [4],
        ),
    ],
)
def test_a_difference_explains_its_example_and_nothing_else_does(
    ours: Ours, way: Difference, text: str, differing: list[int]
) -> None:
    script = parsed(text)

    found = opinions(MODEL, script, ours.run([script])[0], kernel=None)

    assert found.unexplained == []
    assert explanations(MODEL, found) == dict.fromkeys(differing, frozenset({way}))


def test_a_verdict_that_nobody_specified_is_not_explained() -> None:
    script = parsed("ipv4\n> udp")

    found = opinions(MODEL, script, [Verdict.INVALID], kernel=[Verdict.FIRST])

    assert found.unexplained == [0]
    assert explanations(MODEL, found) == {}


def test_there_are_few_differences_and_each_has_its_source() -> None:
    assert len(Difference) <= 15
    assert [way for way in Difference if "FACTS" not in way.why] == []


@pytest.mark.parametrize("number", range(0, 200, 7))
def test_a_sequence_is_the_same_as_text(number: int) -> None:
    original = sequence(3, number)

    assert parsed(text_of(original)) == original


def test_a_failing_sequence_shrinks_to_what_makes_it_fail() -> None:
    original = sequence(1, 0)
    final = original.steps[-1]

    def fails(candidate: Sequence) -> bool:
        return final in candidate.steps

    assert shrunk(original, fails).steps == (final,)


def test_shrinking_leaves_out_what_a_segment_does_not_need() -> None:
    original = parsed("ipv6\n> tcp S seq 7 win 9 scale 3 sackok len 5")

    def fails(candidate: Sequence) -> bool:
        return any(isinstance(step, Tcp) and step.seq == 7 for step in candidate.steps)

    assert text_of(shrunk(original, fails)) == "ipv4\n> tcp S seq 7 win 1000"
