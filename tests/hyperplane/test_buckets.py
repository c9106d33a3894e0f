"""Bucket ownership: every change keeps two copies where there were two, and says what one more failure would lose."""

import random

import pytest

from controller.hyperplane import buckets, ownership
from controller.hyperplane.configuration import ConfigurationError, decoded, encoded
from controller.hyperplane.ownership import OwnershipError, Replica, Row

NODES = [Replica(number) for number in range(5)]


def all_complete(rows: dict[int, Row]) -> dict[int, Row]:
    return {bucket: ownership.completed(row, row.epoch) for bucket, row in rows.items()}


def until_still(change, rows: dict[int, Row], *arguments) -> dict[int, Row]:
    """Repeats a step, completing joiners in between, until nothing changes."""
    while (after := all_complete(change(rows, *arguments))) != rows:
        rows = after
    return rows


def test_a_new_resource_is_spread_evenly() -> None:
    rows = buckets.spread(NODES, 16)
    assert sorted(buckets.owned(rows).values()) == [3, 3, 3, 3, 4]
    assert buckets.exposed(rows) == []
    assert len({row.replicas[1] for row in rows.values() if row.owner == NODES[0]}) > 1


def test_one_node_is_too_few() -> None:
    with pytest.raises(OwnershipError, match="needs two nodes"):
        buckets.spread(NODES[:1], 8)


def test_after_a_failure_backups_own_and_newcomers_are_filled() -> None:
    before = buckets.spread(NODES, 16)
    after = buckets.after_failure(before, NODES[0], NODES[1:])
    hit = [bucket for bucket, row in before.items() if NODES[0] in row.replicas]
    assert buckets.exposed(after) == hit
    assert all(after[b].owner in before[b].replicas and after[b].epoch == 2 for b in hit)
    assert all(after[b] == before[b] for b in before if b not in hit)
    assert buckets.exposed(all_complete(after)) == []


def test_a_restarted_node_is_another_replica_and_owns_nothing_until_it_is_complete() -> None:
    before = buckets.spread(NODES[:2], 8)
    again = Replica(0, incarnation=2)
    after = buckets.after_failure(before, NODES[0], [NODES[1], again])
    assert {row.owner for row in after.values()} == {NODES[1]}
    assert {row.joiners for row in after.values()} == {(again,)}


def test_losing_both_copies_begins_anew_and_quietly() -> None:
    row = buckets.after_failure(buckets.spread(NODES[:2], 1), NODES[0], [])
    after = buckets.after_failure(row, NODES[1], NODES[2:])
    assert (after[0].quiet, after[0].epoch, after[0].seeded) == (True, 3, 0)
    assert set(after[0].replicas) == {NODES[2], NODES[3]}
    assert not ownership.rested(after[0]).quiet


def test_a_drained_node_holds_nothing_and_redundancy_was_never_lost() -> None:
    rows = buckets.spread(NODES, 16)
    first = buckets.draining(rows, NODES[2], NODES)
    assert buckets.exposed(first) == []
    done = until_still(buckets.draining, rows, NODES[2], NODES)
    assert all(NODES[2] not in row.replicas for row in done.values())
    assert buckets.exposed(done) == []


def test_a_node_that_joins_gets_its_share() -> None:
    rows = buckets.spread(NODES[:3], 24)
    done = until_still(buckets.joining, rows, NODES[4])
    assert buckets.owned(done)[4] == 6
    assert sum(NODES[4] in row.replicas for row in done.values()) == 12
    assert buckets.exposed(done) == []


def changed(change: str, rows: dict[int, Row], victim: Replica, candidates: list[Replica]) -> dict[int, Row]:
    """One step of one kind of change."""
    steps = {
        "fail": lambda: buckets.after_failure(rows, victim, candidates),
        "drain": lambda: buckets.draining(rows, victim, candidates),
        "join": lambda: buckets.joining(rows, victim),
    }
    return steps[change]()


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_epochs_grow_and_owners_are_complete(seed: int) -> None:
    rng, nodes = random.Random(seed), list(NODES)
    rows = buckets.spread(nodes, 8)
    for _ in range(30):
        victim = rng.randrange(len(nodes))
        again = nodes[victim]._replace(incarnation=nodes[victim].incarnation + 1)
        others = [node for node in nodes if node != nodes[victim]]
        change = rng.choice(["fail", "drain", "join"])
        after = changed(change, rows, nodes[victim], [*others, again])
        nodes[victim] = again if any(again in row.replicas for row in after.values()) else nodes[victim]
        assert all(after[b] == rows[b] or after[b].epoch == rows[b].epoch + 1 for b in rows)
        assert all(after[b].owner in rows[b].holders or after[b].quiet for b in rows)
        rows = all_complete(after) if rng.random() < 0.5 else after


@pytest.mark.parametrize("change", ["moved", "late report", "joined twice", "last copy"])
def test_changes_that_would_lose_records_are_refused(change: str) -> None:
    row = ownership.joined(ownership.created(NODES[0], NODES[1]), NODES[2])
    alone = ownership.failed(ownership.created(NODES[0], NODES[1]), NODES[0])
    refused = {
        "moved": lambda: ownership.moved(row, NODES[2], NODES[0]),
        "late report": lambda: ownership.completed(row, row.epoch - 1),
        "joined twice": lambda: ownership.joined(ownership.created(NODES[0], NODES[1]), NODES[1]),
        "last copy": lambda: ownership.failed(alone, NODES[1]),
    }
    with pytest.raises(OwnershipError):
        refused[change]()


def table(changes: int, resources: int = 100) -> dict[tuple[int, int], Row]:
    """8 buckets for each resource, after so many changes."""
    rng = random.Random(changes)
    rows = {(r, b): row for r in range(resources) for b, row in buckets.spread(NODES, 8).items()}
    for _ in range(changes):
        key = rng.choice(list(rows))
        row = rows[key]
        rows[key] = ownership.moved(row, row.replicas[1], row.replicas[0])
    return rows


def test_a_configuration_has_the_same_size_whatever_changed() -> None:
    sizes = {len(encoded(table(changes), 1000, changes)) for changes in (0, 100, 10_000)}
    assert len(sizes) == 1
    assert len(encoded({}, 1000, 1)) in sizes


def test_a_configuration_says_what_it_was_told() -> None:
    rows = table(100)
    rows[5, 5] = ownership.forgotten(ownership.created(Replica(9, 4), NODES[1]), NODES[2], NODES[3])
    rows[5, 6] = ownership.joined(rows[5, 6], Replica(70_000, 3))
    assert decoded(encoded(rows, 1000, 77)) == (rows, 77)


def test_a_configuration_too_full_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="800 rows do not fit a configuration for 799"):
        encoded(table(0), 799, 1)


def test_damaged_configurations_are_refused() -> None:
    rng, good = random.Random(3), encoded(table(10), 1000, 1)
    for _ in range(300):
        bad = bytearray(good[: rng.choice([len(good), rng.randrange(len(good))])])
        bad[rng.randrange(len(bad)) if bad else 0 : 0] = b"x"
        with pytest.raises(ConfigurationError):
            decoded(bytes(bad))
