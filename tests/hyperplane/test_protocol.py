"""The bucket protocol: every world of small sizes keeps its promises, and each broken rule is found.

`python -m controller.hyperplane.explore --help` searches larger sizes.
"""

import pytest

from controller.hyperplane.explore import explore, replay
from controller.hyperplane.protocol import Protocol, Size

SMALL = [
    Size(flows=1, rows=1, air=3, crashes=2),
    Size(flows=1, rows=2, air=1, crashes=1),
    Size(flows=2, rows=2, air=1, crashes=0),
    Size(flows=1, ports=2, rows=2, air=1, crashes=0),
]
ONE = Size(flows=1, rows=1, air=2, crashes=0)
TWO = Size(flows=1, rows=2, air=1, crashes=1)
PORT = Size(flows=2, rows=2, air=1, crashes=0)
BUGS = {
    "no acknowledgement": (ONE, "only node 0 knows the flow"),
    "lease of a whole timeout": (ONE, "lacks established flow"),
    "lease from the answer": (ONE, "lacks established flow"),
    "lease from the sweep": (ONE, "lacks established flow"),
    "a late sweep makes a copy older": (ONE, "lacks established flow"),
    "a port is free at once": (Size(flows=2, rows=1, air=2, crashes=0), "lacks established flow"),
    "rows go back": (ONE, "lacks established flow"),
    "a copy lives one timeout": (TWO, "lacks established flow"),
    "complete too early": (TWO, "lacks established flow"),
    "idle records are not swept": (TWO, "lacks established flow"),
    "leaves in the middle": (TWO, "lacks established flow"),
    "no question": (TWO, "was reset"),
    "old epoch": (TWO, "lacks established flow"),
    "old incarnation": (TWO, "lacks established flow"),
    "joiners may own": (Size(flows=1, rows=3, air=1, crashes=0), "lacks established flow"),
    "inherited ports count as free": (PORT, "share port 0"),
    "acknowledgements outlive the epoch": (Size(flows=1, rows=2, air=2, crashes=0), "lacks established flow"),
}
SCHEDULES = {
    # The joiner never gets the flow, the owner believes that it has, and the store believes the owner.
    "the backup alone acknowledges": (
        Size(flows=1, rows=2, air=3, crashes=0),
        [
            ("join", 2), ("learn", 0, 1), ("learn", 1, 1), ("decide", 0, 0, 0), ("state", 1), ("ack", 0),
            ("complete", 0), ("packet", 0, 0, "passed"),
        ],
        "lacks established flow",
    ),
    # A decision that nobody heard of survives at the old owner, which owns again while another flow has the port.
    "no eviction": (
        Size(flows=2, rows=3, air=2, crashes=0),
        [
            ("decide", 1, 0, 0), ("move", 1, 0), ("learn", 0, 1), ("learn", 1, 1), ("decide", 0, 1, 0), ("state", 0),
            ("move", 0, 1), ("learn", 0, 2), ("learn", 1, 2), ("packet", 1, 0, "sent"), ("state", 1, 2, 1, 1),
        ],
        "share port 0",
    ),
    # Both copies are lost; the flow is still alive outside when its port is given to another.
    "no quiet time": (
        Size(flows=2, rows=2, air=2, crashes=2),
        [
            ("decide", 0, 0, 0), ("state", 1), ("crash", 0), ("crash", 1), ("forget",), ("learn", 2, 1),
            ("decide", 1, 2, 0), ("learn", 0, 1), ("state", 0),
        ],
        "share port 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("size", SMALL, ids=str)
def test_every_world_keeps_the_promises(size: Size) -> None:
    found = explore(Protocol(size))
    assert found.violation == "", found.trace
    assert found.finished
    assert found.worlds > 1_000


@pytest.mark.parametrize("bug", BUGS)
def test_a_broken_rule_is_found(bug: str) -> None:
    size, words = BUGS[bug]
    found = explore(Protocol(size, frozenset([bug])), limit=60_000)
    assert words in found.violation
    assert found.trace


@pytest.mark.parametrize("bug", SCHEDULES)
def test_a_broken_rule_that_needs_a_long_schedule_is_found(bug: str) -> None:
    size, schedule, words = SCHEDULES[bug]
    rejected = replay(Protocol(size, frozenset([bug])), schedule)
    assert rejected is not None
    assert (rejected.index, words in rejected.reason) == (len(schedule) - 1, True), rejected
    right = replay(Protocol(size), schedule)
    assert right is None or "no world allows" in right.reason


def test_what_nodes_did_is_accepted() -> None:
    trace = [
        ("decide", 0, 0, 0),  # flow 0 comes to node 0, which gives it port 0
        ("state", 1),
        ("ack", 0),
        ("packet", 0, 0, "passed"),
        ("crash", 0),
        ("fail", 0, 2),
        ("learn", 1, 1),
        ("learn", 2, 1),
        ("packet", 0, 1, "sent"),
        ("state", 2),
        ("ack", 1),
        ("complete", 1),
        ("packet", 0, 1, "passed"),
    ]
    assert replay(Protocol(Size(flows=1)), trace) is None


@pytest.mark.parametrize(
    ("trace", "index"),
    [
        ([("decide", 0, 0, 0), ("packet", 0, 0, "passed")], 1),
        ([("decide", 0, 0, 0), ("ack", 0)], 1),
        ([("decide", 0, 1, 0)], 0),
        ([("fail", 0, 2), ("learn", 1, 1), ("learn", 0, 1), ("packet", 0, 0, "passed")], 3),
        ([("join", 2), ("learn", 2, 1), ("move", 2, 0)], 2),
    ],
)
def test_what_no_node_may_do_is_rejected(trace: list[tuple], index: int) -> None:
    rejected = replay(Protocol(Size(flows=1)), trace)
    assert rejected is not None
    assert rejected.index == index


def test_two_flows_never_get_one_port_while_both_are_alive() -> None:
    taken = [("decide", 0, 0, 0), ("state", 1), ("decide", 1, 0, 0)]
    rejected = replay(Protocol(Size(flows=2)), taken)
    assert rejected is not None
    assert rejected.index == 2
    freed = [*taken[:2], ("tick",), ("tick",), ("tick",), ("tick",), taken[2]]
    assert replay(Protocol(Size(flows=2)), freed) is None
